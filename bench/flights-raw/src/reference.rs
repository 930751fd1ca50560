//! The small tables that flights refer to.

use std::path::Path;

use rusqlite::{Connection, params_from_iter};

use crate::Result;
use crate::flight::known;

/// Loads airlines, airports and planes in one transaction.
pub fn load(conn: &mut Connection, data: &Path) -> Result<()> {
    let transaction = conn.transaction()?;
    for table in ["airlines", "airports", "planes"] {
        let path = data.join(table).with_extension("csv");
        load_table(&transaction, table, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    transaction.commit()?;
    Ok(())
}

/// Inserts every record as text: a STRICT table converts text that is a number where it wants
/// a number, and refuses any other.
fn load_table(conn: &Connection, table: &str, path: &Path) -> Result<()> {
    let mut csv = csv::Reader::from_path(path)?;
    let columns: Vec<&str> = csv.headers()?.iter().collect();
    let mut insert = conn.prepare(&format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        columns.join(", "),
        vec!["?"; columns.len()].join(", ")
    ))?;
    for record in csv.records() {
        insert.execute(params_from_iter(record?.iter().map(known)))?;
    }
    Ok(())
}
