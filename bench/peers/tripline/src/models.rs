//! The two tables, once for each set of hooks: hooks belong to a struct, so each set is structs
//! of its own over the same tables.

#![allow(dead_code, reason = "most columns are read only to be measured")]

pub mod counted;
pub mod hooked;
pub mod plain;
pub mod updated;
pub mod yielding;

use tripline::prelude::*;
use tripline::{OnAfterCreate, OnBeforeCreate};

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
