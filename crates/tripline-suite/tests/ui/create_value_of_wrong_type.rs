//! A draft gets a value of another type.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn add(db: &Db) -> Result<User> {
    db.create(NewUser { age: "41".into(), ..Default::default() }).await
}

fn main() {}
