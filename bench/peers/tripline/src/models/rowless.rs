//! Three hooks of an update that see no rows: one that may reject, one that checks what is set, and one that gets the
//! number of rows.

use std::hint::black_box;

use tripline::prelude::*;
use tripline::{AfterAny, BeforeAny, BeforeUpdate, Operation, Outcome};

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

impl BeforeAny for User {
    async fn before_any(_: &mut Tx<'_>, operation: &Operation) -> Result<()> {
        if operation.query.limit == Some(0) {
            return Err(Error::reject("nothing to do"));
        }
        Ok(())
    }
}

impl BeforeUpdate for User {
    async fn before_update(_: &mut Tx<'_>, patch: &mut UserPatch) -> Result<()> {
        if patch.name.get().is_some_and(|name| name.trim().len() != name.len()) {
            return Err(Error::custom("a name begins or ends with a space"));
        }
        Ok(())
    }
}

impl AfterAny for User {
    async fn after_any(_: &mut Tx<'_>, outcome: &Outcome) -> Result<()> {
        black_box(outcome.rows);
        Ok(())
    }
}
