//! Statements as SQL: one function for each kind.

use std::borrow::Cow;

use tripline_core::{Node, Nulls, Query, Result, Slot, TableRef, Value};

use crate::Sql;

/// `SELECT columns FROM table ..`
pub fn find<'s>(sql: &mut Sql<'s>, table: TableRef, query: &'s Query, columns: &[u16]) -> Result<()> {
    sql.push("SELECT ");
    sql.columns(table, columns.iter().copied());
    sql.from(table, query)?;
    for (i, order) in query.order.iter().enumerate() {
        sql.push(if i == 0 { " ORDER BY " } else { ", " });
        sql.node(table, &order.by)?;
        if order.descending {
            sql.push(" DESC");
        }
        match order.nulls {
            // SQLite's own order, which an index can give.
            Nulls::Smallest => {}
            Nulls::First => sql.push(" NULLS FIRST"),
            Nulls::Last => sql.push(" NULLS LAST"),
        }
    }
    sql.window(query);
    Ok(())
}

/// `SELECT count(*) ..`; a limit counts at most so many.
pub fn count<'s>(sql: &mut Sql<'s>, table: TableRef, query: &'s Query) -> Result<()> {
    if query.limit.is_none() && query.offset.is_none() {
        sql.push("SELECT count(*)");
        return sql.from(table, query);
    }
    sql.push("SELECT count(*) FROM (SELECT 1");
    sql.from(table, query)?;
    sql.window(query);
    sql.push(")");
    Ok(())
}

/// `SELECT EXISTS (..)`
pub fn exists<'s>(sql: &mut Sql<'s>, table: TableRef, query: &'s Query) -> Result<()> {
    sql.push("SELECT EXISTS (SELECT 1");
    sql.from(table, query)?;
    sql.window(query);
    sql.push(")");
    Ok(())
}

/// `INSERT INTO table (..) VALUES (?, ..)`: one row with all columns.
pub fn insert(sql: &mut Sql<'_>, table: TableRef) {
    sql.push("INSERT INTO ");
    sql.name(table.name);
    sql.push(" (");
    sql.columns(table, 0..table.columns.len() as u16);
    sql.push(") VALUES (");
    for i in 0..table.columns.len() {
        sql.push(if i == 0 { "?" } else { ", ?" });
    }
    sql.push(")");
}

/// `UPDATE table SET .. WHERE ..`, with `key` for the row with this key.
pub fn update<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    filter: Option<&'s Node>,
    patch: &'s [Slot],
    key: Option<&'s [Value]>,
    returning: &[u16],
) -> Result<()> {
    sql.push("UPDATE ");
    sql.name(table.name);
    let mut before = " SET ";
    for (column, slot) in table.columns.iter().zip(patch) {
        if matches!(slot, Slot::Unset) {
            continue;
        }
        sql.push(before);
        before = ", ";
        sql.name(column.name);
        sql.push(" = ");
        match slot {
            Slot::Unset => {}
            Slot::To(value) | Slot::Default(value) => sql.value(Cow::Borrowed(value)),
            Slot::Expr(node) => sql.node(table, node)?,
        }
    }
    sql.chosen(table, filter, key)?;
    sql.returning(table, returning);
    Ok(())
}

/// `DELETE FROM table WHERE ..`, with `key` for the row with this key.
pub fn delete<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    filter: Option<&'s Node>,
    key: Option<&'s [Value]>,
    returning: &[u16],
) -> Result<()> {
    sql.push("DELETE FROM ");
    sql.name(table.name);
    sql.chosen(table, filter, key)?;
    sql.returning(table, returning);
    Ok(())
}

impl<'s> Sql<'s> {
    fn from(&mut self, table: TableRef, query: &'s Query) -> Result<()> {
        self.push(" FROM ");
        self.name(table.name);
        self.chosen(table, query.filter.as_ref(), None)
    }

    fn chosen(&mut self, table: TableRef, filter: Option<&'s Node>, key: Option<&'s [Value]>) -> Result<()> {
        let mut before = " WHERE ";
        for (column, value) in table.key.iter().zip(key.unwrap_or_default()) {
            self.push(before);
            before = " AND ";
            self.name(table.columns[usize::from(*column)].name);
            self.push(" = ");
            self.value(Cow::Borrowed(value));
        }
        let Some(filter) = filter else { return Ok(()) };
        self.push(before);
        if key.is_some() {
            self.push("(");
        }
        self.node(table, filter)?;
        if key.is_some() {
            self.push(")");
        }
        Ok(())
    }

    /// Limit and offset are parameters, so that pages of one list share a prepared statement.
    fn window(&mut self, query: &Query) {
        let number = |n: u64| Cow::Owned(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)));
        match (query.limit, query.offset) {
            (None, None) => return,
            (Some(limit), _) => {
                self.push(" LIMIT ");
                self.value(number(limit));
            }
            // SQLite has no OFFSET without LIMIT; a negative one is none.
            (None, Some(_)) => self.push(" LIMIT -1"),
        }
        if let Some(offset) = query.offset {
            self.push(" OFFSET ");
            self.value(number(offset));
        }
    }

    fn returning(&mut self, table: TableRef, columns: &[u16]) {
        if !columns.is_empty() {
            self.push(" RETURNING ");
            self.columns(table, columns.iter().copied());
        }
    }
}
