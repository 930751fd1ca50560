//! A transaction is to outlive its closure.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn later(db: &Db) -> Result<()> {
    let mut kept = None;
    db.tx(async |tx| {
        kept = Some(tx.find::<User>());
        Ok(())
    })
    .await
}

fn main() {}
