//! A find gives rows of a type that is no row type.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

struct UserName {
    name: String,
}

async fn names(db: &Db) -> Result<Vec<UserName>> {
    db.find::<User>().rows::<UserName>().await
}

fn main() {}
