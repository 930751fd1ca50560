//! Inserts as SQL.

use tripline_core::{Conflict, Result, Slot, TableRef, Value};

use crate::{Param, Sql};

/// `INSERT INTO table (..) VALUES (?, ..)`: one row with all columns, whose values the driver binds. For SQLite.
pub fn insert(sql: &mut Sql<'_>, table: TableRef) {
    sql.insert_into(table, &all(table));
    sql.push(" VALUES (");
    for i in 0..table.columns.len() {
        sql.push(if i == 0 { "?" } else { ", ?" });
    }
    sql.push(")");
}

/// `INSERT INTO table (..) VALUES ($1, ..)`: one row.
///
/// A key that the database assigns and that is null is left out, and given back. For PostgreSQL.
pub fn insert_one<'s>(sql: &mut Sql<'s>, table: TableRef, row: &'s [Value]) {
    let (columns, assigned) = given(table, row);
    sql.row_values(table, columns, row);
    sql.returning_key(table, assigned);
}

/// `INSERT INTO table (..) SELECT unnest($1::int8[]), ..`: many rows; one array for each column, so that the text is
/// the same for any number of rows. Behind FROM the server would first put the rows aside, which is slower by a tenth.
///
/// A key that the database assigns and that is null in the first row is left out of all, and given back: keys are
/// assigned in the order of the rows. For PostgreSQL.
pub fn insert_many<'s>(sql: &mut Sql<'s>, table: TableRef, rows: &'s [Value]) {
    let assigned = sql.row_arrays(table, rows);
    sql.returning_key(table, assigned);
}

/// `INSERT INTO table (..) .. ON CONFLICT (..) DO ..`: rows of which some may be there.
///
/// On SQLite it is one row. On PostgreSQL a key that the database assigns is null in all rows or in none.
pub fn upsert<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    rows: &'s [Value],
    conflict: &'s Conflict,
    returning: &[u16],
) -> Result<()> {
    if rows.len() == table.columns.len() {
        let (columns, _) = given(table, rows);
        sql.row_values(table, columns, rows);
    } else {
        sql.row_arrays(table, rows);
    }
    sql.push(" ON CONFLICT (");
    sql.columns(table, conflict.target.iter().copied());
    sql.push(") DO ");
    match &conflict.update {
        None => sql.push("NOTHING"),
        Some(update) => {
            sql.push("UPDATE");
            let mut before = " SET ";
            for &column in &update.excluded {
                sql.push(before);
                before = ", ";
                sql.column(table, column);
                sql.push(" = excluded.");
                sql.column(table, column);
            }
            for (column, slot) in (0..).zip(&update.set).filter(|(_, slot)| !matches!(slot, Slot::Unset)) {
                sql.push(before);
                before = ", ";
                sql.column(table, column);
                sql.push(" = ");
                match slot {
                    Slot::Unset => {}
                    Slot::To(value) | Slot::Default(value) => sql.column_value(table, column, value),
                    Slot::Expr(node) => {
                        // Without it, PostgreSQL could not tell which of the two rows is meant.
                        sql.qualifier = Some(table.name);
                        sql.column_node(table, column, node)?;
                        sql.qualifier = None;
                    }
                }
            }
        }
    }
    if !returning.is_empty() {
        sql.push(" RETURNING ");
        sql.columns(table, returning.iter().copied());
    }
    Ok(())
}

fn all(table: TableRef) -> Vec<u16> {
    (0..table.columns.len() as u16).collect()
}

/// The columns that are inserted, and the key that is left to the database to assign.
fn given(table: TableRef, rows: &[Value]) -> (Vec<u16>, Option<u16>) {
    let is_left = |key: &u16| rows.get(usize::from(*key)).is_some_and(Value::is_null);
    let assigned = table.assigned_key().filter(is_left);
    (all(table).into_iter().filter(|column| Some(*column) != assigned).collect(), assigned)
}

impl<'s> Sql<'s> {
    /// One row as values.
    fn row_values(&mut self, table: TableRef, columns: Vec<u16>, row: &'s [Value]) {
        if columns.is_empty() {
            self.push("INSERT INTO ");
            self.name(table.name);
            self.push(" DEFAULT VALUES");
            return;
        }
        self.insert_into(table, &columns);
        self.push(" VALUES (");
        for (i, column) in columns.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.column_value(table, column, &row[usize::from(column)]);
        }
        self.push(")");
    }

    /// Rows as an array for each column; gives the key that is left to the database.
    fn row_arrays(&mut self, table: TableRef, rows: &'s [Value]) -> Option<u16> {
        let (columns, assigned) = given(table, rows);
        let width = table.columns.len();
        if columns.is_empty() {
            // Nothing but keys: as many as there are rows.
            self.push("INSERT INTO ");
            self.name(table.name);
            self.push(" SELECT FROM ");
            self.rows_without_columns((rows.len() / width) as u64);
            return assigned;
        }
        self.insert_into(table, &columns);
        for (i, column) in columns.into_iter().enumerate() {
            self.push(if i == 0 { " SELECT unnest(" } else { ", unnest(" });
            let index = usize::from(column);
            self.typed_array(Param::Column { rows, width, index, ty: table.columns[index].ty });
            self.push(")");
        }
        assigned
    }

    fn returning_key(&mut self, table: TableRef, key: Option<u16>) {
        if let Some(key) = key {
            self.push(" RETURNING ");
            self.column(table, key);
        }
    }

    fn insert_into(&mut self, table: TableRef, columns: &[u16]) {
        self.push("INSERT INTO ");
        self.name(table.name);
        self.push(" (");
        self.columns(table, columns.iter().copied());
        self.push(")");
    }
}
