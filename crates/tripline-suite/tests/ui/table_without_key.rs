//! A table has no key.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    id: Id<User>,
    name: String,
}

fn main() {}
