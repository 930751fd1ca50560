//! [`Origin`]: which operation, and why it was made.

use std::panic::Location;

use crate::Kind;

/// An operation, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The table's name.
    pub table: &'static str,
    /// What was asked.
    pub kind: Kind,
}

/// An operation on the way that led somewhere (L60).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// The table's name.
    pub table: &'static str,
    /// What was asked.
    pub kind: Kind,
    /// Why another operation made it; none if the application called it.
    pub cause: Option<Cause>,
}

impl Origin {
    /// The operation, with why it was made.
    pub fn new(operation: Kept, cause: Option<Cause>) -> Origin {
        Origin { table: operation.table, kind: operation.kind, cause }
    }
}

/// How a hook is named in errors and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookName {
    /// A trait's implementation, by the path of the implementing type.
    Type(&'static str),
    /// A closure of one operation, by the place where it was attached.
    Place(&'static Location<'static>),
}

/// Why an operation was made by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A hook asked for it.
    Hook(HookName),
    /// A plan hook put it before or after.
    Planned(HookName),
    /// Its rows refer to rows that were deleted (L45).
    Cascade,
    /// It is a part of an upsert (L44).
    Upsert,
}
