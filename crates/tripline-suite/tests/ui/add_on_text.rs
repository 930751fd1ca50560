//! An update adds to text.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn louder(db: &Db) -> Result<u64> {
    db.update::<User>().all_rows().set(|u| u.name.add("!")).await
}

fn main() {}
