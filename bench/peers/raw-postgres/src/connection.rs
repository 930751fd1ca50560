//! A connection with its prepared statements.

use bench_protocol_postgres::Result;
use tokio_postgres::{Client, NoTls, Statement};

const INSERT_USER: &str =
    r#"INSERT INTO "users" ("name", "email", "age", "post_count") VALUES ($1, $2, $3, $4) RETURNING "id""#;
const INSERT_POST: &str =
    r#"INSERT INTO "posts" ("user_id", "title", "body", "likes") VALUES ($1, $2, $3, $4) RETURNING "id""#;
const COUNT_POST: &str = r#"UPDATE "users" SET "post_count" = "post_count" + 1 WHERE "id" = $1"#;
const GET_USER: &str = r#"SELECT "id", "name", "email", "age", "post_count" FROM "users" WHERE "id" = $1"#;
/// The row as it was is locked, so that nobody changes it between the two readings.
const RENAME: &str = r#"UPDATE "users" AS u SET "name" = $2
    FROM (SELECT * FROM "users" WHERE "id" = $1 FOR UPDATE) AS o
    WHERE u."id" = o."id"
    RETURNING o."id", o."name", o."email", o."age", o."post_count",
        u."id", u."name", u."email", u."age", u."post_count""#;
const COPY_USERS: &str = r#"COPY "users" ("name", "email", "age", "post_count") FROM STDIN (FORMAT binary)"#;
const INSERT_USERS: &str = r#"INSERT INTO "users" ("name", "email", "age", "post_count")
    SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[]) RETURNING "id""#;

/// A connection with its prepared statements.
pub struct Connection {
    pub client: Client,
    pub insert_user: Statement,
    pub insert_post: Statement,
    pub count_post: Statement,
    pub get_user: Statement,
    pub rename: Statement,
    pub copy_users: Statement,
    pub insert_users: Statement,
}

impl Connection {
    pub async fn open(url: &str) -> Result<Connection> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        Ok(Connection {
            insert_user: client.prepare(INSERT_USER).await?,
            insert_post: client.prepare(INSERT_POST).await?,
            count_post: client.prepare(COUNT_POST).await?,
            get_user: client.prepare(GET_USER).await?,
            rename: client.prepare(RENAME).await?,
            copy_users: client.prepare(COPY_USERS).await?,
            insert_users: client.prepare(INSERT_USERS).await?,
            client,
        })
    }
}
