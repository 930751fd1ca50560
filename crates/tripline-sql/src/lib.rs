//! SQL text for Tripline's statements and tables.
//!
//! Text and parameters are written in one pass over the statement, so they cannot disagree; the text depends only
//! on the statement's shape, so that a driver's cache of prepared statements finds it again. Nothing of a user's
//! is written into the text except names, which are quoted, and the constants of table definitions.
//!
//! Text is compared and ordered by code point. On PostgreSQL that is a matter of a column's collation, which is
//! `"C"` where Tripline makes the table. In tables made otherwise `<` and `starts_with` follow the collation that
//! the column has: to write another one into each comparison would keep indexes of that column from being used.

mod expression;
mod insert;
mod keys;
mod literal;
mod names;
mod param;
mod pattern;
mod read;
mod schema;
mod types;
mod write;
mod writer;

pub use insert::{insert, insert_many, insert_one, upsert};
pub use keys::advance_keys;
pub use names::{check_names, postgres_name};
pub use param::Param;
pub use pattern::glob;
pub use read::{count, exists, find, find_by, find_each};
pub use schema::{create_tables, made_names};
pub use write::{Keys, Target, delete, update, update_each, update_with_old};
pub use writer::{Dialect, Sql};
