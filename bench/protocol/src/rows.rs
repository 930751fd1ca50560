//! The rows that every peer writes and the keys that every peer reads.

use std::ops::Range;

use crate::{COUNTED_USERS, USERS_PER_CALL};

/// A user before the database has given it an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    pub post_count: i64,
}

/// A post before the database has given it an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPost {
    pub user_id: i64,
    pub title: String,
    pub body: String,
    pub likes: i64,
}

/// The `i`th user; every seventh has no age.
pub fn new_user(i: i64) -> NewUser {
    NewUser {
        name: format!("User number {i}"),
        email: format!("user{i}@example.org"),
        age: (i % 7 != 0).then_some(18 + i % 60),
        post_count: 0,
    }
}

/// The `i`th post.
pub fn new_post(i: i64, user_id: i64) -> NewPost {
    NewPost {
        user_id,
        title: format!("Post number {i}"),
        body: format!("The body of post {i}, which is about as long as a short message would be."),
        likes: i % 100,
    }
}

/// The users that call number `call` of [`Work::InsertMany`](crate::Work::InsertMany) inserts.
pub fn users_of_call(call: i64) -> impl ExactSizeIterator<Item = NewUser> {
    // `Range<i64>` has no exact size, since it may be longer than a `usize`.
    (0..USERS_PER_CALL as usize).map(move |i| new_user(call * USERS_PER_CALL + i as i64))
}

/// The id of the user who wrote the `i`th post of a counter run.
pub fn author_of(i: i64) -> i64 {
    1 + i % COUNTED_USERS
}

/// One pseudo-random key in `1..=count` for each unit, the same for every peer.
pub fn keys(units: Range<i64>, count: i64) -> impl Iterator<Item = i64> {
    // Knuth's MMIX generator; its high bits are the good ones.
    let mut state = units.start as u64;
    units.map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (state >> 33) as i64 % count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_range_and_spread() {
        let mut keys: Vec<i64> = keys(5..2_005, 10_000).collect();
        assert_eq!(keys.len(), 2_000);
        assert!(keys.iter().all(|key| (1..=10_000).contains(key)));
        keys.sort_unstable();
        keys.dedup();
        assert!(keys.len() > 1_700, "only {} distinct keys", keys.len());
    }
}
