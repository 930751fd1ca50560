//! A find that was asked of nothing is awaited.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn all() -> Result<Vec<User>> {
    tripline::find::<User>().await
}

fn main() {}
