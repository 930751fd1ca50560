//! The database file and the rows present before a run.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{
    COUNTED_USERS, KEYED_USERS, NewPost, NewUser, PARENTS, POSTS_PER_USER, Work, new_post, new_user,
};

/// What every connection of every peer is set to; everything else stays at its default.
pub const PRAGMAS: [&str; 3] =
    ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA foreign_keys = ON"];

const SCHEMA: &str = include_str!("../schema.sql");

/// The schema and the rows that `work` needs, as plain SQL, so that no peer's own way of
/// writing rows decides what the others read.
///
/// One statement each, since not every peer can run several at once; those that can are handed
/// them joined by `;`. The first opens a transaction and the last commits it.
pub fn setup_statements(work: Work) -> Vec<String> {
    let (users, posts_per_user) = match work {
        Work::InsertOne | Work::InsertMany => (0, 0),
        Work::InsertCounter | Work::Tasks64 => (COUNTED_USERS, 0),
        Work::GetByKey => (KEYED_USERS, 0),
        Work::ParentsChildren => (PARENTS, POSTS_PER_USER),
    };
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(SCHEMA.split_terminator(";\n").map(str::to_owned));
    statements.extend((0..users).map(|i| user_statement(&new_user(i))));
    // Round by round, so that the posts of one user are spread over the table's pages.
    for round in 0..posts_per_user {
        statements.extend((0..users).map(|i| post_statement(&new_post(round * users + i, i + 1))));
    }
    statements.push("COMMIT".to_owned());
    statements
}

// The generated texts hold no quotes, so they need no escaping.

fn user_statement(user: &NewUser) -> String {
    let NewUser { name, email, age, post_count } = user;
    let age = age.map_or("NULL".to_owned(), |age| age.to_string());
    format!(
        r#"INSERT INTO "users" ("name", "email", "age", "post_count")
        VALUES ('{name}', '{email}', {age}, {post_count})"#
    )
}

fn post_statement(post: &NewPost) -> String {
    let NewPost { user_id, title, body, likes } = post;
    format!(
        r#"INSERT INTO "posts" ("user_id", "title", "body", "likes")
        VALUES ({user_id}, '{title}', '{body}', {likes})"#
    )
}

/// A path in `dir` at which no database is left from an earlier run.
pub(crate) fn fresh_file(dir: &Path, peer: &str) -> io::Result<PathBuf> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(dir.join(format!("{peer}.db{suffix}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(dir.join(format!("{peer}.db")))
}
