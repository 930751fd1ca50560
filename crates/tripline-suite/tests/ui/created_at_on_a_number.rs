//! The clock's time is put into a column of numbers.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    #[created_at]
    created: i64,
}

fn main() {}
