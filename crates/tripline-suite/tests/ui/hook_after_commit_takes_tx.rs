//! An after-commit hook takes a transaction, which has ended by then.

use tripline::{AfterCreateCommit, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl AfterCreateCommit for User {
    async fn after_create_commit(_: &mut Tx<'_>, users: &[User]) -> Result<()> {
        println!("{}", users.len());
        Ok(())
    }
}

fn main() {}
