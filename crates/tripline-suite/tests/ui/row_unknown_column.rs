//! A row type has a field that its table does not have.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

#[derive(Row)]
#[row(of = User)]
struct UserImage {
    id: Id<User>,
    picture: Option<String>,
}

fn main() {}
