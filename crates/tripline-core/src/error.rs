//! [`Error`]: one type for everything that can go wrong, with stable codes.

mod display;

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use crate::{HookName, Kept, Kind, Mismatch, Origin, Phase};

/// The result of most functions of Tripline.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Cheap to clone; each variant has a stable [`code`](Error::code), explained in `docs/errors.md`.
///
/// No message holds a value of a row, so none can show a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A unique constraint or primary key was violated.
    Unique(Box<Violation>),
    /// A foreign key was violated.
    ForeignKey(Box<Violation>),
    /// A check constraint was violated.
    Check(Box<Violation>),
    /// Null in a column that does not allow it.
    NotNull(Box<Violation>),
    /// A created row lacks values for these columns (checked after the before-hooks, L26).
    Required(Box<Violation>),
    /// A caller set a column that only hooks may set (L25).
    ReadOnly(Box<Violation>),
    /// A value or an operation that makes no sense: NaN, NUL in text, an empty OR, a bad pattern.
    Invalid(Box<Invalid>),
    /// A value in the database is not of the column's type.
    Decode(Box<Decode>),
    /// `one()` found no row.
    NotFound(Kept),
    /// `one()` found more than one row.
    NotUnique(Kept),
    /// Update or delete without a filter and without `.all_rows()`.
    Unfiltered(Kept),
    /// An operation whose hooks need rows touches more than the limit.
    TooManyRows {
        /// The operation.
        operation: Kept,
        /// The limit that it passed, `max_hook_rows`.
        limit: usize,
    },
    /// A hook failed or rejected; the source is its own error, unchanged.
    Hook(Box<HookError>),
    /// A hook said no, see [`Error::reject`].
    Rejected(Box<Rejection>),
    /// An error of the application, see [`Error::custom`].
    Custom(Arc<dyn std::error::Error + Send + Sync>),
    /// An earlier operation of this transaction failed; the transaction can only be rolled back (L3, L6).
    Poisoned(Arc<Error>),
    /// A write or transaction through a `Db` inside that same database's open transaction (L8).
    BesideTransaction(Box<BesideTransaction>),
    /// An operation's future was dropped before it was done; its transaction can only be rolled back. Without a table
    /// it was a nested transaction or SQL of the application's own.
    Cancelled(Kept),
    /// Operations made in hooks nest deeper than the limit (L61).
    TooDeep(Box<Chain>),
    /// The table is not listed in `tables![..]`.
    UnknownTable(Box<str>),
    /// No sink has this name, see `Connect::sink`.
    UnknownDatabase(&'static str),
    /// The tables or options make no sense together; found when connecting.
    Setup(Box<str>),
    /// Another process or transaction held a lock for longer than the busy time-out.
    Busy(Duration),
    /// A time limit passed.
    Timeout {
        /// What took too long.
        what: &'static str,
        /// The limit; zero if it is one of the server's own.
        limit: Duration,
    },
    /// What the transaction read or wrote was changed by another one that ran at the same time; run again, it may
    /// succeed. See [`Error::is_transient`].
    Serialization(Box<DatabaseError>),
    /// Transactions waited for one another; this one was chosen to give way. Run again, it may succeed.
    Deadlock(Box<DatabaseError>),
    /// The connection to the database could not be made, or was lost. What was not committed by then is rolled back.
    Connection(Box<ConnectionError>),
    /// The disk or the database is full.
    Full,
    /// The database was closed, by `close` or because its log could not be synced.
    Closed,
    /// It is unknown whether the transaction is durable: the commit was sent and its confirmation failed (L7).
    CommitUnknown(Arc<Error>),
    /// A write in a transaction that only reads. Without a table it was SQL of the application's own.
    ReadOnlyTransaction(Kept),
    /// The engine said no in a way that has no variant of its own.
    Database(Box<DatabaseError>),
}

/// A constraint that a row does not fulfil.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violation {
    /// The table's name; empty if the engine did not say.
    pub table: String,
    /// The columns; empty if the engine did not say.
    pub columns: Vec<String>,
    /// The constraint's name, where it has one.
    pub constraint: Option<String>,
}

/// A value or operation that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The table's name, if known.
    pub table: Option<&'static str>,
    /// The column's name, if there is one.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
}

