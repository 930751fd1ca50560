//! An update sets a column to null that does not allow it.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn forget(db: &Db) -> Result<u64> {
    db.update::<User>().by_key(Id::new(1)).set(|u| u.name.set(None)).await
}

fn main() {}
