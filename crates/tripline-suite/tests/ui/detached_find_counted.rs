//! A find that was asked of nothing is to count.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn all() -> Result<u64> {
    tripline::find::<User>().count().await
}

fn main() {}
