//! A unit of each work, in SQL written by hand.

use std::hint::black_box;

use bench_protocol_postgres::{
    NewPost, NewUser, ROWS_PER_CALL, Result, Work, author_of, key_of, new_name, new_post, new_user,
};
use sqlx::postgres::PgRow;
use sqlx::{Connection, FromRow, PgConnection, Row};

use crate::copy;

#[derive(Debug, FromRow)]
#[expect(dead_code, reason = "read only to be measured")]
struct User {
    id: i64,
    name: String,
    email: String,
    age: Option<i64>,
    post_count: i64,
}

impl User {
    /// The user whose columns begin at this one.
    fn from_columns(row: &PgRow, first: usize) -> sqlx::Result<User> {
        Ok(User {
            id: row.try_get(first)?,
            name: row.try_get(first + 1)?,
            email: row.try_get(first + 2)?,
            age: row.try_get(first + 3)?,
            post_count: row.try_get(first + 4)?,
        })
    }
}

/// Does unit `i`.
pub async fn unit(connection: &mut PgConnection, work: Work, i: i64) -> Result<()> {
    match work {
        Work::InsertOne => insert_one(connection, i).await,
        Work::InsertCounter => insert_counter(connection, i).await,
        Work::UpdateReturningOld => update_returning_old(connection, i).await,
        Work::Insert10000 => insert_10000(connection, i).await,
        Work::GetByKey => get_by_key(connection, i).await,
    }
}

async fn insert_one(connection: &mut PgConnection, i: i64) -> Result<()> {
    let NewUser { name, email, age, post_count } = new_user(i);
    let id: i64 = sqlx::query_scalar(
        r#"INSERT INTO "users" ("name", "email", "age", "post_count") VALUES ($1, $2, $3, $4) RETURNING "id""#,
    )
    .bind(name)
    .bind(email)
    .bind(age)
    .bind(post_count)
    .fetch_one(connection)
    .await?;
    black_box(id);
    Ok(())
}

async fn insert_counter(connection: &mut PgConnection, i: i64) -> Result<()> {
    let mut transaction = connection.begin().await?;
    let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
    let id: i64 = sqlx::query_scalar(
        r#"INSERT INTO "posts" ("user_id", "title", "body", "likes") VALUES ($1, $2, $3, $4) RETURNING "id""#,
    )
    .bind(user_id)
    .bind(title)
    .bind(body)
    .bind(likes)
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query(r#"UPDATE "users" SET "post_count" = "post_count" + 1 WHERE "id" = $1"#)
        .bind(user_id)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    black_box(id);
    Ok(())
}

/// One statement that says both.
async fn update_returning_old(connection: &mut PgConnection, i: i64) -> Result<()> {
    let row = sqlx::query(
        r#"UPDATE "users" AS u SET "name" = $2
        FROM (SELECT * FROM "users" WHERE "id" = $1 FOR UPDATE) AS o
        WHERE u."id" = o."id"
        RETURNING o."id", o."name", o."email", o."age", o."post_count",
            u."id", u."name", u."email", u."age", u."post_count""#,
    )
    .bind(key_of(i))
    .bind(new_name(i))
    .fetch_one(connection)
    .await?;
    black_box((User::from_columns(&row, 0)?, User::from_columns(&row, 5)?));
    Ok(())
}

async fn insert_10000(connection: &mut PgConnection, i: i64) -> Result<()> {
    let rows = copy::users(connection, i).await?;
    assert_eq!(rows, ROWS_PER_CALL.cast_unsigned());
    Ok(())
}

async fn get_by_key(connection: &mut PgConnection, i: i64) -> Result<()> {
    let user: User =
        sqlx::query_as(r#"SELECT "id", "name", "email", "age", "post_count" FROM "users" WHERE "id" = $1"#)
            .bind(key_of(i))
            .fetch_one(connection)
            .await?;
    black_box(user);
    Ok(())
}
