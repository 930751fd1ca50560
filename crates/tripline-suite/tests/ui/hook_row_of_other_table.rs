//! A table lists a row type of another table.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
#[table(hook_rows(PostTitle))]
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

fn main() {}
