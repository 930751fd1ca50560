//! What the benchmark's peers on PostgreSQL share: their requests, the rows, and the clock.
//!
//! A peer is a process that answers lines of JSON, as `bench-protocol` says. A request on PostgreSQL also says where
//! the database is, how many connections to use at once, and in which of the peer's ways to work:
//!
//! ```text
//! <- {"peer":"raw","version":"0.7.18","driver":"tokio-postgres 0.7.18"}
//! -> {"work":"get_by_key","way":"","n":2000,"connections":8,"url":"postgres:///bench?host=/run/pg","remote":false}
//! <- {"work":"get_by_key","n":2000,"ns":123456789}
//! ```
//!
//! The database has the tables and rows of `setup.sql`, and is new for each request.

mod measure;
mod rows;
mod wire;

pub use bench_protocol::{NewPost, NewUser, Outcome, Result, locked_version, new_post, new_user};

pub use measure::{Units, measure};
pub use rows::{author_of, key_of, new_name, users_of_call};
pub use wire::{Hello, Request, Work, serve};

/// Rows that one unit of [`Work::Insert10000`] inserts.
pub const ROWS_PER_CALL: i64 = 10_000;
