//! Inserts as SQL.

use tripline_core::{TableRef, Value};

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
    if columns.is_empty() {
        sql.push("INSERT INTO ");
        sql.name(table.name);
        sql.push(" DEFAULT VALUES");
    } else {
        sql.insert_into(table, &columns);
        sql.push(" VALUES (");
        for (i, column) in columns.into_iter().enumerate() {
            if i > 0 {
                sql.push(", ");
            }
            sql.column_value(table, column, &row[usize::from(column)]);
        }
        sql.push(")");
    }
    sql.returning_key(table, assigned);
}

/// `INSERT INTO table (..) SELECT unnest($1::int8[]), ..`: many rows; one array for each column, so that the text is
/// the same for any number of rows. Behind FROM the server would first put the rows aside, which is slower by a tenth.
///
/// A key that the database assigns and that is null in the first row is left out of all, and given back: keys are
/// assigned in the order of the rows. For PostgreSQL.
pub fn insert_many<'s>(sql: &mut Sql<'s>, table: TableRef, rows: &'s [Value]) {
    let (columns, assigned) = given(table, rows);
    let width = table.columns.len();
    if columns.is_empty() {
        // Nothing but keys: as many as there are rows.
        sql.push("INSERT INTO ");
        sql.name(table.name);
        sql.push(" SELECT FROM ");
        sql.rows_without_columns((rows.len() / width) as u64);
    } else {
        sql.insert_into(table, &columns);
        for (i, column) in columns.into_iter().enumerate() {
            sql.push(if i == 0 { " SELECT unnest(" } else { ", unnest(" });
            let index = usize::from(column);
            sql.typed_array(Param::Column { rows, width, index, ty: table.columns[index].ty });
            sql.push(")");
        }
    }
    sql.returning_key(table, assigned);
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

impl Sql<'_> {
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
