//! Warnings: what works, and will not work well. Found when connecting, and in what ran (X5).

use std::{fmt, panic::Location, time::Duration};

use tripline_core::{HookName, Kept, Kind, Phase, TableRef};

/// What a hook says that it writes: `const WRITES: Writes = writes![update User, create Profile];`.
///
/// It need not say anything. What it says is looked at when connecting: hooks that lead back to themselves are a
/// [`Warning::Cycle`] then, rather than an error of the first operation that never ends.
pub type Writes = &'static [Write];

/// A kind of write to a table.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// What is done.
    pub kind: Kind,
    /// To which table.
    pub table: fn() -> TableRef,
}

/// What a hook writes, for its `WRITES`: kinds and tables.
///
/// ```
/// use tripline::{*, prelude::*};
///
/// #[derive(Table, Clone, Debug)]
/// struct User { #[key] id: Id<User>, name: String }
/// #[derive(Table, Clone, Debug)]
/// struct Profile { #[key] id: Id<Profile>, user: Id<User> }
///
/// impl AfterCreate for User {
///     const WRITES: Writes = writes![create Profile];
///
///     async fn after_create(tx: &mut Tx<'_>, users: &[User]) -> Result<()> {
///         let of = |user: &User| NewProfile { user: user.id.into(), ..Default::default() };
///         tx.create(users.iter().map(of).collect::<Vec<_>>()).await.map(drop)
///     }
/// }
/// ```
#[macro_export]
macro_rules! writes {
    ($($kind:ident $table:ty),* $(,)?) => {
        &[$($crate::Write {
            kind: $crate::__kind!($kind),
            table: || <$table as $crate::Table>::DESC,
        }),*]
    };
}

/// A kind of write by its word.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (create) => {
        $crate::Kind::Create
    };
    (update) => {
        $crate::Kind::Update
    };
    (delete) => {
        $crate::Kind::Delete
    };
    ($other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is no write: say `create`, `update` or `delete`"
        ))
    };
}

/// What works, and will not work well: see [`Connect::on_warning`](crate::Connect::on_warning) and
/// [`Trace::warnings`](crate::Trace::warnings).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An observer of all tables makes a transaction of operations that would be one statement. Found when connecting.
    AllTables {
        /// The observer's type.
        observer: &'static str,
        /// Where it is registered.
        place: &'static Location<'static>,
        /// Its hooks.
        phases: Vec<Phase>,
        /// How many tables have no other hook for what they do.
        tables: usize,
    },
    /// Hooks that say what they write lead back to themselves. Found when connecting.
    Cycle {
        /// Each operation, and its hook that makes the next one; the last makes the first again.
        steps: Vec<(Kept, HookName)>,
    },
    /// A hook sent the same SQL statement again and again, for one row after the other.
    Repeated {
        /// The hook.
        hook: HookName,
        /// The statement.
        sql: String,
        /// How often it was sent.
        times: usize,
    },
    /// A hook sent many SQL statements for each row of its operation.
    ManyStatements {
        /// The hook.
        hook: HookName,
        /// How many statements.
        statements: usize,
        /// Of how many rows.
        rows: u64,
    },
    /// A hook kept SQLite's one writer for long.
    HoldsWriter {
        /// The hook.
        hook: HookName,
        /// How long.
        took: Duration,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::AllTables { observer, place, phases, tables } => {
                let phases: Vec<String> = phases.iter().map(Phase::to_string).collect();
                write!(
                    f,
                    "`{observer}`, registered at {}:{}, observes all tables ({}): for that, operations of \
                     {tables} of them are transactions that would be one statement otherwise",
                    place.file(),
                    place.line(),
                    phases.join(", ")
                )
            }
            Warning::Cycle { steps } => {
                f.write_str("hooks lead back to themselves:")?;
                for (kept, hook) in steps {
                    write!(f, " {} {}, {hook};", kept.kind, kept.table)?;
                }
                Ok(())
            }
            Warning::Repeated { hook, sql, times } => {
                write!(f, "{hook} sent the same statement {times} times; one for all rows would do: {sql}")
            }
            Warning::ManyStatements { hook, statements, rows } => {
                write!(f, "{hook} sent {statements} statements for {rows} rows")
            }
            Warning::HoldsWriter { hook, took } => {
                write!(f, "{hook} kept the one writer for {took:.1?}: others waited")
            }
        }
    }
}

/// From when on a [`Warning`] is given of what ran, see [`Connect::lints`](crate::Connect::lints).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lints {
    /// The same statement so often, in one run of a hook; 10 by default.
    pub repeated: usize,
    /// So many statements for each row, in one run of a hook; 10 by default.
    pub statements_per_row: usize,
    /// So long in a hook that keeps SQLite's writer; 100 milliseconds by default.
    pub holds_writer: Duration,
}

impl Default for Lints {
    fn default() -> Self {
        Lints { repeated: 10, statements_per_row: 10, holds_writer: Duration::from_millis(100) }
    }
}
