//! Updates and deletes as SQL.

use tripline_core::{Error, Kind, Node, Result, RowSet, Slot, TableRef, Value};

use crate::{Dialect, Param, Sql, read::row_lock};

mod each;

pub use each::update_each;

/// Which keys the rows have that are written.
#[derive(Clone, Copy, Debug, Default)]
pub enum Keys<'s> {
    /// Any.
    #[default]
    Any,
    /// This one.
    One(&'s [Value]),
    /// One of these, which have the columns of the table's key. PostgreSQL only: SQLite writes row by row.
    Many(&'s RowSet),
}

/// Which rows are written, and what is given back of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'s> {
    /// Rows that fulfil this.
    pub filter: Option<&'s Node>,
    /// Of those, rows with these keys.
    pub keys: Keys<'s>,
    /// Columns to give back: of updated rows as they are now, of deleted ones as they were.
    pub returning: &'s [u16],
}

/// `UPDATE table SET .. WHERE ..`
pub fn update<'s>(sql: &mut Sql<'s>, table: TableRef, patch: &'s [Slot], target: Target<'s>) -> Result<()> {
    sql.push("UPDATE ");
    sql.name(table.name);
    sql.set(table, patch)?;
    sql.chosen(table, target.filter, target.keys)?;
    sql.returning(table, target.returning);
    Ok(())
}

/// An update that also gives back, behind the columns of `target.returning`, columns as they were before.
///
/// PostgreSQL only: in one statement, whose rows are the same before and after whoever else writes. Before version
/// 18 it reads and locks them first, at most `limit` of them; from then on there is no such limit.
pub fn update_with_old<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    patch: &'s [Slot],
    target: Target<'s>,
    old: &[u16],
    limit: Option<u64>,
) -> Result<()> {
    match sql.dialect {
        Dialect::Sqlite => Err(Error::invalid("SQLite's updates do not give back what was before")),
        Dialect::Postgres { version: 18.. } => {
            sql.push("UPDATE ");
            sql.name(table.name);
            // Without a name of its own, a table could have the one of its old rows.
            sql.push(" AS \"t\"");
            sql.set(table, patch)?;
            sql.chosen(table, target.filter, target.keys)?;
            sql.push(" RETURNING WITH (OLD AS \"o\") ");
            sql.new_and_old(table, target.returning, old, "o");
            Ok(())
        }
        Dialect::Postgres { .. } => sql.update_after_locking(table, patch, target, old, limit),
    }
}

/// `DELETE FROM table WHERE ..`
pub fn delete<'s>(sql: &mut Sql<'s>, table: TableRef, target: Target<'s>) -> Result<()> {
    sql.push("DELETE FROM ");
    sql.name(table.name);
    sql.chosen(table, target.filter, target.keys)?;
    sql.returning(table, target.returning);
    Ok(())
}

impl<'s> Sql<'s> {
    fn set(&mut self, table: TableRef, patch: &'s [Slot]) -> Result<()> {
        let mut before = " SET ";
        for (i, slot) in patch.iter().enumerate() {
            if matches!(slot, Slot::Unset) {
                continue;
            }
            self.push(before);
            before = ", ";
            self.name(table.columns[i].name);
            self.push(" = ");
            match slot {
                Slot::Unset => {}
                Slot::To(value) | Slot::Default(value) => self.column_value(table, i as u16, value),
                Slot::Expr(node) => self.column_node(table, i as u16, node)?,
            }
        }
        Ok(())
    }

    /// The row has this key, or one of these.
    pub(crate) fn has_key(&mut self, table: TableRef, keys: Keys<'s>) -> Result<()> {
        match (keys, table.key) {
            (Keys::Any, _) => Ok(()),
            (Keys::One(key), _) => {
                for (i, (column, value)) in table.key.iter().zip(key).enumerate() {
                    if i > 0 {
                        self.push(" AND ");
                    }
                    self.column(table, *column);
                    self.push(" = ");
                    self.column_value(table, *column, value);
                }
                Ok(())
            }
            (Keys::Many(_), _) if !self.is_postgres() => {
                Err(Error::invalid("SQLite writes rows with several keys one by one"))
            }
            (Keys::Many(keys), [column]) => {
                self.column(table, *column);
                self.push(" = ANY(");
                self.param(key_array(table, keys, 0));
                self.push(")");
                Ok(())
            }
            (Keys::Many(keys), columns) => {
                self.push("(");
                self.columns(table, columns.iter().copied());
                self.push(") IN (SELECT * FROM ");
                self.unnest((0..columns.len()).map(|i| key_array(table, keys, i)));
                self.push(")");
                Ok(())
            }
        }
    }

    /// `WITH o AS (SELECT .. FOR NO KEY UPDATE) UPDATE table SET .. FROM o ..`: what was read cannot change before it
    /// is written, and is read once.
    fn update_after_locking(
        &mut self,
        table: TableRef,
        patch: &'s [Slot],
        target: Target<'s>,
        old: &[u16],
        limit: Option<u64>,
    ) -> Result<()> {
        // The table itself stands under its own name in the statement, and nothing else of the user's does.
        let name = if table.name == "o" { "p" } else { "o" };
        self.push("WITH ");
        self.name(name);
        self.push(" AS MATERIALIZED (SELECT ");
        let more = old.iter().filter(|column| !table.is_key(**column));
        self.columns(table, table.key.iter().chain(more).copied());
        self.push(" FROM ");
        self.name(table.name);
        self.chosen(table, target.filter, target.keys)?;
        self.order_by_key(table);
        if let Some(limit) = limit {
            self.limit(limit);
        }
        self.push(row_lock(Kind::Update).unwrap_or_default());
        self.push(") UPDATE ");
        self.name(table.name);
        self.push(" AS \"t\"");
        self.qualifier = Some("t");
        self.set(table, patch)?;
        self.push(" FROM ");
        self.name(name);
        for (i, column) in table.key.iter().enumerate() {
            self.push(if i == 0 { " WHERE " } else { " AND " });
            self.column(table, *column);
            self.push(" = ");
            self.column_of(name, table, *column);
        }
        self.push(" RETURNING ");
        self.new_and_old(table, target.returning, old, name);
        self.qualifier = None;
        Ok(())
    }

    fn new_and_old(&mut self, table: TableRef, new: &[u16], old: &[u16], name: &'static str) {
        self.columns(table, new.iter().copied());
        for (i, column) in old.iter().enumerate() {
            if i > 0 || !new.is_empty() {
                self.push(", ");
            }
            self.column_of(name, table, *column);
        }
    }

    fn column_of(&mut self, source: &'static str, table: TableRef, column: u16) {
        let qualifier = self.qualifier.replace(source);
        self.column(table, column);
        self.qualifier = qualifier;
    }

    fn returning(&mut self, table: TableRef, columns: &[u16]) {
        if !columns.is_empty() {
            self.push(" RETURNING ");
            self.columns(table, columns.iter().copied());
        }
    }
}

/// The keys' values of one column.
fn key_array<'s>(table: TableRef, keys: &'s RowSet, index: usize) -> Param<'s> {
    let ty = table.columns[usize::from(table.key[index])].ty;
    Param::Column { rows: &keys.values, width: table.key.len(), index, ty }
}
