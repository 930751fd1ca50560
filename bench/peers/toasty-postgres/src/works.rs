//! The works, each the way Toasty's guide does it.

use std::hint::black_box;

use bench_protocol_postgres::{
    NewPost, NewUser, Result, Units, author_of, key_of, new_name, new_post, new_user, users_of_call,
};
use toasty::Db;

use crate::models::{Post, User};

pub async fn insert_one(mut db: Db, units: Units) -> Result<()> {
    for i in units {
        let NewUser { name, email, age, post_count } = new_user(i);
        let user = toasty::create!(User { name, email, age, post_count }).exec(&mut db).await?;
        black_box(user);
    }
    Ok(())
}

pub async fn insert_counter(mut db: Db, units: Units) -> Result<()> {
    for i in units {
        let mut transaction = db.transaction().await?;
        let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
        let post = toasty::create!(Post { user_id, title, body, likes }).exec(&mut transaction).await?;
        toasty::update!(User::filter_by_id(user_id) { post_count.increment() })
            .exec(&mut transaction)
            .await?;
        transaction.commit().await?;
        black_box(post);
    }
    Ok(())
}

/// The row as it was is copied before it is changed in place. Toasty has no lock for it: another transaction could change
/// it between the two statements.
pub async fn update_returning_old(mut db: Db, units: Units) -> Result<()> {
    for i in units {
        let mut transaction = db.transaction().await?;
        let mut user = User::get_by_id(&mut transaction, key_of(i)).await?;
        let old = (user.name.clone(), user.email.clone(), user.age, user.post_count);
        toasty::update!(user { name: new_name(i) }).exec(&mut transaction).await?;
        transaction.commit().await?;
        black_box((old, user));
    }
    Ok(())
}

/// One statement with 40,000 parameters.
pub async fn insert_10000(mut db: Db, units: Units) -> Result<()> {
    for call in units {
        let mut create = User::create_many();
        for NewUser { name, email, age, post_count } in users_of_call(call) {
            create = create.item(toasty::create!(User { name, email, age, post_count }));
        }
        black_box(create.exec(&mut db).await?);
    }
    Ok(())
}

pub async fn get_by_key(mut db: Db, units: Units) -> Result<()> {
    for i in units {
        black_box(User::get_by_id(&mut db, key_of(i)).await?);
    }
    Ok(())
}