impl Invalid {
    /// Something is wrong that is about no table in particular, or about one added later.
    pub fn new(reason: impl Into<String>) -> Self {
        Invalid { table: None, column: None, reason: reason.into() }
    }
}

/// A stored value that is not of its column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decode {
    /// The table's name; empty if it was SQL of the application's own.
    pub table: &'static str,
    /// The column's name, or that of the result's column; empty if nobody said which.
    pub column: Cow<'static, str>,
    /// The column's type in the database, where it is known and not the one that is needed.
    pub database_type: Option<String>,
    /// What was found.
    pub mismatch: Mismatch,
}

impl Decode {
    /// A value in a column of a table.
    pub fn new(table: &'static str, column: &'static str, mismatch: Mismatch) -> Self {
        Decode { table, column: Cow::Borrowed(column), database_type: None, mismatch }
    }
}

/// A failed hook.
#[derive(Clone, Debug)]
pub struct HookError {
    /// The table's name.
    pub table: &'static str,
    /// The operation the hook ran for.
    pub operation: Kind,
    /// The phase it ran in.
    pub phase: Phase,
    /// The hook.
    pub hook: HookName,
    /// The hook's own error.
    pub source: Error,
}

/// A hook's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why, in the hook's words.
    pub reason: String,
}

/// A `Db` used inside its own transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideTransaction {
    /// What was asked of the `Db`.
    pub operation: Option<Kept>,
    /// The hook whose body asked; without one it was a transaction's closure.
    pub hook: Option<HookName>,
}

/// A chain of operations that is too long, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The limit.
    pub limit: usize,
    /// Each operation, and why it was made.
    pub steps: Vec<Origin>,
}

/// What the engine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseError {
    /// The engine's own code.
    pub code: String,
    /// The engine's message.
    pub message: String,
    /// The SQL statement, without its parameters.
    pub sql: Option<String>,
}

/// A connection that could not be made, or was lost. No message holds a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionError {
    /// What became of it.
    pub kind: ConnectionErrorKind,
    /// In the words of the server or the system.
    pub message: String,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionErrorKind {
    /// Nobody answered there, or not in time, or there were too many connections.
    Unreachable,
    /// User name, password or certificate were not accepted.
    Denied,
    /// The server has no such database.
    NoDatabase,
    /// It was there, and broke.
    Lost,
}

impl Error {
    /// A hook's refusal: it rolls the operation back and is distinguishable from a failure (L24).
    ///
    /// ```
    /// use tripline_core::Error;
    /// assert!(Error::reject("a closed task cannot be reopened").is_rejected());
    /// ```
    pub fn reject(reason: impl Into<String>) -> Error {
        Error::Rejected(Box::new(Rejection { reason: reason.into() }))
    }

    /// Carries an error of the application; it comes back as [`source`](std::error::Error::source), unchanged.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use tripline_core::Error;
    /// let error = Error::custom(std::fmt::Error);
    /// assert!(error.source().unwrap().is::<std::fmt::Error>());
    /// ```
    pub fn custom(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Custom(Arc::from(error.into()))
    }

    /// Something in the operation makes no sense.
    pub fn invalid(reason: impl Into<String>) -> Error {
        Error::Invalid(Box::new(Invalid::new(reason)))
    }

