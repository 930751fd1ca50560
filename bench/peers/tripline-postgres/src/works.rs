//! The works.

use std::hint::black_box;

use bench_protocol_postgres::{
    ROWS_PER_CALL, Result, Units, author_of, key_of, new_name, new_post, new_user, users_of_call,
};
use tripline::{Db, Id};

use crate::models::{awaited, counted, hooked, plain, planned, watched};

pub async fn insert_one(db: Db, units: Units) -> Result<()> {
    for i in units {
        black_box(db.create(plain::NewUser::from(new_user(i))).await?);
    }
    Ok(())
}

/// The hook of [`counted`] does the counting.
pub async fn insert_counter(db: Db, units: Units) -> Result<()> {
    for i in units {
        black_box(db.create(counted::NewPost::from(new_post(i, author_of(i)))).await?);
    }
    Ok(())
}

/// The hook of [`awaited`] does the counting.
pub async fn insert_counter_awaited(db: Db, units: Units) -> Result<()> {
    for i in units {
        black_box(db.create(awaited::NewPost::from(new_post(i, author_of(i)))).await?);
    }
    Ok(())
}

/// The plan hook of [`planned`] does the counting.
pub async fn insert_counter_planned(db: Db, units: Units) -> Result<()> {
    for i in units {
        black_box(db.create(planned::NewPost::from(new_post(i, author_of(i)))).await?);
    }
    Ok(())
}

/// The hook of [`watched`] gets both rows.
pub async fn update_returning_old(db: Db, units: Units) -> Result<()> {
    for i in units {
        let updated =
            db.update::<watched::User>().by_key(Id::new(key_of(i))).set(|u| u.name.set(new_name(i))).await?;
        assert_eq!(updated, 1);
    }
    Ok(())
}

/// The hooks of [`hooked`] see all rows.
pub async fn insert_10000(db: Db, units: Units) -> Result<()> {
    for call in units {
        let drafts: Vec<_> = users_of_call(call).map(hooked::NewUser::from).collect();
        let users = db.create(drafts).await?;
        assert_eq!(users.len() as i64, ROWS_PER_CALL);
    }
    Ok(())
}

pub async fn insert_10000_plain(db: Db, units: Units) -> Result<()> {
    for call in units {
        let drafts: Vec<_> = users_of_call(call).map(plain::NewUser::from).collect();
        let users = db.create(drafts).await?;
        assert_eq!(users.len() as i64, ROWS_PER_CALL);
    }
    Ok(())
}

pub async fn get_by_key(db: Db, units: Units) -> Result<()> {
    for i in units {
        let user = db.find::<plain::User>().by_key(Id::new(key_of(i))).await?;
        black_box(user.ok_or("a user is not there")?);
    }
    Ok(())
}
