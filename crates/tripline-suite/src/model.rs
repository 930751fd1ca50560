//! A reference model of the lifecycle: a small pure function from a program to the traces and rows that it must leave.
//!
//! Programs are random: transactions, nested ones, batches, single operations; hooks of three scopes and of all phases
//! that react by operations of their own, by errors, panics, or by never coming back. The same program runs on the
//! model and on a database, and both must tell the same: every step in its order, how each ended, what ran after commits
//! and rollbacks, and the rows at the end.

mod program;
mod reference;
mod tables;

pub use self::{
    program::{Program, program},
    reference::expected,
    tables::{Outcome, Planned, Runner},
};
