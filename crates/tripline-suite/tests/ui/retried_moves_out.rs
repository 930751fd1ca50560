//! A transaction that may be run again gives away what it captures, and the next attempt would not have it.

use tripline::{TxOptions, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn add(db: &Db, name: String) -> Result<User> {
    db.tx_with(TxOptions::default(), async move |tx| {
        tx.create(NewUser { name: name.into(), ..Default::default() }).await
    })
    .await
}

fn main() {}
