//! Of each row of a list the row in the table that the database takes to have the same values.

use std::{borrow::Cow, fmt::Write as _};

use tripline_core::{ColumnType, Error, Kind, Result, RowSet, TableRef, Value};

use super::row_lock;
use crate::{Param, Sql};

/// `SELECT columns FROM table WHERE column = ? AND ..`: the row with these values. For SQLite.
pub fn find_by<'s>(sql: &mut Sql<'s>, table: TableRef, by: &[u16], values: &'s [Value], columns: &[u16]) {
    sql.push("SELECT ");
    sql.columns(table, columns.iter().copied());
    sql.push(" FROM ");
    sql.name(table.name);
    for (i, (column, value)) in by.iter().zip(values).enumerate() {
        sql.push(if i == 0 { " WHERE " } else { " AND " });
        sql.column(table, *column);
        sql.push(" = ");
        sql.column_value(table, *column, value);
    }
}

/// `SELECT v.n, .. FROM table AS t, unnest(..) WITH ORDINALITY AS v(..) WHERE t.column = v.k0 AND .. ORDER BY key`: at
/// most `limit` rows, each behind the number of the row of `by` whose values it has, from 0. For PostgreSQL.
pub fn find_each<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    by: &'s RowSet,
    columns: &[u16],
    lock: Option<Kind>,
    limit: u64,
) -> Result<()> {
    sql.qualifier = Some("t");
    sql.push("SELECT \"v\".\"n\" - 1");
    for column in columns {
        sql.push(", ");
        sql.column(table, *column);
    }
    sql.push(" FROM ");
    sql.name(table.name);
    sql.push(" AS \"t\", unnest(");
    for index in 0..by.columns.len() {
        if index > 0 {
            sql.push(", ");
        }
        sql.column_array(table, by, index)?;
    }
    sql.push(") WITH ORDINALITY AS \"v\"(");
    (0..by.columns.len()).for_each(|i| _ = write!(sql.text, "\"k{i}\", "));
    sql.push("\"n\")");
    for (i, column) in by.columns.iter().enumerate() {
        sql.push(if i == 0 { " WHERE " } else { " AND " });
        sql.column(table, *column);
        _ = write!(sql.text, " = \"v\".\"k{i}\"");
    }
    sql.order_by_key(table);
    sql.limit(limit);
    if let Some(lock) = lock.and_then(row_lock) {
        sql.push(lock);
        sql.push(" OF \"t\"");
    }
    sql.qualifier = None;
    Ok(())
}

impl<'s> Sql<'s> {
    /// One column's values as an array of the type that the column has in the database.
    ///
    /// What is text here may there be of a type that is compared otherwise, like `citext`. So the array is sent without
    /// a type, and the server finds that beside the table's own column.
    fn column_array(&mut self, table: TableRef, by: &'s RowSet, index: usize) -> Result<()> {
        let column = by.columns[index];
        let ty = table.columns[usize::from(column)].ty;
        if !matches!(ty, ColumnType::Text | ColumnType::Enum(_)) {
            self.typed_array(Param::Column { rows: &by.values, width: by.columns.len(), index, ty });
            return Ok(());
        }
        let literal = array_literal(by.iter().map(|row| &row[index]))?;
        let qualifier = self.qualifier.take();
        self.push("coalesce(");
        self.value(Cow::Owned(Value::Text(literal)), None);
        self.push(", ARRAY(SELECT ");
        self.column(table, column);
        self.push(" FROM ");
        self.name(table.name);
        self.push(" LIMIT 0))");
        self.qualifier = qualifier;
        Ok(())
    }
}

/// Texts as PostgreSQL writes an array.
fn array_literal<'v>(values: impl Iterator<Item = &'v Value>) -> Result<String> {
    let mut literal = String::from("{");
    for value in values {
        let Value::Text(text) = value else {
            let why = format!("a text is compared with a value of type {}", value.type_name());
            return Err(Error::invalid(why));
        };
        if literal.len() > 1 {
            literal.push(',');
        }
        literal.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    Ok(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_keeps_what_its_own_signs_are_in_texts() {
        let texts = ["a", "", "NULL", "{,}", "\"\\"].map(|text| Value::Text(text.to_owned()));
        let literal = array_literal(texts.iter()).unwrap();
        assert_eq!(literal, r#"{"a","","NULL","{,}","\"\\"}"#);
        assert!(array_literal([Value::Int(1)].iter()).is_err());
    }
}
