//! The works, each the way Diesel's guides do it.

use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user, users_of_call,
};
use diesel::prelude::*;

use crate::models::{InsertPost, InsertUser, Post, User};
use crate::schema::{posts, users};

/// SQLite takes 32,766 parameters in one statement; a user has four.
const ROWS_PER_STATEMENT: usize = 32_766 / 4;

/// `get_result` reads one row and resets the statement. That commits, but SQLite looks whether
/// the WAL wants a checkpoint only after a statement that ran to its end: the WAL just grows here.
pub fn insert_one(conn: &mut SqliteConnection, units: Range<i64>) -> Result<()> {
    for i in units {
        let id: i64 = diesel::insert_into(users::table)
            .values(&InsertUser::from(new_user(i)))
            .returning(users::id)
            .get_result(conn)?;
        black_box(id);
    }
    Ok(())
}

pub fn insert_counter(conn: &mut SqliteConnection, units: Range<i64>) -> Result<()> {
    for i in units {
        let author = author_of(i);
        let post = InsertPost::from(new_post(i, author));
        let id: i64 = conn.immediate_transaction(|conn| {
            let id = diesel::insert_into(posts::table).values(&post).returning(posts::id).get_result(conn)?;
            diesel::update(users::table.find(author))
                .set(users::post_count.eq(users::post_count + 1))
                .execute(conn)?;
            QueryResult::Ok(id)
        })?;
        black_box(id);
    }
    Ok(())
}

pub fn insert_many(conn: &mut SqliteConnection, units: Range<i64>) -> Result<()> {
    for call in units {
        let users: Vec<InsertUser> = users_of_call(call).map(InsertUser::from).collect();
        let ids: Vec<i64> = conn.immediate_transaction(|conn| {
            let mut ids = Vec::with_capacity(users.len());
            for part in users.chunks(ROWS_PER_STATEMENT) {
                ids.extend(
                    diesel::insert_into(users::table)
                        .values(part)
                        .returning(users::id)
                        .get_results::<i64>(conn)?,
                );
            }
            QueryResult::Ok(ids)
        })?;
        black_box(ids);
    }
    Ok(())
}

pub fn get_by_key(conn: &mut SqliteConnection, units: Range<i64>) -> Result<()> {
    for id in keys(units, KEYED_USERS) {
        let user = users::table.find(id).select(User::as_select()).get_result(conn)?;
        black_box(user);
    }
    Ok(())
}

pub fn parents_children(conn: &mut SqliteConnection, units: Range<i64>) -> Result<()> {
    for first in keys(units, PARENTS - WINDOW + 1) {
        let users = users::table
            .filter(users::id.between(first, first + WINDOW - 1))
            .select(User::as_select())
            .order_by(users::id)
            .load(conn)?;
        let posts = Post::belonging_to(&users).select(Post::as_select()).load(conn)?;
        let posts = posts.grouped_by(&users);
        let loaded: Vec<(User, Vec<Post>)> = users.into_iter().zip(posts).collect();
        let posts: usize = loaded.iter().map(|(_, posts)| posts.len()).sum();
        assert_eq!((loaded.len(), posts), LOADED);
        black_box(loaded);
    }
    Ok(())
}
