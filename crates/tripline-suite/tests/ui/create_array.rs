//! Drafts are given as an array.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn add(db: &Db) -> Result<Vec<User>> {
    let draft = NewUser { name: "Ada".into(), ..Default::default() };
    db.create([draft.clone(), draft]).await
}

fn main() {}
