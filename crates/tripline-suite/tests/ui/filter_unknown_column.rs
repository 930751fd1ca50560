//! A filter names a column that the table does not have.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

async fn named(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().filter(|u| u.nmae.eq("Ada")).await
}

fn main() {}
