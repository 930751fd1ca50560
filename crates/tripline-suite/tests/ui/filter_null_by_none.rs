//! A filter compares with `None`, which nothing is equal to in SQL.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn faceless(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().filter(|u| u.image.eq(None)).await
}

fn main() {}
