//! What every benchmark peer shares: the line protocol, the schema, the rows and the clock.
//!
//! A peer is a process started as `peer DIR`. It prints one line that says who it is, then
//! answers each JSON request line on standard input with one JSON line on standard output:
//!
//! ```text
//! <- {"peer":"raw","version":"0.41.1","sqlite":"3.51.1"}
//! -> {"work":"insert_one","n":2000}
//! <- {"work":"insert_one","n":2000,"ns":123456789}
//! -> {"work":"tasks64","n":2000}
//! <- {"unsupported":"why"}
//! ```
//!
//! A failed request is answered with `{"error":"..."}`; the peer ends at end of input.

mod database;
mod lock;
mod measure;
mod rows;
mod wire;

pub use database::{PRAGMAS, setup_statements};
pub use lock::locked_version;
pub use measure::{measure, measure_async};
pub use rows::{NewPost, NewUser, author_of, keys, new_post, new_user, users_of_call};
pub use wire::{BoxError, Hello, Named, Outcome, Request, Result, Work, converse, serve};

/// Users that one unit of [`Work::InsertMany`] inserts.
pub const USERS_PER_CALL: i64 = 10_000;
/// Users present for [`Work::GetByKey`].
pub const KEYED_USERS: i64 = 10_000;
/// Users present for [`Work::InsertCounter`] and [`Work::Tasks64`].
pub const COUNTED_USERS: i64 = 100;
/// Users present for [`Work::ParentsChildren`], each with [`POSTS_PER_USER`] posts.
pub const PARENTS: i64 = 1_000;
/// Posts of each of the [`PARENTS`].
pub const POSTS_PER_USER: i64 = 10;
/// Users that one unit of [`Work::ParentsChildren`] loads.
pub const WINDOW: i64 = 20;
/// How many users and posts one unit of [`Work::ParentsChildren`] has to load.
pub const LOADED: (usize, usize) = (WINDOW as usize, (WINDOW * POSTS_PER_USER) as usize);
