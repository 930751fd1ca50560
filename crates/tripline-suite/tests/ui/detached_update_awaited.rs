//! An update that was asked of nothing is awaited.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn rename() -> Result<u64> {
    tripline::update::<User>().all_rows().set(|u| u.name.set("nobody")).await
}

fn main() {}
