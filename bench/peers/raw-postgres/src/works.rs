//! The works on single rows.

use std::hint::black_box;
use std::sync::Arc;

use bench_protocol_postgres::{
    NewPost, NewUser, Result, Units, author_of, key_of, new_name, new_post, new_user,
};
use tokio_postgres::{Row, types::ToSql};

use crate::connection::Connection;

#[derive(Debug)]
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
    fn from_row(row: &Row, first: usize) -> Result<User> {
        Ok(User {
            id: row.try_get(first)?,
            name: row.try_get(first + 1)?,
            email: row.try_get(first + 2)?,
            age: row.try_get(first + 3)?,
            post_count: row.try_get(first + 4)?,
        })
    }
}

pub async fn insert_one(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, insert_user, .. } = &*connection;
    for i in units {
        let NewUser { name, email, age, post_count } = new_user(i);
        let row = client.query_one(insert_user, &[&name, &email, &age, &post_count]).await?;
        black_box(row.try_get::<_, i64>(0)?);
    }
    Ok(())
}

pub async fn insert_counter(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, insert_post, count_post, .. } = &*connection;
    for i in units {
        let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
        client.batch_execute("BEGIN").await?;
        let row = client.query_one(insert_post, &[&user_id, &title, &body, &likes]).await?;
        client.execute(count_post, &[&user_id]).await?;
        client.batch_execute("COMMIT").await?;
        black_box(row.try_get::<_, i64>(0)?);
    }
    Ok(())
}

/// All four are sent before the first answer is waited for. If one failed, the server would take COMMIT for ROLLBACK.
pub async fn insert_counter_pipelined(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, insert_post, count_post, .. } = &*connection;
    for i in units {
        let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
        let post: [&(dyn ToSql + Sync); 4] = [&user_id, &title, &body, &likes];
        let author: [&(dyn ToSql + Sync); 1] = [&user_id];
        let (_, row, _, _) = tokio::try_join!(
            biased;
            client.batch_execute("BEGIN"),
            client.query_one(insert_post, &post),
            client.execute(count_post, &author),
            client.batch_execute("COMMIT"),
        )?;
        black_box(row.try_get::<_, i64>(0)?);
    }
    Ok(())
}

/// One statement that says both.
pub async fn update_returning_old(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, rename, .. } = &*connection;
    for i in units {
        let row = client.query_one(rename, &[&key_of(i), &new_name(i)]).await?;
        black_box((User::from_row(&row, 0)?, User::from_row(&row, 5)?));
    }
    Ok(())
}

pub async fn get_by_key(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, get_user, .. } = &*connection;
    for i in units {
        let row = client.query_opt(get_user, &[&key_of(i)]).await?.ok_or("a user is not there")?;
        black_box(User::from_row(&row, 0)?);
    }
    Ok(())
}
