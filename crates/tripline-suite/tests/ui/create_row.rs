//! A row is created where a draft is wanted.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn add(db: &Db) -> Result<User> {
    db.create(User { id: Id::new(1), name: "Ada".into() }).await
}

fn main() {}