    /// The stable code; `docs/errors.md` has a section for each.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Unique(_) => "unique",
            Error::ForeignKey(_) => "foreign_key",
            Error::Check(_) => "check",
            Error::NotNull(_) => "not_null",
            Error::Required(_) => "required",
            Error::ReadOnly(_) => "read_only",
            Error::Invalid(_) => "invalid",
            Error::Decode(_) => "decode",
            Error::NotFound(_) => "not_found",
            Error::NotUnique(_) => "not_unique",
            Error::Unfiltered(_) => "unfiltered",
            Error::TooManyRows { .. } => "too_many_rows",
            Error::Hook(_) => "hook",
            Error::Rejected(_) => "rejected",
            Error::Custom(_) => "custom",
            Error::Poisoned(_) => "poisoned",
            Error::BesideTransaction(_) => "beside_transaction",
            Error::Cancelled(_) => "cancelled",
            Error::TooDeep(_) => "too_deep",
            Error::UnknownTable(_) => "unknown_table",
            Error::UnknownDatabase(_) => "unknown_database",
            Error::Setup(_) => "setup",
            Error::Busy(_) => "busy",
            Error::Timeout { .. } => "timeout",
            Error::Serialization(_) => "serialization",
            Error::Deadlock(_) => "deadlock",
            Error::Connection(_) => "connection",
            Error::Full => "full",
            Error::Closed => "closed",
            Error::CommitUnknown(_) => "commit_unknown",
            Error::ReadOnlyTransaction(_) => "read_only_transaction",
            Error::Database(_) => "database",
        }
    }

    /// Whether the same transaction, run again from its beginning, may succeed: a serialization failure or a deadlock,
    /// also below the names of hooks. [`TxOptions`](https://docs.rs/tripline) runs such transactions again.
    ///
    /// ```
    /// # use tripline_core::Error;
    /// assert!(!Error::reject("no").is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        matches!(self.root(), Error::Serialization(_) | Error::Deadlock(_))
    }

    /// The error that started it: below the names of hooks and below a poisoned transaction.
    ///
    /// ```
    /// # use tripline_core::Error;
    /// # fn check(result: Result<(), Error>) {
    /// if let Err(Error::Unique(violation)) = result.map_err(|e| e.into_root()) {
    ///     println!("taken: {:?}", violation.columns);
    /// }
    /// # }
    /// ```
    pub fn into_root(self) -> Error {
        match self {
            Error::Hook(hook) => hook.source.into_root(),
            Error::Poisoned(first) => Arc::unwrap_or_clone(first).into_root(),
            error => error,
        }
    }

    /// Like [`into_root`](Error::into_root), by reference.
    pub fn root(&self) -> &Error {
        match self {
            Error::Hook(hook) => hook.source.root(),
            Error::Poisoned(first) => first.root(),
            error => error,
        }
    }

    /// The message with those of all causes, for logs and standard error: `a: b: c`.
    ///
    /// [`Display`](fmt::Display) alone has the last of them, the reason; this has also what lies between, such as the
    /// names of further hooks.
    ///
    /// ```
    /// # use tripline_core::Error;
    /// assert_eq!(Error::custom("no mail").with_causes().to_string(), "the application's own error: no mail");
    /// ```
    pub fn with_causes(&self) -> impl fmt::Display + '_ {
        struct WithCauses<'e>(&'e Error);
        impl fmt::Display for WithCauses<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.without_reason(f)?;
                let mut next = std::error::Error::source(self.0);
                while let Some(cause) = next {
                    f.write_str(": ")?;
                    // The reason comes by itself, as the last cause.
                    match cause.downcast_ref::<Error>() {
                        Some(error) => error.without_reason(f)?,
                        None => write!(f, "{cause}")?,
                    }
                    next = cause.source();
                }
                Ok(())
            }
        }
        WithCauses(self)
    }

    /// Whether a hook refused the operation (L24), at any depth.
    pub fn is_rejected(&self) -> bool {
        matches!(self.root(), Error::Rejected(_))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The names are this error's own; the source is what the hook returned, not a wrapper of ours.
            Error::Hook(hook) => match &hook.source {
                Error::Custom(error) => Some(&**error),
                error => Some(error),
            },
            Error::Custom(error) => Some(&**error),
            Error::Poisoned(error) | Error::CommitUnknown(error) => Some(&**error),
            Error::Decode(decode) => Some(&decode.mismatch),
            Error::Serialization(error) | Error::Deadlock(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Error::Invalid(Box::new(invalid))
    }
}

impl Violation {
    /// A violation of a constraint on these columns.
    pub fn new(table: &str, columns: Vec<String>, constraint: Option<String>) -> Box<Self> {
        Box::new(Violation { table: table.to_owned(), columns, constraint })
    }

    fn described(&self, what: &str) -> String {
        let mut text = match self.columns.as_slice() {
            [] => what.to_owned(),
            columns => format!("`{}`", columns.join("`, `")),
        };
        if !self.table.is_empty() {
            text.push_str(&format!(" of table `{}`", self.table));
        }
        if let Some(constraint) = &self.constraint {
            text.push_str(&format!(" (constraint `{constraint}`)"));
        }
        text
    }
}

impl std::error::Error for Invalid {}

impl std::error::Error for DatabaseError {}

impl std::error::Error for ConnectionError {}
