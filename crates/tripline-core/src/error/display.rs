//! What errors say.

use std::{
    fmt::{self, Display, Write as _},
    time::Duration,
};

use super::{
    BesideTransaction, Chain, ConnectionError, ConnectionErrorKind, DatabaseError, Decode, Error, Invalid,
};
use crate::{Cause, HookName, Origin, Phase};

/// The message, and the reason behind it where the message only says who passes it on.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_reason(f)?;
        match (self, self.root()) {
            (Error::Hook(_) | Error::Poisoned(_) | Error::Custom(_), Error::Custom(reason)) => {
                write!(f, ": {reason}")
            }
            (Error::Hook(_) | Error::Poisoned(_), reason) => write!(f, ": {reason}"),
            (Error::CommitUnknown(reason), _) => write!(f, ": {reason}"),
            (Error::Decode(d), _) => write!(f, ": {}", d.mismatch),
            _ => Ok(()),
        }
    }
}

impl Error {
    /// The message without what its sources say.
    pub(super) fn without_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unique(v) => write!(f, "a row with the same {} exists", v.described("value")),
            Error::ForeignKey(v) => write!(
                f,
                "a row that is referred to does not exist or is still needed: {}",
                v.described("foreign key")
            ),
            Error::Check(v) => write!(f, "a check failed: {}", v.described("check")),
            Error::NotNull(v) => write!(f, "null is not allowed: {}", v.described("column")),
            Error::Required(v) => write!(f, "values are missing: {}", v.described("columns")),
            Error::ReadOnly(v) => write!(f, "only hooks may set this: {}", v.described("column")),
            Error::Invalid(i) => i.fmt(f),
            Error::Decode(d) => d.fmt(f),
            Error::NotFound(k) => write!(f, "no row of table `{}` matches", k.table),
            Error::NotUnique(k) => write!(f, "more than one row of table `{}` matches", k.table),
            Error::Unfiltered(k) => {
                write!(
                    f,
                    "{} of table `{}` without a filter: add `.filter(..)`, or `.all_rows()` if all rows are meant",
                    k.kind, k.table
                )
            }
            Error::TooManyRows { operation, limit } => write!(
                f,
                "{} of table `{}` touches more than {limit} rows, which its hooks need in memory: filter it into batches, or raise `max_hook_rows`",
                operation.kind, operation.table
            ),
            Error::Hook(h) => {
                write!(f, "{} in {} of {} of table `{}` failed", h.hook, h.phase, h.operation, h.table)
            }
            Error::Rejected(r) => write!(f, "rejected: {}", r.reason),
            Error::Custom(_) => write!(f, "the application's own error"),
            Error::Poisoned(_) => {
                write!(f, "an earlier operation of this transaction failed, it can only be rolled back")
            }
            Error::BesideTransaction(b) => b.fmt(f),
            Error::Cancelled(k) if k.table.is_empty() => {
                write!(
                    f,
                    "a nested transaction, or SQL of the application's own, was dropped before it was done"
                )
            }
            Error::Cancelled(k) => {
                write!(f, "{} of table `{}` was dropped before it was done", k.kind, k.table)
            }
            Error::TooDeep(c) => c.fmt(f),
            Error::UnknownDatabase(name) => write!(f, "no sink takes what is sent to database `{name}`"),
            Error::UnknownTable(t) => write!(f, "table `{t}` is not listed in `tables![..]`"),
            Error::Setup(why) => f.write_str(why),
            Error::Busy(limit) => {
                write!(f, "the database was locked by another connection for more than {}", Limit(*limit))
            }
            Error::Timeout { what, limit } => {
                write!(f, "{what} took more than {}", Limit(*limit))?;
                // Most often all are held by transactions in which someone reads through `db`.
                f.write_str(match *what {
                    "waiting for a connection" => {
                        ": where a transaction is open, read through its `tx`, not through `db`, which waits for \
                         another connection; else raise `pool_size` (on SQLite `readers`)"
                    }
                    _ => "",
                })
            }
            Error::Serialization(_) => {
                write!(f, "the transaction met another one that changed the same data")
            }
            Error::Deadlock(_) => write!(f, "the transaction and another one waited for each other"),
            Error::Connection(c) => c.fmt(f),
            Error::Full => write!(f, "the disk or the database is full"),
            Error::Closed => write!(f, "the database is closed"),
            Error::CommitUnknown(_) => write!(f, "it is unknown whether the transaction is durable"),
            Error::ReadOnlyTransaction(k) if k.table.is_empty() => {
                f.write_str("`raw_execute` in a transaction that only reads")
            }
            Error::ReadOnlyTransaction(k) => {
                write!(f, "{} of table `{}` in a transaction that only reads", k.kind, k.table)
            }
            Error::Database(d) => d.fmt(f),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.table, self.column) {
            (Some(table), Some(column)) => write!(f, "`{table}.{column}`: {}", self.reason),
            (Some(table), None) => write!(f, "table `{table}`: {}", self.reason),
            _ => f.write_str(&self.reason),
        }
    }
}

