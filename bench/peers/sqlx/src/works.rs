//! The works, in SQL written by hand.

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, NewPost, NewUser, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user,
    users_of_call,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqlitePool};

/// Well below the 8,191 users whose parameters SQLite would take: larger statements are slower.
const ROWS_PER_STATEMENT: usize = 250;

#[derive(Debug, FromRow)]
#[expect(dead_code, reason = "read only to be measured")]
struct User {
    id: i64,
    name: String,
    email: String,
    age: Option<i64>,
    post_count: i64,
}

#[derive(Debug, FromRow)]
#[expect(dead_code, reason = "read only to be measured")]
struct Post {
    id: i64,
    user_id: i64,
    title: String,
    body: String,
    likes: i64,
}

pub async fn insert_one(pool: SqlitePool, units: Range<i64>) -> Result<()> {
    for i in units {
        let NewUser { name, email, age, post_count } = new_user(i);
        let done =
            sqlx::query(r#"INSERT INTO "users" ("name", "email", "age", "post_count") VALUES (?, ?, ?, ?)"#)
                .bind(name)
                .bind(email)
                .bind(age)
                .bind(post_count)
                .execute(&pool)
                .await?;
        black_box(done.last_insert_rowid());
    }
    Ok(())
}

pub async fn insert_counter(pool: SqlitePool, units: Range<i64>) -> Result<()> {
    for i in units {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
        let done =
            sqlx::query(r#"INSERT INTO "posts" ("user_id", "title", "body", "likes") VALUES (?, ?, ?, ?)"#)
                .bind(user_id)
                .bind(title)
                .bind(body)
                .bind(likes)
                .execute(&mut *transaction)
                .await?;
        sqlx::query(r#"UPDATE "users" SET "post_count" = "post_count" + 1 WHERE "id" = ?"#)
            .bind(user_id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        black_box(done.last_insert_rowid());
    }
    Ok(())
}

/// Rows by the hundred go into one statement (`QueryBuilder::push_values`), since each
/// statement is a message to the connection's thread and back.
pub async fn insert_many(pool: SqlitePool, units: Range<i64>) -> Result<()> {
    for call in units {
        let mut users = users_of_call(call);
        let mut ids: Vec<i64> = Vec::with_capacity(users.len());
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        while users.len() > 0 {
            let mut insert =
                QueryBuilder::<Sqlite>::new(r#"INSERT INTO "users" ("name", "email", "age", "post_count") "#);
            insert.push_values(users.by_ref().take(ROWS_PER_STATEMENT), |mut row, user| {
                let NewUser { name, email, age, post_count } = user;
                row.push_bind(name).push_bind(email).push_bind(age).push_bind(post_count);
            });
            insert.push(r#" RETURNING "id""#);
            ids.extend(insert.build_query_scalar::<i64>().fetch_all(&mut *transaction).await?);
        }
        transaction.commit().await?;
        black_box(ids);
    }
    Ok(())
}

pub async fn get_by_key(pool: SqlitePool, units: Range<i64>) -> Result<()> {
    for id in keys(units, KEYED_USERS) {
        let user: User = sqlx::query_as(
            r#"SELECT "id", "name", "email", "age", "post_count" FROM "users" WHERE "id" = ?"#,
        )
        .bind(id)
        .fetch_one(&pool)
        .await?;
        black_box(user);
    }
    Ok(())
}

pub async fn parents_children(pool: SqlitePool, units: Range<i64>) -> Result<()> {
    for first in keys(units, PARENTS - WINDOW + 1) {
        let rows = sqlx::query(
            r#"SELECT "id", "name", "email", "age", "post_count" FROM "users"
            WHERE "id" BETWEEN ? AND ? ORDER BY "id""#,
        )
        .bind(first)
        .bind(first + WINDOW - 1)
        .fetch_all(&pool)
        .await?;
        let users: Vec<User> = decode(&rows)?;

        let mut select = QueryBuilder::<Sqlite>::new(
            r#"SELECT "id", "user_id", "title", "body", "likes" FROM "posts" WHERE "user_id" IN ("#,
        );
        let mut ids = select.separated(", ");
        for user in &users {
            ids.push_bind(user.id);
        }
        select.push(")");
        let posts: Vec<Post> = decode(&select.build().fetch_all(&pool).await?)?;

        let mut posts_of: HashMap<i64, Vec<Post>> = HashMap::with_capacity(users.len());
        for post in posts {
            posts_of.entry(post.user_id).or_default().push(post);
        }
        let loaded: Vec<(User, Vec<Post>)> = users
            .into_iter()
            .map(|user| {
                let posts = posts_of.remove(&user.id).unwrap_or_default();
                (user, posts)
            })
            .collect();
        let posts: usize = loaded.iter().map(|(_, posts)| posts.len()).sum();
        assert_eq!((loaded.len(), posts), LOADED);
        black_box(loaded);
    }
    Ok(())
}

/// What `query_as` does row by row as they come. For many rows that keeps their sender, the
/// connection's thread, waiting, and takes about half as long again as all at the end.
fn decode<T>(rows: &[SqliteRow]) -> sqlx::Result<Vec<T>>
where
    T: for<'r> FromRow<'r, SqliteRow>,
{
    rows.iter().map(T::from_row).collect()
}
