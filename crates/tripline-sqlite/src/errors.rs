//! SQLite's errors as Tripline's: constraints by table, columns and name.

use std::{sync::Arc, time::Duration};

use rusqlite::ffi;
use tripline_core::{DatabaseError, Error, Invalid, Statement, TableRef, Violation};

use crate::{connection::Connection, execute::without_mark, foreign_keys, limits::Interrupted};

/// Why a flight did not go through.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another connection has the lock: worth another try.
    Busy,
    /// A read that takes long: to be run on a blocking thread.
    Long,
    /// This.
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Failed(error)
    }
}

impl Connection {
    /// What an error of this statement means.
    pub(crate) fn trouble(
        &self,
        error: rusqlite::Error,
        statement: Option<&Statement<'_>>,
        sql: &str,
    ) -> Trouble {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Trouble::Failed(database_error(error, Some(sql)));
        };
        let message = message.as_deref().unwrap_or_default();
        Trouble::Failed(match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => {
                let (table, columns) = columns_in(&self.tables, message);
                let constraint = constraint_name(&self.tables, table, &columns);
                Error::Unique(Violation::new(table, columns, constraint))
            }
            ffi::SQLITE_CONSTRAINT_NOTNULL => {
                let (table, columns) = columns_in(&self.tables, message);
                Error::NotNull(Violation::new(table, columns, None))
            }
            ffi::SQLITE_CONSTRAINT_CHECK => {
                Error::Check(check_violation(&self.tables, statement.and_then(table_of), message))
            }
            // RESTRICT is carried out by a trigger, and so is reported as one.
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER
                if message.contains("FOREIGN KEY") =>
            {
                Error::ForeignKey(foreign_keys::violation(self, statement))
            }
            ffi::SQLITE_CONSTRAINT_DATATYPE => Error::Invalid(Box::new(misfit(&self.tables, message))),
            code => match code & 0xff {
                ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => return Trouble::Busy,
                // The log was written, whether it is on the disk nobody knows.
                ffi::SQLITE_IOERR if code == ffi::SQLITE_IOERR_FSYNC => {
                    Error::CommitUnknown(Arc::new(database_error(error, Some(sql))))
                }
                ffi::SQLITE_FULL => Error::Full,
                ffi::SQLITE_INTERRUPT => match self.limits.reason() {
                    Interrupted::TooLongInline => return Trouble::Long,
                    Interrupted::StatementTimeout => {
                        Error::Timeout { what: "a statement", limit: self.limits.statement() }
                    }
                    Interrupted::Cancelled | Interrupted::Elsewhere => database_error(error, Some(sql)),
                },
                ffi::SQLITE_AUTH => Error::invalid(
                    "SQL of the application may not begin or end transactions or savepoints, attach databases or \
                     change the connection's settings: these are the engine's",
                ),
                _ => database_error(error, Some(sql)),
            },
        })
    }
}

/// An error that has no variant of its own.
pub(crate) fn database_error(error: rusqlite::Error, sql: Option<&str>) -> Error {
    let (code, message) = match &error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            (Some(failure.extended_code), message.clone().unwrap_or_else(|| failure.to_string()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => (Some(error.extended_code), msg.clone()),
        other => (None, other.to_string()),
    };
    let code = code.map_or_else(|| "SQLite".to_owned(), |code| format!("SQLite {code}"));
    let sql = sql.map(|sql| without_mark(sql).to_owned());
    Error::Database(Box::new(DatabaseError { code, message, sql }))
}

pub(crate) fn busy(limit: Duration) -> Error {
    Error::Busy(limit)
}

/// `UNIQUE constraint failed: users.email, users.org` names table and columns; names may have dots themselves.
fn columns_in<'m>(tables: &[TableRef], message: &'m str) -> (&'m str, Vec<String>) {
    let Some((_, list)) = message.split_once(": ") else { return ("", Vec::new()) };
    let split = |name: &'m str| {
        let fits =
            |table: &&TableRef| name.strip_prefix(table.name).is_some_and(|rest| rest.starts_with('.'));
        match tables.iter().filter(fits).map(|table| table.name.len()).max() {
            Some(end) => Some((&name[..end], &name[end + 1..])),
            None => name.split_once('.'),
        }
    };
    let parts: Vec<(&str, &str)> = list.split(", ").filter_map(split).collect();
    let table = parts.first().map_or("", |(table, _)| table);
    (table, parts.into_iter().map(|(_, column)| column.to_owned()).collect())
}

/// `cannot store REAL value in INTEGER column users.age`: a computed number became too large for an integer.
fn misfit(tables: &[TableRef], message: &str) -> Invalid {
    let name = message.rsplit(' ').next().unwrap_or_default();
    let column = tables.iter().find_map(|table| {
        let column = name.strip_prefix(table.name)?.strip_prefix('.')?;
        Some((table.name, table.columns[usize::from(table.column(column)?)].name))
    });
    Invalid {
        table: column.map(|(table, _)| table),
        column: column.map(|(_, column)| column),
        reason: "the value does not fit the column's type: a computed integer left 64 bits, for instance"
            .to_owned(),
    }
}

/// SQLite names the columns of a unique constraint, the description knows the constraint's name.
fn constraint_name(tables: &[TableRef], table: &str, columns: &[String]) -> Option<String> {
    let table = tables.iter().find(|t| t.name == table)?;
    let named = |list: &[u16]| {
        list.len() == columns.len()
            && list.iter().zip(columns).all(|(i, c)| table.columns[usize::from(*i)].name == c)
    };
    if let Some(index) = table.indexes.iter().find(|index| index.unique && named(index.columns)) {
        return Some(index.database_name(table));
    }
    named(table.key).then(|| format!("{}_pkey", table.name))
}

/// SQLite names the check, the description knows its table and, for checks of one column's type, the column.
fn check_violation(tables: &[TableRef], written: Option<TableRef>, message: &str) -> Box<Violation> {
    let name = message.split_once(": ").map_or(message, |(_, name)| name).to_owned();
    // A check's name need not be unique: the written table's own comes first.
    for table in written.iter().chain(tables) {
        if table.checks.iter().any(|check| check.name == name) {
            return Violation::new(table.name, Vec::new(), Some(name));
        }
        let of_column = |column: &str| name == format!("{}_{column}_check", table.name);
        if let Some(column) = table.columns.iter().find(|column| of_column(column.name)) {
            return Violation::new(table.name, vec![column.name.to_owned()], Some(name));
        }
    }
    Violation::new("", Vec::new(), Some(name))
}

/// The table that a statement writes.
fn table_of(statement: &Statement<'_>) -> Option<TableRef> {
    match statement {
        Statement::Insert { table, .. }
        | Statement::Upsert { table, .. }
        | Statement::Update { table, .. }
        | Statement::Delete { table, .. } => Some(table),
        _ => None,
    }
}
