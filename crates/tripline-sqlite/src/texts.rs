//! [`Texts`]: the two hottest statements' SQL, which depends only on table and columns, written once.
//!
//! All other statements are written anew each time, which costs about as much as looking for their shape would.

use std::{cell::RefCell, sync::Arc};

use tripline_core::{Compare, Node, Query, Result, TableRef, Value};
use tripline_sql::{Dialect, Sql};

/// SQL by the address of its table's description and the columns; none for an insert.
#[derive(Debug, Default)]
pub(crate) struct Texts(RefCell<Vec<Text>>);

#[derive(Debug)]
struct Text {
    table: usize,
    columns: Option<Box<[u16]>>,
    sql: Arc<str>,
}

impl Texts {
    /// The insert of a row with all columns.
    pub(crate) fn insert(&self, table: TableRef) -> Result<Arc<str>> {
        self.get(table, None, |sql| {
            tripline_sql::insert(sql, table);
            Ok(())
        })
    }

    /// The find by a key of one column.
    pub(crate) fn find_by_key(&self, table: TableRef, columns: &[u16], query: &Query) -> Result<Arc<str>> {
        self.get(table, Some(columns), |sql| {
            // The values of this query are not in the text.
            let mut written = Sql::new(Dialect::Sqlite, String::new());
            tripline_sql::find(&mut written, table, query, columns, None)?;
            sql.text.push_str(&written.text);
            Ok(())
        })
    }

    fn get(
        &self,
        table: TableRef,
        columns: Option<&[u16]>,
        write: impl FnOnce(&mut Sql<'_>) -> Result<()>,
    ) -> Result<Arc<str>> {
        let address = std::ptr::from_ref(table).addr();
        let is_it = |text: &&Text| text.table == address && text.columns.as_deref() == columns;
        if let Some(text) = self.0.borrow().iter().find(is_it) {
            return Ok(text.sql.clone());
        }
        let mut sql = Sql::new(Dialect::Sqlite, String::new());
        write(&mut sql)?;
        let sql: Arc<str> = sql.text.into();
        self.0.borrow_mut().push(Text { table: address, columns: columns.map(Into::into), sql: sql.clone() });
        Ok(sql)
    }
}

/// The value of the key, if the query is for that and nothing else.
pub(crate) fn key_of(table: TableRef, query: &Query) -> Option<&Value> {
    let plain = query.order.is_empty() && query.limit.is_none() && query.offset.is_none();
    let Some(Node::Compare(Compare::Eq, sides)) = query.filter.as_ref().filter(|_| plain) else {
        return None;
    };
    match (&**sides, table.key) {
        ((Node::Column(column), Node::Literal(value)), [key]) if column == key => Some(value),
        _ => None,
    }
}
