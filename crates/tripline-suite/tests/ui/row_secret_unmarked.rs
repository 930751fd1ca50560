//! A row type takes a secret column without saying so.

use tripline::prelude::*;

#[derive(Table, Clone)]
struct User {
    #[key]
    id: Id<User>,
    #[secret]
    password: String,
}

#[derive(Row)]
#[row(of = User)]
struct Login {
    id: Id<User>,
    password: String,
}

fn main() {}
