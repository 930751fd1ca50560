//! A hook is a plain function.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl BeforeCreate for User {
    fn before_create(_: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        for user in users {
            user.name.set("nobody");
        }
        Ok(())
    }
}

fn main() {}
