//! A transaction that may be run again changes what it captures, so that each attempt would find something else.

use tripline::{TxOptions, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn add(db: &Db, names: &[String]) -> Result<Vec<Id<User>>> {
    let mut added = Vec::new();
    db.tx_with(TxOptions::default(), async |tx| {
        for name in names {
            added.push(tx.create(NewUser { name: name.as_str().into(), ..Default::default() }).await?.id);
        }
        Ok(())
    })
    .await?;
    Ok(added)
}

fn main() {}
