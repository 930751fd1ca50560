//! A pattern is matched against a number.

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
    db.find::<User>().filter(|u| u.age.like("4%")).await
}

fn main() {}
