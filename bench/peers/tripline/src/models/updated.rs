//! Three hooks of an update: one that checks what is set, one that looks at each row before and after, and one that does
//! so again after the commit.

use std::hint::black_box;

use tripline::prelude::*;
use tripline::{AfterUpdate, AfterUpdateCommit, BeforeUpdate, Change};

/// A user.
#[derive(Table, Debug)]
#[table(name = "users", hook_rows(UserCount))]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    #[default(0)]
    pub post_count: i64,
}

/// What the hooks after the write have to see.
#[derive(Row, Debug)]
#[row(of = User)]
pub struct UserCount {
    post_count: i64,
}

fn added(changes: &[Change<UserCount>]) -> i64 {
    changes.iter().map(|change| change.new.post_count - change.old.post_count).sum()
}

impl BeforeUpdate for User {
    async fn before_update(_: &mut Tx<'_>, patch: &mut UserPatch) -> Result<()> {
        if patch.name.get().is_some_and(|name| name.trim().len() != name.len()) {
            return Err(Error::custom("a name begins or ends with a space"));
        }
        Ok(())
    }
}

impl AfterUpdate for UserCount {
    async fn after_update(_: &mut Tx<'_>, changes: &[Change<UserCount>]) -> Result<()> {
        black_box(added(changes));
        Ok(())
    }
}

impl AfterUpdateCommit for UserCount {
    async fn after_update_commit(_: &Db, changes: &[Change<UserCount>]) -> Result<()> {
        black_box(added(changes));
        Ok(())
    }
}
