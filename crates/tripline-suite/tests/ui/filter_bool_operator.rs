//! A filter compares with the operator `==`.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn adults(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().filter(|u| u.age == 18).await
}

fn main() {}
