//! The works, each the way SeaORM's documentation does it.

use std::hint::black_box;

use bench_protocol_postgres::{
    Result, Units, author_of, key_of, new_name, new_post, new_user, users_of_call,
};
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QuerySelect, Set, TransactionTrait,
};

use crate::entity::{post, user};

pub async fn insert_one(db: DatabaseConnection, units: Units) -> Result<()> {
    for i in units {
        let user = user::ActiveModel::from(new_user(i)).insert(&db).await?;
        black_box(user);
    }
    Ok(())
}

/// The counter is kept by the post's `after_save` hook, which runs on the connection that it
/// is given: it is the caller who has to open the transaction.
pub async fn insert_counter(db: DatabaseConnection, units: Units) -> Result<()> {
    for i in units {
        let transaction = db.begin().await?;
        let post = post::ActiveModel::from(new_post(i, author_of(i))).insert(&transaction).await?;
        transaction.commit().await?;
        black_box(post);
    }
    Ok(())
}

pub async fn update_returning_old(db: DatabaseConnection, units: Units) -> Result<()> {
    for i in units {
        let transaction = db.begin().await?;
        let find = user::Entity::find_by_id(key_of(i)).lock_exclusive();
        let old = find.one(&transaction).await?.ok_or("no such user")?;
        let mut user = old.clone().into_active_model();
        user.name = Set(new_name(i));
        let new = user.update(&transaction).await?;
        transaction.commit().await?;
        black_box((old, new));
    }
    Ok(())
}

/// One statement with 40,000 parameters.
pub async fn insert_10000(db: DatabaseConnection, units: Units) -> Result<()> {
    for call in units {
        let users = users_of_call(call).map(user::ActiveModel::from);
        let ids = user::Entity::insert_many(users).exec_with_returning_keys(&db).await?;
        black_box(ids);
    }
    Ok(())
}

pub async fn get_by_key(db: DatabaseConnection, units: Units) -> Result<()> {
    for i in units {
        let user = user::Entity::find_by_id(key_of(i)).one(&db).await?.ok_or("no such user")?;
        black_box(user);
    }
    Ok(())
}