/// Without the mismatch, which is the error's source.
impl fmt::Display for Decode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match (self.table, &self.database_type) {
            ("", _) if column.is_empty() => f.write_str("a value of the result cannot be read"),
            ("", None) => write!(f, "column `{column}` of the result cannot be read"),
            ("", Some(ty)) => write!(
                f,
                "column `{column}` of the result, which is `{ty}` in the database, cannot be read: cast it in the SQL, \
                 say to text"
            ),
            (table, None) => write!(f, "a stored value of `{table}.{column}` has the wrong type"),
            (table, Some(ty)) => {
                write!(
                    f,
                    "a stored value of `{table}.{column}`, which is `{ty}` in the database, has the wrong type"
                )
            }
        }
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookName::Type(path) => write!(f, "the hook of `{path}`"),
            HookName::Place(place) => write!(f, "the hook at {}:{}", place.file(), place.line()),
        }
    }
}

impl fmt::Display for Phase {
    /// As its hook's function is called: `before_create`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in format!("{self:?}").chars().enumerate() {
            if i > 0 && c.is_ascii_uppercase() {
                f.write_char('_')?;
            }
            f.write_char(c.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Hook(hook) => hook.fmt(f),
            Cause::Planned(hook) => write!(f, "planned by {hook}"),
            Cause::Cascade => f.write_str("a cascade"),
            Cause::Upsert => f.write_str("an upsert"),
        }
    }
}

impl fmt::Display for BesideTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Some(kept) => write!(
                f,
                "{} of table `{}` through a `Db` inside that database's open transaction",
                kept.kind, kept.table
            )?,
            None => write!(f, "a `Db` was used inside its own open transaction")?,
        }
        match &self.hook {
            Some(hook) => write!(f, ", in {hook}: use the hook's `tx`"),
            None => write!(f, ": use `tx` (for a nested transaction, `tx.tx`)"),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operations made in hooks nest deeper than {}:", self.limit)?;
        for (i, step) in self.steps.iter().enumerate() {
            let same = |before: &Origin| (before.kind, before.table) == (step.kind, step.table);
            let repeats = self.steps[..i].iter().any(same);
            write!(f, "\n  {}{} {}", if repeats { "again: " } else { "" }, step.kind, step.table)?;
            if let Some(cause) = step.cause {
                write!(f, ", {cause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ConnectionErrorKind::Unreachable => "the database cannot be reached",
            ConnectionErrorKind::Denied => "the database's server did not let us in",
            ConnectionErrorKind::NoDatabase => "the server has no such database",
            ConnectionErrorKind::Lost => "the connection to the database was lost",
        };
        write!(f, "{what}: {}", self.message)
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)?;
        if let Some(sql) = &self.sql {
            write!(f, " in: {sql}")?;
        }
        Ok(())
    }
}

/// A limit as it is said; zero is one that is not ours.
struct Limit(Duration);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_zero() {
            true => f.write_str("the server allows"),
            false => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests;
