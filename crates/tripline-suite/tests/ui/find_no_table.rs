//! A find is asked for a type that is no table.

use tripline::prelude::*;

struct User {
    id: i64,
    name: String,
}

async fn all(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().await
}

fn main() {}
