//! An update sets a column that only hooks may set.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    #[read_only]
    posts: i64,
}

async fn reset(db: &Db) -> Result<u64> {
    db.update::<User>().all_rows().set(|u| u.posts.set(0)).await
}

fn main() {}
