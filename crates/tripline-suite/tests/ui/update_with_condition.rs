//! An update gets a condition where it wants a change.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn rename(db: &Db) -> Result<u64> {
    db.update::<User>().by_key(Id::new(1)).set(|u| u.name.eq("Ada")).await
}

fn main() {}
