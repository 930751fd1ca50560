//! The two tables, once for each set of hooks: hooks belong to a struct, so each set is structs
//! of its own over the same tables.

#![allow(dead_code, reason = "most columns are read only to be measured")]

pub mod counted;
pub mod hooked;
pub mod plain;
pub mod rowless;
pub mod updated;
pub mod yielding;

use tripline::prelude::*;
use tripline::{Assign, OnAfterCreate, OnBeforeCreate, Table};

/// An observer that does nothing after users were created.
#[derive(Observer)]
#[observes(plain::User)]
pub struct NoOp;

impl OnAfterCreate<plain::User> for NoOp {
    async fn after_create(&self, _: &mut Tx<'_>, _: &[plain::User]) -> Result<()> {
        Ok(())
    }
}

/// An observer that does nothing before users are created.
#[derive(Observer)]
#[observes(plain::User)]
pub struct NoOpBefore;

impl OnBeforeCreate<plain::User> for NoOpBefore {
    async fn before_create(&self, _: &mut Tx<'_>, _: &mut [plain::NewUser]) -> Result<()> {
        Ok(())
    }
}

/// Users of which one can be counted, whichever hooks they have.
pub trait Counted: Table {
    /// One more post.
    fn one_more(columns: Self::Cols) -> Assign<Self>;
}

macro_rules! counted {
    ($($set:ident)*) => { $(
        impl Counted for $set::User {
            fn one_more(columns: Self::Cols) -> Assign<Self> {
                columns.post_count.add(1)
            }
        }
    )* };
}

counted!(plain rowless updated);
