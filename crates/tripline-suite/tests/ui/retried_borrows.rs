//! A transaction that may be run again is spawned, and its closure borrows what it captures.
//!
//! The compiler cannot yet say in which line: the closure has to own its captures, as `async move` with clones of what
//! it shares does (`pass/spawned_retries.rs`). That of `db.tx(..)`, which runs once, may borrow.

use tripline::{TxOptions, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

fn add(db: Db, name: String) {
    tokio::spawn(async move {
        db.tx_with(TxOptions::default(), async |tx| {
            tx.create(NewUser { name: name.as_str().into(), ..Default::default() }).await
        })
        .await
    });
}

fn main() {}
