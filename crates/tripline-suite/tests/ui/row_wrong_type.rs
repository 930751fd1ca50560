//! A row type has a field of another type than its column.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

#[derive(Row)]
#[row(of = User)]
struct UserAge {
    id: Id<User>,
    age: u8,
}

fn main() {}
