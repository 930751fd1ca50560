//! A hook returns nothing.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl BeforeCreate for User {
    async fn before_create(_: &mut Tx<'_>, users: &mut [NewUser]) {
        for user in users {
            user.name.set("nobody");
        }
    }
}

fn main() {}
