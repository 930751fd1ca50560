//! A hook before the write changes each draft, and one after it looks at each row.

use std::hint::black_box;

use tripline::prelude::*;
use tripline::{AfterCreate, BeforeCreate};

use super::draft_users;

/// A user.
#[derive(Table, Debug)]
#[table(name = "users")]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    #[default(0)]
    pub post_count: i64,
}

draft_users!();

impl BeforeCreate for User {
    async fn before_create(_: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        for user in users {
            let email = user.email.get().map(|email| email.to_lowercase());
            user.email.set(email.ok_or_else(|| Error::custom("a user needs an address"))?);
        }
        Ok(())
    }
}

impl AfterCreate for User {
    async fn after_create(_: &mut Tx<'_>, users: &[User]) -> Result<()> {
        for user in users {
            if user.name.is_empty() {
                return Err(Error::custom("a user needs a name"));
            }
            black_box(user.id);
        }
        Ok(())
    }
}
