//! The works of one task.

use std::hint::black_box;
use std::ops::Range;

use bench_protocol::{
    KEYED_USERS, LOADED, PARENTS, Result, WINDOW, author_of, keys, new_post, new_user, users_of_call,
};
use tripline::{Db, Id};

use crate::models::plain::{Post, User};
use crate::models::{Counted, counted, hooked, plain};

pub async fn insert_one(db: Db, units: Range<i64>) -> Result<()> {
    for i in units {
        black_box(db.create(plain::NewUser::from(new_user(i))).await?);
    }
    Ok(())
}

/// The hook of [`counted`] does the counting.
pub async fn insert_counter(db: Db, units: Range<i64>) -> Result<()> {
    for i in units {
        black_box(db.create(counted::NewPost::from(new_post(i, author_of(i)))).await?);
    }
    Ok(())
}

pub async fn insert_many(db: Db, units: Range<i64>) -> Result<()> {
    for call in units {
        let users: Vec<_> = users_of_call(call).map(plain::NewUser::from).collect();
        black_box(db.create(users).await?);
    }
    Ok(())
}

pub async fn insert_many_hooks(db: Db, units: Range<i64>) -> Result<()> {
    for call in units {
        let users: Vec<_> = users_of_call(call).map(hooked::NewUser::from).collect();
        black_box(db.create(users).await?);
    }
    Ok(())
}

/// Each call changes all rows.
pub async fn update_all<U: Counted>(db: Db, calls: Range<i64>) -> Result<()> {
    for _ in calls {
        let updated = db.update::<U>().all_rows().set(U::one_more).await?;
        assert_eq!(updated, KEYED_USERS as u64);
    }
    // What follows the commits is a part of the work.
    db.drain().await?;
    Ok(())
}

pub async fn get_by_key(db: Db, units: Range<i64>) -> Result<()> {
    for id in keys(units, KEYED_USERS) {
        let user = db.find::<User>().by_key(Id::new(id)).await?;
        black_box(user.ok_or("a user is not there")?);
    }
    Ok(())
}

pub async fn parents_children(db: Db, units: Range<i64>) -> Result<()> {
    for first in keys(units, PARENTS - WINDOW + 1) {
        let users = db
            .find::<User>()
            .filter(|u| u.id.gte(Id::new(first)).and(u.id.lte(Id::new(first + WINDOW - 1))))
            .order(|u| u.id.asc())
            .await?;
        let posts = db.find::<Post>().filter(|p| p.user_id.is_in(users.iter().map(|user| user.id))).await?;

        let mut loaded: Vec<(User, Vec<Post>)> = users.into_iter().map(|user| (user, Vec::new())).collect();
        for post in posts {
            // The users are in key order, so finding a post's user needs no map.
            let at = loaded
                .binary_search_by_key(&post.user_id, |(user, _)| user.id)
                .map_err(|_| "a post of a user not asked for")?;
            loaded[at].1.push(post);
        }
        let posts: usize = loaded.iter().map(|(_, posts)| posts.len()).sum();
        assert_eq!((loaded.len(), posts), LOADED);
        black_box(loaded);
    }
    Ok(())
}
