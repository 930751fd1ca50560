//! What PostgreSQL's table definitions need besides.

use tripline_core::{ColumnType, Error, Reference, Result, Schema, TableRef};

use super::is_later;
use crate::{Dialect, Sql, keys::quoted, postgres_name};

/// Lets only one create tables at a time. The number, which is all that locks of this kind have, spells "tripline".
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(8390884987320757861)";

/// JSON, kept as it was given, is never equal to anything on PostgreSQL, so it can be no key.
pub(super) fn check_keys(tables: &[TableRef]) -> Result<()> {
    for table in tables {
        for (i, column) in table.columns.iter().enumerate() {
            let is_key = table.is_key(i as u16) || column.references.is_some();
            if is_key && column.ty == ColumnType::Json {
                let why = format!(
                    "`{}.{}` holds JSON: on PostgreSQL it can be no key and refer to none",
                    table.name, column.name
                );
                return Err(Error::Setup(why.into()));
            }
        }
    }
    Ok(())
}

/// The foreign keys that had to wait for the tables they refer to, where they are not there. Of two tables that are there
/// they are, too.
pub(super) fn late_foreign_keys(
    dialect: Dialect,
    schema: &Schema<'_>,
    is_there: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let tables = schema.tables;
    let mut statements = Vec::new();
    for (i, table) in tables.iter().enumerate() {
        for (column, desc) in table.columns.iter().enumerate() {
            let late = desc.references.as_ref().filter(|r| is_later(r, &tables[i + 1..]));
            let is_made = |r: &&Reference| !is_there(table.name) || !is_there(r.table().name);
            if let Some(reference) = late.filter(is_made) {
                statements.push(add_foreign_key(dialect, schema, table, column as u16, reference));
            }
        }
    }
    statements
}

fn add_foreign_key(
    dialect: Dialect,
    schema: &Schema<'_>,
    table: TableRef,
    column: u16,
    reference: &Reference,
) -> String {
    let mut sql = Sql::inline(dialect);
    sql.push("BEGIN\n  IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = ");
    sql.text_literal(&quoted(table.name));
    sql.push("::regclass AND conname = ");
    sql.text_literal(&postgres_name(&reference.database_name(table, column)));
    sql.push(") THEN\n    ALTER TABLE ");
    sql.name(table.name);
    sql.push(" ADD ");
    sql.foreign_key(schema, table, column, reference);
    sql.push(";\n  END IF;\nEND");
    // The block is a text, and what ends it may not stand in it.
    let mut mark = String::from("$do$");
    while sql.text.contains(&mark) {
        mark.insert(1, '_');
    }
    format!("DO {mark} {} {mark}", sql.text)
}
