//! A hook after an update sees each row as it was and as it is.

use std::hint::black_box;

use tripline::prelude::*;
use tripline::{AfterUpdate, Change};

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

impl AfterUpdate for User {
    async fn after_update(_: &mut Tx<'_>, changes: &[Change<User>]) -> Result<()> {
        for Change { old, new, .. } in changes {
            black_box((old, new));
        }
        Ok(())
    }
}
