//! An after-update hook takes rows, though it gets them before and after.

use tripline::{AfterUpdate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl AfterUpdate for User {
    async fn after_update(_: &mut Tx<'_>, users: &[User]) -> Result<()> {
        println!("{}", users.len());
        Ok(())
    }
}

fn main() {}
