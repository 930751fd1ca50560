//! A find of one row that was asked of nothing is awaited.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn ada() -> Result<Option<User>> {
    tripline::find::<User>().by_key(Id::new(1)).await
}

fn main() {}
