//! A hook that concerns the whole table is attached to a row type.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

#[derive(Row)]
#[row(of = User)]
struct UserName {
    name: String,
}

impl BeforeCreate for UserName {
    async fn before_create(_: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        users[0].name.set("nobody");
        Ok(())
    }
}

fn main() {}
