//! The classic jobs of hooks, each in one small file that stands for itself. Its doc comment says which phase does the
//! job, and why that one; `tests/seeds` has a file of the same name that runs it on SQLite, and on the PostgreSQL servers
//! that `TRIPLINE_TEST_POSTGRES` names.

#![allow(missing_docs, reason = "columns are named for what they hold")]

pub mod audit;
pub mod avatar;
pub mod cleanup;
pub mod comments;
pub mod handle;
pub mod last_message;
pub mod name_taken;
pub mod organization_filter;
pub mod owner;
pub mod session;
pub mod sink;
pub mod status;
pub mod team;
pub mod third_party;
pub mod username;
pub mod welcome;
