//! Which foreign key a statement violated: SQLite says only that one was.
//!
//! So the rows of the failed statement are looked at once more, on the same connection, and only after a failure.

use tripline_core::{Slot, Statement, TableDesc, TableRef, Value, Violation};
use tripline_sql::{Dialect, Keys, Param, Sql, Target};

use crate::{connection::Connection, values::Bind};

/// The violated foreign key; empty if it cannot be found, say because the application's own SQL failed.
pub(crate) fn violation(connection: &Connection, statement: Option<&Statement<'_>>) -> Box<Violation> {
    let found = match statement {
        Some(Statement::Insert { table, rows }) => missing_of(connection, table, rows),
        Some(Statement::Upsert { table, rows, .. }) => missing_of(connection, table, rows),
        Some(Statement::Update { table, patches, .. }) => {
            let width = table.columns.len();
            patches.iter().enumerate().find_map(|(i, slot)| match slot {
                Slot::To(value) => missing(connection, table, (i % width) as u16, value),
                _ => None,
            })
        }
        Some(Statement::Delete { table, filter, keys, .. }) => {
            let keys: Vec<Keys<'_>> = match keys {
                Some(keys) => keys.iter().map(Keys::One).collect(),
                None => vec![Keys::Any],
            };
            let target = |keys| Target { filter: *filter, keys, returning: &[] };
            keys.into_iter().find_map(|keys| still_needed(connection, table, target(keys)))
        }
        _ => None,
    };
    found.unwrap_or_default()
}

/// Whether a row that one of these refers to is not there.
fn missing_of(connection: &Connection, table: &TableDesc, rows: &[Value]) -> Option<Box<Violation>> {
    let columns = || table.columns.iter().enumerate();
    rows.chunks(table.columns.len())
        .find_map(|row| columns().find_map(|(i, _)| missing(connection, table, i as u16, &row[i])))
}

/// Whether the row that this value refers to is not there.
fn missing(connection: &Connection, table: &TableDesc, column: u16, value: &Value) -> Option<Box<Violation>> {
    let reference = table.columns[usize::from(column)].references.as_ref()?;
    if value.is_null() {
        return None;
    }
    let sql =
        format!("SELECT 1 FROM {} WHERE {} = ?", quoted(reference.table().name), quoted(reference.target()));
    let found = connection.raw.prepare_cached(&sql).and_then(|mut s| s.exists([Bind(value)]));
    matches!(found, Ok(false)).then(|| named(table, column))
}

/// Whether another row refers to one of those to be deleted.
fn still_needed(connection: &Connection, table: TableRef, target: Target<'_>) -> Option<Box<Violation>> {
    for child in connection.tables.iter() {
        for (i, column) in child.columns.iter().enumerate() {
            let Some(reference) = column.references.as_ref() else { continue };
            if reference.table().name != table.name {
                continue;
            }
            // The rows to be deleted, written as the delete itself, with another head.
            let mut doomed = Sql::new(Dialect::Sqlite, String::new());
            if tripline_sql::delete(&mut doomed, table, target).is_err() {
                continue;
            }
            let sql = format!(
                "SELECT 1 FROM {} WHERE {} IN (SELECT {} {})",
                quoted(child.name),
                quoted(column.name),
                quoted(reference.target()),
                doomed.text.trim_start_matches("DELETE "),
            );
            let params = rusqlite::params_from_iter(doomed.params.iter().filter_map(Param::value).map(Bind));
            let found = connection.raw.prepare_cached(&sql).and_then(|mut s| s.exists(params));
            if matches!(found, Ok(true)) {
                return Some(named(child, i as u16));
            }
        }
    }
    None
}

fn named(table: &TableDesc, column: u16) -> Box<Violation> {
    let desc = &table.columns[usize::from(column)];
    let constraint = desc.references.as_ref().map(|r| r.database_name(table, column));
    Violation::new(table.name, vec![desc.name.to_owned()], constraint)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
