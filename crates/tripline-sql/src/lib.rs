//! SQL text for Tripline's statements and tables.
//!
//! Text and parameters are written in one pass over the statement, so they cannot disagree; the text depends only
//! on the statement's shape, so that a driver's cache of prepared statements finds it again. Nothing of a user's
//! is written into the text except names, which are quoted, and the constants of table definitions.

mod expression;
mod schema;
mod statement;
mod writer;

pub use schema::create_tables;
pub use statement::{count, delete, exists, find, insert, update};
pub use writer::{Dialect, Sql, glob};
