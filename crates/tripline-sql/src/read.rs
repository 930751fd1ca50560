//! Reads as SQL: one function for each kind.

use std::borrow::Cow;

use tripline_core::{ColumnType, Kind, Node, Nulls, Order, Query, Result, TableRef, Value};

use crate::{Keys, Sql, types::can_be_null};

mod each;

pub use each::{find_by, find_each};

/// `SELECT columns FROM table ..`
///
/// With `lock` the rows are locked for such a write until the transaction ends. SQLite has no need of that: there a
/// transaction that writes is alone.
pub fn find<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    query: &'s Query,
    columns: &[u16],
    lock: Option<Kind>,
) -> Result<()> {
    sql.push("SELECT ");
    sql.columns(table, columns.iter().copied());
    sql.from(table, query)?;
    for (i, order) in query.order.iter().enumerate() {
        sql.push(if i == 0 { " ORDER BY " } else { ", " });
        sql.order(table, order)?;
    }
    let lock = lock.and_then(row_lock).filter(|_| sql.is_postgres());
    if lock.is_some() && query.order.is_empty() {
        sql.order_by_key(table);
    }
    sql.window(query);
    sql.push(lock.unwrap_or_default());
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
    // Before version 16 PostgreSQL wants a name.
    sql.push(if sql.is_postgres() { ") AS \"c\"" } else { ")" });
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

/// How rows are locked that such a write is about to change.
pub(crate) fn row_lock(write: Kind) -> Option<&'static str> {
    match write {
        // Leaves in peace who only refers to the row.
        Kind::Update => Some(" FOR NO KEY UPDATE"),
        Kind::Delete => Some(" FOR UPDATE"),
        _ => None,
    }
}

impl<'s> Sql<'s> {
    fn from(&mut self, table: TableRef, query: &'s Query) -> Result<()> {
        self.push(" FROM ");
        self.name(table.name);
        self.chosen(table, query.filter.as_ref(), Keys::Any)
    }

    fn order(&mut self, table: TableRef, order: &'s Order) -> Result<()> {
        let says_nulls = match self.is_postgres() {
            // SQLite's own order has the smallest first, and an index can give it.
            false => {
                self.node(table, &order.by)?;
                order.nulls != Nulls::Smallest
            }
            // What says where nulls go keeps an index from being used that says otherwise, even without nulls.
            true => {
                self.comparable(table, &order.by, None)?;
                can_be_null(table, &order.by)
            }
        };
        if order.descending {
            self.push(" DESC");
        }
        if !says_nulls {
            return Ok(());
        }
        self.push(match (order.nulls, order.descending) {
            (Nulls::First, _) | (Nulls::Smallest, false) => " NULLS FIRST",
            (Nulls::Last, _) | (Nulls::Smallest, true) => " NULLS LAST",
        });
        Ok(())
    }

    /// Two transactions that lock rows in the same order do not wait for each other in a circle.
    pub(crate) fn order_by_key(&mut self, table: TableRef) {
        self.push(" ORDER BY ");
        self.columns(table, table.key.iter().copied());
    }

    /// Limit and offset are parameters, so that pages of one list share a prepared statement.
    fn window(&mut self, query: &Query) {
        match (query.limit, query.offset) {
            (None, None) => return,
            (Some(limit), _) => self.limit(limit),
            // SQLite has no OFFSET without LIMIT; a negative one is none.
            (None, Some(_)) if !self.is_postgres() => self.push(" LIMIT -1"),
            (None, Some(_)) => {}
        }
        if let Some(offset) = query.offset {
            self.push(" OFFSET ");
            self.row_number(offset);
        }
    }

    pub(crate) fn limit(&mut self, rows: u64) {
        self.push(" LIMIT ");
        self.row_number(rows);
    }

    pub(crate) fn row_number(&mut self, n: u64) {
        let n = Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        self.value(Cow::Owned(n), Some(ColumnType::Int));
    }

    /// `WHERE` the row has this key and fulfils the filter.
    pub(crate) fn chosen(&mut self, table: TableRef, filter: Option<&'s Node>, keys: Keys<'s>) -> Result<()> {
        let by_key = !matches!(keys, Keys::Any);
        if by_key {
            self.push(" WHERE ");
            self.has_key(table, keys)?;
        }
        let Some(filter) = filter else { return Ok(()) };
        if !by_key {
            self.push(" WHERE ");
            return self.node(table, filter);
        }
        self.push(" AND (");
        self.node(table, filter)?;
        self.push(")");
        Ok(())
    }
}
