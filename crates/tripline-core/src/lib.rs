//! The vocabulary that all crates of Tripline share: descriptions of tables, values, expressions and their
//! evaluation in memory, operations, errors, and the contract that a driver fulfils.
//!
//! This crate has no runtime and no SQL. Data flows one way: a builder of `tripline` makes an [`Operation`],
//! the lifecycle turns it into a [`Flight`] of [`Statement`]s, and a [`Driver`]'s [`Session`] sends it.
//! Applications depend on the crate `tripline`, which re-exports what they need.

mod columns;
mod driver;
mod error;
mod eval;
mod expr;
mod log;
mod operation;
mod origin;
mod pattern;
mod phase;
mod rows;
mod table;
mod value;

pub use columns::ColumnSet;
pub use driver::{
    Access, Answer, Begin, BoxFuture, Commit, Driver, Durability, End, Flight, Mode, Position, Reply, Schema,
    Session, Statement, Step, Traits,
};
pub use error::{
    BesideTransaction, Chain, ConnectionError, ConnectionErrorKind, DatabaseError, Decode, Error, HookError,
    Invalid, Rejection, Result, Violation,
};
pub use eval::{Truth, evaluate, holds, ordering};
pub use expr::{Arith, Compare, Node};
pub use log::{StatementLog, Transcript};
pub use operation::{
    Conflict, ConflictUpdate, Isolation, Kind, Nulls, Operation, Order, Query, Returns, all_columns,
};
pub use origin::{Cause, HookName, Kept, Origin};
pub use pattern::{Pattern, PatternPart};
pub use phase::Phase;
pub use rows::{RowSet, Slot};
pub use table::{
    Action, CheckDesc, ColumnDesc, ColumnType, Condition, DefaultDesc, IndexDesc, OnUpdate, Reference,
    Referred, TableDesc, TableRef,
};
pub use value::{Mismatch, Value};
