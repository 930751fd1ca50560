//! A table with a secret derives `Debug`, which would show it.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    #[secret]
    password: String,
}

fn main() {}
