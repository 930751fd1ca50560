//! An update sets the key.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn renumber(db: &Db) -> Result<u64> {
    db.update::<User>().by_key(Id::new(1)).set(|u| u.id.set(Id::new(2))).await
}

fn main() {}
