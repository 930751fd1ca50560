//! Traces: what ran, and why (X2).
//!
//! Each transaction, and each operation that has company, is recorded while it runs: the operations in it, their hooks in
//! the order in which they ran, the operations that those made, the SQL statements that were sent together. What ran
//! after its commit is recorded with the transaction as its cause. The last traces are kept in memory, see
//! [`Db::traces`](crate::Db::traces). An operation that is one SQL statement with nothing attached leaves no trace: it has
//! nothing to tell.

mod explain;
pub(crate) mod lints;
pub(crate) mod recording;
pub(crate) mod show;
pub(crate) mod tree;

use std::{panic::Location, time::Duration};

use tripline_core::{HookName, Kind, Phase};

pub use self::explain::Explain;
use crate::warnings::Warning;

/// A tree of what ran: a transaction, or what followed one.
///
/// Shown with `{}` it is a text of a line for each step; [`outline`](Trace::outline) is the same without what differs
/// from run to run, for tests: see [`assert_trace!`](crate::assert_trace). With the feature `json` it can be serialized.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Trace {
    /// Counts up from 1 for each database that is opened.
    pub id: u64,
    /// When it began, by the system's clock.
    #[cfg_attr(feature = "json", serde(serialize_with = "show::timestamp"))]
    pub at: jiff::Timestamp,
    /// What ran.
    pub root: Span,
    /// How many steps came after the first 8,192, of which nothing is kept.
    pub left_out: u64,
    /// What of it will not work well.
    #[cfg_attr(feature = "json", serde(serialize_with = "show::texts"))]
    pub warnings: Vec<Warning>,
}

/// One step of a trace, and those inside of it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Span {
    /// What it is.
    #[cfg_attr(feature = "json", serde(flatten))]
    pub what: What,
    /// When it began, from the beginning of the trace; in JSON in microseconds.
    #[cfg_attr(feature = "json", serde(rename = "began_us", serialize_with = "show::micros"))]
    pub began: Duration,
    /// How long it took; in JSON in microseconds.
    #[cfg_attr(feature = "json", serde(rename = "took_us", serialize_with = "show::some_micros"))]
    pub took: Option<Duration>,
    /// How it ended.
    pub outcome: Outcome,
    /// The steps inside of it, in order.
    pub children: Vec<Span>,
}

/// What a step of a trace is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(tag = "what", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum What {
    /// The outermost step.
    Root(Root),
    /// An operation.
    Operation {
        /// What was asked.
        #[cfg_attr(feature = "json", serde(serialize_with = "show::text"))]
        kind: Kind,
        /// The table's name; empty for SQL of the application's own.
        table: &'static str,
        /// How many rows it wrote or found, where that is known.
        rows: Option<u64>,
    },
    /// A hook.
    Hook {
        /// When it ran.
        #[cfg_attr(feature = "json", serde(serialize_with = "show::text"))]
        phase: Phase,
        /// Which.
        #[cfg_attr(feature = "json", serde(serialize_with = "show::path"))]
        hook: HookName,
        /// What it is attached to.
        scope: Scope,
        /// The columns that it changed, where that was looked at: see
        /// [`Connect::trace_changes`](crate::Connect::trace_changes).
        changed: Vec<&'static str>,
    },
    /// SQL statements that were sent together: one round trip to a server.
    Flight {
        /// The statements, in order. No values are in them.
        statements: Vec<Sql>,
    },
}

/// The outermost step of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(tag = "of", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Root {
    /// A transaction, of the application's or of one operation.
    Transaction,
    /// A read with hooks, outside of transactions.
    Read,
    /// A SQL statement that is no transaction.
    Statement,
    /// What followed a commit.
    AfterCommit,
    /// What followed a rollback.
    AfterRollback,
}

/// A SQL statement of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Sql {
    /// Its text, with placeholders.
    pub text: String,
    /// How often it was executed, one time after the other.
    pub times: u32,
}

/// What a hook is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "json",
    derive(serde::Serialize),
    serde(tag = "kind", content = "place", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Scope {
    /// A table, or one of its row types.
    Table,
    /// An observer of the table, registered here.
    Observer(#[cfg_attr(feature = "json", serde(serialize_with = "show::text"))] &'static Location<'static>),
    /// An observer of all tables, registered here.
    AllTables(#[cfg_attr(feature = "json", serde(serialize_with = "show::text"))] &'static Location<'static>),
    /// One operation.
    Operation,
}

/// How a step of a trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "json",
    derive(serde::Serialize),
    serde(tag = "is", content = "code", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Done,
    /// With an error of this [code](crate::Error::code).
    Failed(&'static str),
    /// Not: whoever waited for it went away.
    Dropped,
    /// It did not run: this is what would.
    Planned,
}

/// Compares a trace with what should have run: nothing more, and nothing else.
///
/// A line for each operation and hook, indented by two spaces for each level, in order; SQL statements, times and rows are
/// left out. See [`Trace::outline`].
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[derive(Table, Clone, Debug)]
/// # struct User { #[key] id: Id<User>, name: String }
/// # #[derive(Table, Clone, Debug)]
/// # struct Profile { #[key] id: Id<Profile>, user: Id<User> }
/// impl AfterCreate for User {
///     async fn after_create(tx: &mut Tx<'_>, users: &[User]) -> Result<()> {
///         let profiles: Vec<_> =
///             users.iter().map(|u| NewProfile { user: u.id.into(), ..Default::default() }).collect();
///         tx.create(profiles).await.map(drop)
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![User, Profile]).connect().await?;
/// # db.create_tables().await?;
/// db.create(NewUser { name: "Ada".into(), ..Default::default() }).await?;
/// assert_trace!(db.last_trace().unwrap(), [
///     "transaction",
///     "  create users",
///     "    after_create User",
///     "      create profiles",
/// ]);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! assert_trace {
    ($trace:expr, [$($line:expr),* $(,)?] $(,)?) => {{
        let trace: &$crate::Trace = &$trace;
        let expected: &[&str] = &[$($line),*];
        let ran = trace.outline();
        if ran != expected {
            ::std::panic!(
                "another trace than expected\n\nexpected:\n{}\n\nran:\n{}\n",
                expected.join("\n"),
                ran.join("\n"),
            );
        }
    }};
}
