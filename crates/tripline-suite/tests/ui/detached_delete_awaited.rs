//! A delete that was asked of nothing is awaited.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn clear() -> Result<u64> {
    tripline::delete::<User>().all_rows().await
}

fn main() {}
