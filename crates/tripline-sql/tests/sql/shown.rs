//! SQL as the tests compare it.

use tripline_core::{ColumnType, Value};
use tripline_sql::{Dialect, Param, Sql};

pub(crate) const SQLITE: Dialect = Dialect::Sqlite;
pub(crate) const PG15: Dialect = Dialect::Postgres { version: 15 };
pub(crate) const PG18: Dialect = Dialect::Postgres { version: 18 };

/// The text, and behind it the parameters with their types: `$1 IS NULL -- Int 1`.
pub(crate) fn shown<'s>(dialect: Dialect, write: impl FnOnce(&mut Sql<'s>)) -> String {
    let mut sql = Sql::new(dialect, String::new());
    write(&mut sql);
    let params: Vec<String> = sql.params.iter().map(param).collect();
    match params.is_empty() {
        true => sql.text,
        false => format!("{} -- {}", sql.text, params.join("; ")),
    }
}

/// The text alone.
pub(crate) fn text<'s>(dialect: Dialect, write: impl FnOnce(&mut Sql<'s>)) -> String {
    let mut sql = Sql::new(dialect, String::new());
    write(&mut sql);
    sql.text
}

fn param(param: &Param<'_>) -> String {
    let ty = match param.ty() {
        ColumnType::Enum(_) => "Enum".to_owned(),
        ty => format!("{ty:?}"),
    };
    match param.array() {
        None => format!("{ty} {}", param.value().map(value).unwrap_or_default()),
        Some(values) => format!("{ty}[{}]", values.map(value).collect::<Vec<_>>().join(",")),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Text(text) | Value::Json(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
