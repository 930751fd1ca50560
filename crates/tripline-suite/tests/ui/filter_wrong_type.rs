//! A filter compares a number with text.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn old(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().filter(|u| u.age.eq("old")).await
}

fn main() {}
