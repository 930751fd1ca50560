//! A foreign key is to become null in a column that does not allow it.

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
    #[references(User, on_delete = set_null)]
    author: Id<User>,
}

fn main() {}
