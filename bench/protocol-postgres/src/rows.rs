//! Which rows the units work on.

use bench_protocol::{NewUser, new_user};

use crate::ROWS_PER_CALL;

/// Users that are there.
const USERS: u64 = 10_000;
/// Users that posts are written by. It is a multiple of all numbers of tasks, so that two tasks, which share the units
/// in turn, never wait for each other's rows.
const AUTHORS: i64 = 104;

/// The key that unit `i` reads or updates: the same for every peer, and spread over the table.
///
/// Two tasks may meet at one: among that many that is rare.
pub fn key_of(i: i64) -> i64 {
    // The finalizer of SplitMix64.
    let mut key = i.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    1 + ((key ^ (key >> 31)) % USERS).cast_signed()
}

/// The id of the user who wrote the post of unit `i`.
pub fn author_of(i: i64) -> i64 {
    1 + i % AUTHORS
}

/// What unit `i` calls a user.
pub fn new_name(i: i64) -> String {
    format!("Renamed by unit {i}")
}

/// The users that call number `call` of [`Work::Insert10000`](crate::Work::Insert10000) inserts.
pub fn users_of_call(call: i64) -> impl Iterator<Item = NewUser> {
    (0..ROWS_PER_CALL).map(move |i| new_user(call * ROWS_PER_CALL + i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_range_and_spread() {
        let mut keys: Vec<i64> = (0..2_000).map(key_of).collect();
        assert!(keys.iter().all(|key| (1..=10_000).contains(key)));
        keys.sort_unstable();
        keys.dedup();
        assert!(keys.len() > 1_700, "only {} distinct keys", keys.len());
    }

    #[test]
    fn tasks_have_authors_of_their_own() {
        let authors = |task: i64| (task..1_000).step_by(8).map(author_of);
        assert!(authors(0).all(|author| !authors(1).any(|other| other == author)));
    }
}
