//! Two operations use one transaction at once.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn both(tx: &mut Tx<'_>) -> Result<(u64, bool)> {
    let count = tx.find::<User>().count();
    let exists = tx.find::<User>().exists();
    tokio::try_join!(count, exists)
}

fn main() {}
