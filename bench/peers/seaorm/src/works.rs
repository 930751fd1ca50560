//! The works, each the way SeaORM's documentation does it.

use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user, users_of_call,
};
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, EntityTrait, LoaderTrait, QueryFilter, QueryOrder,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::entity::{post, user};

/// Well below the 8,191 users whose parameters SQLite would take: larger statements are slower.
const ROWS_PER_STATEMENT: usize = 250;

/// The statement is reset after the one row that it returns. That commits, but SQLite looks
/// whether the WAL wants a checkpoint only after a statement that ran to its end: the WAL just
/// grows here.
pub async fn insert_one(db: DatabaseConnection, units: Range<i64>) -> Result<()> {
    for i in units {
        let user = user::ActiveModel::from(new_user(i)).insert(&db).await?;
        black_box(user);
    }
    Ok(())
}

/// The counter is kept by the post's `after_save` hook, which runs on the connection that it
/// is given: it is the caller who has to open the transaction.
pub async fn insert_counter(db: DatabaseConnection, units: Range<i64>) -> Result<()> {
    for i in units {
        let transaction = db.begin_with_options(immediate()).await?;
        let post = post::ActiveModel::from(new_post(i, author_of(i))).insert(&transaction).await?;
        transaction.commit().await?;
        black_box(post);
    }
    Ok(())
}

pub async fn insert_many(db: DatabaseConnection, units: Range<i64>) -> Result<()> {
    for call in units {
        let mut users = users_of_call(call).map(user::ActiveModel::from);
        let mut ids: Vec<i64> = Vec::with_capacity(users.len());
        let transaction = db.begin_with_options(immediate()).await?;
        while users.len() > 0 {
            let insert = user::Entity::insert_many(users.by_ref().take(ROWS_PER_STATEMENT));
            ids.extend(insert.exec_with_returning_keys(&transaction).await?);
        }
        transaction.commit().await?;
        black_box(ids);
    }
    Ok(())
}

pub async fn get_by_key(db: DatabaseConnection, units: Range<i64>) -> Result<()> {
    for id in keys(units, KEYED_USERS) {
        let user = user::Entity::find_by_id(id).one(&db).await?.ok_or("no such user")?;
        black_box(user);
    }
    Ok(())
}

pub async fn parents_children(db: DatabaseConnection, units: Range<i64>) -> Result<()> {
    for first in keys(units, PARENTS - WINDOW + 1) {
        let users = user::Entity::find()
            .filter(user::COLUMN.id.between(first, first + WINDOW - 1))
            .order_by_asc(user::COLUMN.id)
            .all(&db)
            .await?;
        let posts = users.load_many(post::Entity, &db).await?;
        let loaded: Vec<(user::Model, Vec<post::Model>)> = users.into_iter().zip(posts).collect();
        let posts: usize = loaded.iter().map(|(_, posts)| posts.len()).sum();
        assert_eq!((loaded.len(), posts), LOADED);
        black_box(loaded);
    }
    Ok(())
}

fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}
