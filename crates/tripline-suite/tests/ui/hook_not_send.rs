//! A hook holds a value across an await that cannot move between threads.

use std::rc::Rc;

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

impl BeforeCreate for User {
    async fn before_create(tx: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        let prefix = Rc::new(String::from("user-"));
        let taken = tx.find::<User>().count().await?;
        for user in users {
            user.name.set(format!("{prefix}{taken}"));
        }
        Ok(())
    }
}

fn main() {}
