//! An update sets a column to a value of another type.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn birthday(db: &Db) -> Result<u64> {
    db.update::<User>().by_key(Id::new(1)).set(|u| u.age.set("41")).await
}

fn main() {}
