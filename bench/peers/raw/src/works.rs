//! The single-threaded works.

use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, NewPost, NewUser, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user,
    users_of_call,
};
use rusqlite::{Connection, Row, TransactionBehavior, params, params_from_iter};

#[derive(Debug)]
#[expect(dead_code, reason = "read only to be measured")]
struct User {
    id: i64,
    name: String,
    email: String,
    age: Option<i64>,
    post_count: i64,
}

#[derive(Debug)]
#[expect(dead_code, reason = "read only to be measured")]
struct Post {
    id: i64,
    user_id: i64,
    title: String,
    body: String,
    likes: i64,
}

impl User {
    const COLUMNS: &str = r#""id", "name", "email", "age", "post_count""#;

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(User {
            id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            age: row.get(3)?,
            post_count: row.get(4)?,
        })
    }
}

impl Post {
    const COLUMNS: &str = r#""id", "user_id", "title", "body", "likes""#;

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Post {
            id: row.get(0)?,
            user_id: row.get(1)?,
            title: row.get(2)?,
            body: row.get(3)?,
            likes: row.get(4)?,
        })
    }
}

pub fn insert_one(conn: &Connection, units: Range<i64>) -> Result<()> {
    for i in units {
        black_box(insert_user(conn, &new_user(i))?);
    }
    Ok(())
}

pub fn insert_counter(conn: &mut Connection, units: Range<i64>) -> Result<()> {
    for i in units {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let post = new_post(i, author_of(i));
        black_box(insert_post(&transaction, &post)?);
        count_post(&transaction, post.user_id)?;
        transaction.commit()?;
    }
    Ok(())
}

pub fn insert_many(conn: &mut Connection, units: Range<i64>) -> Result<()> {
    for call in units {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ids = users_of_call(call)
            .map(|user| insert_user(&transaction, &user))
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        transaction.commit()?;
        black_box(ids);
    }
    Ok(())
}

const UPDATE_ALL: &str = r#"UPDATE "users" SET "post_count" = "post_count" + 1"#;

pub fn update_all(conn: &Connection, calls: Range<i64>) -> Result<()> {
    for _ in calls {
        let updated = conn.prepare_cached(UPDATE_ALL)?.execute([])?;
        assert_eq!(updated, KEYED_USERS as usize);
    }
    Ok(())
}

/// A user's number of posts.
struct Count {
    #[expect(dead_code, reason = "read only to be measured")]
    id: i64,
    post_count: i64,
}

impl Count {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Count { id: row.get(0)?, post_count: row.get(1)? })
    }
}

/// SQLite gives both in the same order.
pub fn update_all_rows(conn: &mut Connection, calls: Range<i64>) -> Result<()> {
    let update = format!(r#"{UPDATE_ALL} RETURNING "id", "post_count""#);
    for _ in calls {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let all = |sql: &str| -> rusqlite::Result<Vec<Count>> {
            transaction.prepare_cached(sql)?.query_map([], Count::from_row)?.collect()
        };
        let old = all(r#"SELECT "id", "post_count" FROM "users""#)?;
        let new = all(&update)?;
        assert_eq!(new.len(), KEYED_USERS as usize);
        black_box(old.iter().zip(&new).map(|(old, new)| new.post_count - old.post_count).sum::<i64>());
        transaction.commit()?;
    }
    Ok(())
}

pub fn get_by_key(conn: &Connection, units: Range<i64>) -> Result<()> {
    let sql = format!(r#"SELECT {} FROM "users" WHERE "id" = ?1"#, User::COLUMNS);
    for id in keys(units, KEYED_USERS) {
        let user = conn.prepare_cached(&sql)?.query_row([id], User::from_row)?;
        black_box(user);
    }
    Ok(())
}

pub fn parents_children(conn: &Connection, units: Range<i64>) -> Result<()> {
    let users_sql =
        format!(r#"SELECT {} FROM "users" WHERE "id" BETWEEN ?1 AND ?2 ORDER BY "id""#, User::COLUMNS);
    let posts_sql = format!(
        r#"SELECT {} FROM "posts" WHERE "user_id" IN ({})"#,
        Post::COLUMNS,
        vec!["?"; LOADED.0].join(", ")
    );
    for first in keys(units, PARENTS - WINDOW + 1) {
        let mut loaded = conn
            .prepare_cached(&users_sql)?
            .query_map([first, first + WINDOW - 1], User::from_row)?
            .map(|user| Ok((user?, Vec::new())))
            .collect::<rusqlite::Result<Vec<(User, Vec<Post>)>>>()?;

        let mut statement = conn.prepare_cached(&posts_sql)?;
        let ids = params_from_iter(loaded.iter().map(|(user, _)| user.id));
        for post in statement.query_map(ids, Post::from_row)? {
            let post = post?;
            // The users are in key order, so finding a post's user needs no map.
            let at = loaded
                .binary_search_by_key(&post.user_id, |(user, _)| user.id)
                .map_err(|_| "a post of a user not asked for")?;
            loaded[at].1.push(post);
        }
        let posts: usize = loaded.iter().map(|(_, posts)| posts.len()).sum();
        assert_eq!((loaded.len(), posts), LOADED);
        black_box(loaded);
    }
    Ok(())
}

fn insert_user(conn: &Connection, user: &NewUser) -> rusqlite::Result<i64> {
    let NewUser { name, email, age, post_count } = user;
    conn.prepare_cached(
        r#"INSERT INTO "users" ("name", "email", "age", "post_count") VALUES (?1, ?2, ?3, ?4)"#,
    )?
    .insert(params![name, email, age, post_count])
}

pub fn insert_post(conn: &Connection, post: &NewPost) -> rusqlite::Result<i64> {
    let NewPost { user_id, title, body, likes } = post;
    conn.prepare_cached(
        r#"INSERT INTO "posts" ("user_id", "title", "body", "likes") VALUES (?1, ?2, ?3, ?4)"#,
    )?
    .insert(params![user_id, title, body, likes])
}

pub fn count_post(conn: &Connection, user_id: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(r#"UPDATE "users" SET "post_count" = "post_count" + 1 WHERE "id" = ?1"#)?
        .execute([user_id])
        .map(drop)
}
