//! A find gives rows of another table.

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

#[derive(Row)]
#[row(of = Post)]
struct PostTitle {
    title: String,
}

async fn titles(db: &Db) -> Result<Vec<PostTitle>> {
    db.find::<User>().rows::<PostTitle>().await
}

fn main() {}
