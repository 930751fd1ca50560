//! A table lists a type as a row type for hooks that is none.

use tripline::prelude::*;

struct UserName {
    name: String,
}

#[derive(Table, Clone, Debug)]
#[table(hook_rows(UserName))]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

fn main() {}
