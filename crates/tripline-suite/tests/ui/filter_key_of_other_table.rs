//! A filter compares a key with the key of another table.

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

async fn author(db: &Db, post: Post) -> Result<Vec<User>> {
    db.find::<User>().filter(|u| u.id.eq(post.id)).await
}

fn main() {}
