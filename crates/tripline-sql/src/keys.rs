//! Keys that the database assigns. For PostgreSQL: SQLite tells each key by itself, and sees those that are given.

use std::borrow::Cow;

use tripline_core::{ColumnType, TableRef, Value};

use crate::Sql;

/// Makes assigned keys go on behind this one, which was given by the caller, if they are not there yet. Nothing is
/// written if the database assigns none, or none so small. To be sent before the insert; what it gives back means
/// nothing.
pub fn advance_keys(sql: &mut Sql<'_>, table: TableRef, largest: i64) {
    let Some(key) = table.assigned_key().filter(|_| largest > 0) else { return };
    // A step of usual size is made by taking keys: that never goes back, whoever else takes some.
    sql.push("WITH \"s\" AS MATERIALIZED (SELECT ");
    sql.sequence(table, key);
    sql.push(" AS \"s\"), \"g\" AS MATERIALIZED (SELECT \"s\", ");
    sql.value(Cow::Owned(Value::Int(largest)), Some(ColumnType::Int));
    sql.push(
        "::int8 AS \"to\", $3::int8 - coalesce(pg_sequence_last_value(\"s\"), 0) AS \"gap\" FROM \"s\" ",
    );
    // Who may insert rows need not have a right to their sequence, whose keys are assigned without one.
    sql.push("WHERE has_sequence_privilege(\"s\", 'USAGE') AND has_sequence_privilege(\"s\", 'UPDATE')) ");
    // Of two who set a sequence, which knows no transactions, the second could set it back: a large step locks.
    sql.push("SELECT CASE WHEN \"gap\" <= 100000 THEN nextval(\"s\") ELSE (");
    sql.push("SELECT setval(\"s\", greatest(\"to\", coalesce(pg_sequence_last_value(\"s\"), 0))) ");
    sql.push("FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 8390884987320757861)) AS \"l\" OFFSET 0) AS \"l\" ");
    sql.push("WHERE \"l\".\"l\" IS NOT NULL) END ");
    sql.push("FROM \"g\", generate_series(1, CASE WHEN \"gap\" > 100000 THEN 1 ELSE \"gap\" END)");
}

/// A name as it stands in SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Sql<'_> {
    /// The sequence that the keys come from.
    fn sequence(&mut self, table: TableRef, key: u16) {
        let text = |text: String| Cow::Owned(Value::Text(text));
        // The one name is read as SQL is, the other as it stands.
        self.push("pg_get_serial_sequence(");
        self.value(text(quoted(table.name)), Some(ColumnType::Text));
        self.push(", ");
        self.value(text(table.columns[usize::from(key)].name.to_owned()), Some(ColumnType::Text));
        self.push(")::regclass");
    }

    /// So many rows, to select from where only their number counts.
    pub(crate) fn rows_without_columns(&mut self, rows: u64) {
        self.push("generate_series(1, ");
        self.row_number(rows);
        self.push("::int8)");
    }
}
