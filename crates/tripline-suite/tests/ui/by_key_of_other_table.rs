//! The key of another table is given.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

#[derive(Table, Clone, Debug)]
struct Post {
    #[key]
    id: Id<Post>,
    title: String,
}

async fn author(db: &Db, post: &Post) -> Result<Option<User>> {
    db.find::<User>().by_key(post.id).await
}

fn main() {}
