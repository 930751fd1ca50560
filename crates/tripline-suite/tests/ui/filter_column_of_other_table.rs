//! A filter gives a condition on another table.

use tripline::{Expr, prelude::*};

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

fn greeting(p: PostCols) -> Expr<Post> {
    p.title.starts_with("hello")
}

async fn titled(db: &Db) -> Result<Vec<User>> {
    db.find::<User>().filter(greeting).await
}

fn main() {}
