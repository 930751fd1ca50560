//! The works, each the way Toasty's guide does it.

use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, NewPost, NewUser, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user,
    users_of_call,
};
use toasty::Db;
use toasty_core::driver::operation::TransactionMode;

use crate::models::{Post, User};

/// Well below the 8,191 users whose parameters SQLite would take: larger statements are slower.
const ROWS_PER_STATEMENT: usize = 1_000;

pub async fn insert_one(mut db: Db, units: Range<i64>) -> Result<()> {
    for i in units {
        let NewUser { name, email, age, post_count } = new_user(i);
        let user = toasty::create!(User { name, email, age, post_count }).exec(&mut db).await?;
        black_box(user);
    }
    Ok(())
}

pub async fn insert_counter(mut db: Db, units: Range<i64>) -> Result<()> {
    for i in units {
        let mut transaction = db.transaction_builder().mode(TransactionMode::Immediate).begin().await?;
        let NewPost { user_id, title, body, likes } = new_post(i, author_of(i));
        let user_id = user_id.cast_unsigned();
        let post = toasty::create!(Post { user_id, title, body, likes }).exec(&mut transaction).await?;
        toasty::update!(User::filter_by_id(user_id) { post_count.increment() })
            .exec(&mut transaction)
            .await?;
        transaction.commit().await?;
        black_box(post);
    }
    Ok(())
}

/// `create_many` makes one statement of all it is given, however many parameters that takes:
/// the caller has to split it, and so to open the transaction around the parts.
pub async fn insert_many(mut db: Db, units: Range<i64>) -> Result<()> {
    for call in units {
        let mut users = users_of_call(call);
        let mut inserted: Vec<User> = Vec::with_capacity(users.len());
        let mut transaction = db.transaction_builder().mode(TransactionMode::Immediate).begin().await?;
        while users.len() > 0 {
            let mut create = User::create_many();
            for NewUser { name, email, age, post_count } in users.by_ref().take(ROWS_PER_STATEMENT) {
                create = create.item(toasty::create!(User { name, email, age, post_count }));
            }
            inserted.extend(create.exec(&mut transaction).await?);
        }
        transaction.commit().await?;
        black_box(inserted);
    }
    Ok(())
}

pub async fn get_by_key(mut db: Db, units: Range<i64>) -> Result<()> {
    for id in keys(units, KEYED_USERS) {
        black_box(User::get_by_id(&mut db, id.cast_unsigned()).await?);
    }
    Ok(())
}

/// `include` finds the posts with an `EXISTS` over the list of keys, for which SQLite scans the
/// whole table: this takes as long as the table is large, not as the answer is.
pub async fn parents_children(mut db: Db, units: Range<i64>) -> Result<()> {
    for first in keys(units, PARENTS - WINDOW + 1) {
        let last = first + WINDOW - 1;
        let users = User::filter(User::fields().id().between(first.cast_unsigned(), last.cast_unsigned()))
            .order_by(User::fields().id().asc())
            .include(User::fields().posts())
            .exec(&mut db)
            .await?;
        let posts: usize = users.iter().map(|user| user.posts.get().len()).sum();
        assert_eq!((users.len(), posts), LOADED);
        black_box(users);
    }
    Ok(())
}
