//! A default has another type than its column.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    #[default("none")]
    posts: i64,
}

fn main() {}
