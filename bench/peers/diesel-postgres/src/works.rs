//! The works, each the way Diesel's guides do it. Each unit takes a connection from the pool, as a server's handler would.

use std::hint::black_box;

use bench_protocol_postgres::{
    Result, Units, author_of, key_of, new_name, new_post, new_user, users_of_call,
};
use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::models::{InsertPost, InsertUser, User};
use crate::schema::{posts, users};

pub async fn insert_one(pool: Pool<AsyncPgConnection>, units: Units) -> Result<()> {
    for i in units {
        let id: i64 = diesel::insert_into(users::table)
            .values(InsertUser::from(new_user(i)))
            .returning(users::id)
            .get_result(&mut pool.get().await?)
            .await?;
        black_box(id);
    }
    Ok(())
}

pub async fn insert_counter(pool: Pool<AsyncPgConnection>, units: Units) -> Result<()> {
    for i in units {
        let author = author_of(i);
        let post = InsertPost::from(new_post(i, author));
        let id: i64 = pool
            .get()
            .await?
            .transaction::<_, Error, _>(async |conn| {
                let id = diesel::insert_into(posts::table)
                    .values(&post)
                    .returning(posts::id)
                    .get_result(conn)
                    .await?;
                diesel::update(users::table.find(author))
                    .set(users::post_count.eq(users::post_count + 1))
                    .execute(conn)
                    .await?;
                Ok(id)
            })
            .await?;
        black_box(id);
    }
    Ok(())
}

pub async fn update_returning_old(pool: Pool<AsyncPgConnection>, units: Units) -> Result<()> {
    for i in units {
        let (id, name) = (key_of(i), new_name(i));
        let changed: (User, User) = pool
            .get()
            .await?
            .transaction::<_, Error, _>(async |conn| {
                let user = users::table.find(id);
                let old = user.select(User::as_select()).for_update().get_result(conn).await?;
                let new = diesel::update(user)
                    .set(users::name.eq(&name))
                    .returning(User::as_returning())
                    .get_result(conn)
                    .await?;
                Ok((old, new))
            })
            .await?;
        black_box(changed);
    }
    Ok(())
}

/// One statement with 40,000 parameters. Diesel has `copy_from`, but not on its asynchronous connections.
pub async fn insert_10000(pool: Pool<AsyncPgConnection>, units: Units) -> Result<()> {
    for call in units {
        let users: Vec<InsertUser> = users_of_call(call).map(InsertUser::from).collect();
        let ids: Vec<i64> = diesel::insert_into(users::table)
            .values(&users)
            .returning(users::id)
            .get_results(&mut pool.get().await?)
            .await?;
        black_box(ids);
    }
    Ok(())
}

pub async fn get_by_key(pool: Pool<AsyncPgConnection>, units: Units) -> Result<()> {
    for i in units {
        let user =
            users::table.find(key_of(i)).select(User::as_select()).get_result(&mut pool.get().await?).await?;
        black_box(user);
    }
    Ok(())
}
