//! PostgreSQL's errors as Tripline's: constraints by table, columns and name.

use std::{borrow::Cow, collections::HashSet};

use tokio_postgres::error::{DbError, Severity, SqlState};
use tripline_core::{
    ConnectionError, ConnectionErrorKind, DatabaseError, Error, Invalid, TableRef, Violation,
};
use tripline_sql::postgres_name;

use crate::{Options, hints::hint};

/// What is needed to say what an error means.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) tables: &'c [TableRef],
    pub(crate) options: &'c Options,
    /// The tables whose statements are described before they are sent.
    pub(crate) described: Option<&'c HashSet<&'static str>>,
}

impl Context<'_> {
    /// What an error of a statement means.
    pub(crate) fn error(&self, error: &tokio_postgres::Error, sql: &str) -> Error {
        match error.as_db_error() {
            Some(error) => self.database_error(error, sql),
            None if error.is_closed() => lost(error),
            // What could not be sent: a value that is none of its type, or SQL with NUL in it.
            None => Error::Invalid(Box::new(Invalid::new(with_causes(error)))),
        }
    }

    fn database_error(&self, error: &DbError, sql: &str) -> Error {
        // By its severity alone: what the application's SQL raises may have any code.
        if let Some(Severity::Fatal | Severity::Panic) = error.parsed_severity() {
            return connection(ConnectionErrorKind::Lost, error.message());
        }
        let code = error.code();
        let plain = || Box::new(database_error(error, sql, self.tables));
        match *code {
            SqlState::UNIQUE_VIOLATION => Error::Unique(self.violation(error)),
            SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION => {
                Error::ForeignKey(self.violation(error))
            }
            SqlState::CHECK_VIOLATION => Error::Check(self.violation(error)),
            SqlState::NOT_NULL_VIOLATION => Error::NotNull(self.violation(error)),
            SqlState::T_R_SERIALIZATION_FAILURE => Error::Serialization(plain()),
            SqlState::T_R_DEADLOCK_DETECTED => Error::Deadlock(plain()),
            SqlState::LOCK_NOT_AVAILABLE => Error::Busy(self.options.lock_timeout.unwrap_or_default()),
            // Only the message tells, which may be in any language.
            SqlState::QUERY_CANCELED if error.message().contains("user request") => Error::Database(plain()),
            // Else a limit passed: ours, or one that the server has for the role or the database.
            SqlState::QUERY_CANCELED => Error::Timeout {
                what: "a statement",
                limit: self.options.statement_timeout.unwrap_or_default(),
            },
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE => Error::invalid(
                "the value does not fit the column's type: a computed number left its range, for instance",
            ),
            SqlState::CHARACTER_NOT_IN_REPERTOIRE | SqlState::UNTRANSLATABLE_CHARACTER => {
                Error::invalid("a text has a character that the database cannot store: NUL, for instance")
            }
            // A wrong number of parameters; the driver's own messages are right.
            SqlState::PROTOCOL_VIOLATION => Error::invalid(error.message()),
            SqlState::DISK_FULL => Error::Full,
            _ => Error::Database(plain()),
        }
    }

    /// The server names the constraint and its table, the descriptions know the columns.
    fn violation(&self, error: &DbError) -> Box<Violation> {
        let table = error.table().unwrap_or_default();
        let constraint = error.constraint();
        let columns = match (error.column(), constraint) {
            (Some(column), _) => vec![column.to_owned()],
            (None, Some(constraint)) => self.columns_of(table, constraint),
            (None, None) => Vec::new(),
        };
        Violation::new(table, columns, constraint.map(|name| self.full_name(table, name).into_owned()))
    }

    fn columns_of(&self, table: &str, constraint: &str) -> Vec<String> {
        let Some(table) = self.tables.iter().find(|known| known.name == table) else { return Vec::new() };
        let is_it = |name: &str| postgres_name(name) == constraint;
        let named = |columns: &[u16]| {
            columns.iter().map(|column| table.columns[usize::from(*column)].name.to_owned()).collect()
        };
        if is_it(&format!("{}_pkey", table.name)) {
            return named(table.key);
        }
        let index = table.indexes.iter().find(|index| index.unique && is_it(&index.database_name(table)));
        if let Some(index) = index {
            return named(index.columns);
        }
        let of_column = |(i, column): (usize, &tripline_core::ColumnDesc)| {
            let reference = column.references.as_ref();
            let refers = reference.is_some_and(|r| is_it(&r.database_name(table, i as u16)));
            (refers || is_it(&format!("{}_{}_check", table.name, column.name))).then_some(i as u16)
        };
        table.columns.iter().enumerate().find_map(of_column).map_or_else(Vec::new, |column| named(&[column]))
    }

    /// A name that was too long for PostgreSQL as the table's description has it.
    fn full_name<'n>(&self, table: &str, constraint: &'n str) -> Cow<'n, str> {
        let Some(table) = self.tables.iter().find(|known| known.name == table) else {
            return constraint.into();
        };
        let derived = |(i, column): (usize, &tripline_core::ColumnDesc)| {
            let reference = column.references.as_ref().map(|r| r.database_name(table, i as u16));
            reference.into_iter().chain([format!("{}_{}_check", table.name, column.name)])
        };
        let indexes = table.indexes.iter().map(|index| index.database_name(table));
        let names = indexes.chain(table.columns.iter().enumerate().flat_map(derived));
        let checks = table.checks.iter().map(|check| check.name.to_owned());
        let found = names.chain(checks).find(|name| name.len() > 63 && postgres_name(name) == constraint);
        found.map_or(constraint.into(), Into::into)
    }
}

/// An error that has no variant of its own.
fn database_error(error: &DbError, sql: &str, tables: &[TableRef]) -> DatabaseError {
    let message = match error.routine() {
        // The driver looks for it, and servers may speak other languages.
        Some("RevalidateCachedQuery") => "cached plan must not change result type",
        _ => error.message(),
    };
    DatabaseError {
        code: format!("PostgreSQL {}", error.code().code()),
        message: match hint(error, sql, tables) {
            Some(hint) => format!("{message}: {hint}"),
            None => message.to_owned(),
        },
        sql: (!sql.is_empty()).then(|| sql.to_owned()),
    }
}

/// A connection that broke.
pub(crate) fn lost(error: &tokio_postgres::Error) -> Error {
    connection(ConnectionErrorKind::Lost, &with_causes(error))
}

pub(crate) fn connection(kind: ConnectionErrorKind, message: &str) -> Error {
    Error::Connection(Box::new(ConnectionError { kind, message: message.to_owned() }))
}

/// Whether the connection is gone with this error.
pub(crate) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Connection(error) if error.kind == ConnectionErrorKind::Lost)
}

/// The message with those of all causes; tokio-postgres' own say little.
pub(crate) fn with_causes(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
