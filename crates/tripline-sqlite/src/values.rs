//! Values on their way into SQLite and back.
//!
//! Timestamps are integers of microseconds since 1970, dates text (`2013-01-31`), UUIDs 16 bytes, truth 0 or 1:
//! forms whose order is the values' order.

use jiff::Timestamp;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};
use tripline_core::{ColumnType, Decode, Error, Mismatch, Result, TableRef, Value};
use uuid::Uuid;

/// A value as a parameter, without a copy where SQLite has the type.
pub(crate) struct Bind<'a>(pub(crate) &'a Value);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Bool(b) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*b))),
            Value::Int(i) => ToSqlOutput::Borrowed(ValueRef::Integer(*i)),
            Value::Float(x) => ToSqlOutput::Borrowed(ValueRef::Real(*x)),
            Value::Text(text) | Value::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Timestamp(at) => ToSqlOutput::Borrowed(ValueRef::Integer(at.as_microsecond())),
            Value::Uuid(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Value::Date(date) => ToSqlOutput::Owned(Owned::Text(date.to_string())),
            other => {
                let error = format!("SQLite has no form for {}", other.type_name());
                return Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
            }
        })
    }
}

/// Adds a stored value as the column's type.
///
/// The usual ones are made where they stay: moving what was just made took longer than making it.
#[inline]
pub(crate) fn read(
    stored: ValueRef<'_>,
    table: TableRef,
    column: u16,
    values: &mut Vec<Value>,
) -> Result<()> {
    let ty = table.columns[usize::from(column)].ty;
    match (stored, ty) {
        (ValueRef::Integer(i), ColumnType::Int) => values.push(Value::Int(i)),
        (ValueRef::Null, _) => values.push(Value::Null),
        (ValueRef::Text(bytes), ColumnType::Text) => match text(bytes) {
            Ok(text) => values.push(Value::Text(text)),
            Err(mismatch) => return Err(mismatched(table, column, mismatch)),
        },
        _ => values.push(typed(stored, ty).map_err(|mismatch| mismatched(table, column, mismatch))?),
    }
    Ok(())
}

#[cold]
fn mismatched(table: TableRef, column: u16, mismatch: Mismatch) -> Error {
    let column = table.columns[usize::from(column)].name;
    Error::Decode(Box::new(Decode::new(table.name, column, mismatch)))
}

#[inline]
fn typed(stored: ValueRef<'_>, ty: ColumnType) -> Result<Value, Mismatch> {
    let mismatch = |expected| Mismatch { expected, found: storage_class(stored) };
    Ok(match (stored, ty) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(i), ColumnType::Int) => Value::Int(i),
        (ValueRef::Text(bytes), ColumnType::Text | ColumnType::Enum(_)) => Value::Text(text(bytes)?),
        (ValueRef::Real(x), ColumnType::Float) => Value::Float(x),
        (ValueRef::Integer(i @ (0 | 1)), ColumnType::Bool) => Value::Bool(i == 1),
        (ValueRef::Integer(i), ColumnType::Timestamp) => {
            // By nanoseconds: `from_microsecond` refuses the last second that a timestamp can have.
            let at = Timestamp::from_nanosecond(i128::from(i) * 1_000);
            Value::Timestamp(at.map_err(|_| mismatch("a timestamp in range"))?)
        }
        (ValueRef::Text(bytes), ColumnType::Date) => {
            Value::Date(text(bytes)?.parse().map_err(|_| mismatch("a date such as 2013-01-31"))?)
        }
        (ValueRef::Text(bytes), ColumnType::Json) => Value::Json(text(bytes)?),
        (ValueRef::Blob(bytes), ColumnType::Bytes) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Blob(bytes), ColumnType::Uuid) => {
            Value::Uuid(Uuid::from_slice(bytes).map_err(|_| mismatch("a uuid of 16 bytes"))?)
        }
        _ => return Err(mismatch("a value of the column's type")),
    })
}

/// A value of the application's own SQL, by how SQLite stores it.
pub(crate) fn read_untyped(stored: ValueRef<'_>) -> Result<Value, Mismatch> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Int(i),
        ValueRef::Real(x) => Value::Float(x),
        ValueRef::Text(bytes) => Value::Text(text(bytes)?),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    })
}

fn text(bytes: &[u8]) -> Result<String, Mismatch> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Mismatch { expected: "text in UTF-8", found: "other bytes" }),
    }
}

fn storage_class(stored: ValueRef<'_>) -> &'static str {
    match stored {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "another integer",
        ValueRef::Real(_) => "a real",
        ValueRef::Text(_) => "other text",
        ValueRef::Blob(_) => "other bytes",
    }
}
