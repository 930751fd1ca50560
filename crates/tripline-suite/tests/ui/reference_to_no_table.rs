//! A column refers to a type that is no table.

use tripline::prelude::*;

struct Org;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    #[references(Org)]
    org: i64,
}

fn main() {}
