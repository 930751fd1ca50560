//! A before-create hook takes the drafts without `mut`, though it is to change them.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl BeforeCreate for User {
    async fn before_create(_: &mut Tx<'_>, users: &[NewUser]) -> Result<()> {
        println!("{}", users.len());
        Ok(())
    }
}

fn main() {}
