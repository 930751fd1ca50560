//! A key is given as another type.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn ada(db: &Db) -> Result<Option<User>> {
    db.find::<User>().by_key("ada").await
}

fn main() {}
