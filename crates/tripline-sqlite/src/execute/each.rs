//! Statements that are prepared once and executed for each row of a list.

use tripline_core::{Answer, RowSet, Statement, TableRef, Value};
use tripline_sql::{Keys, Sql};

use super::ReadResult;
use crate::{connection::Connection, errors::Trouble};

impl Connection {
    pub(super) fn each_key<'s>(
        &self,
        keys: Option<&'s RowSet>,
        mut run: impl FnMut(usize, Keys<'s>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match keys {
            None => run(0, Keys::Any),
            Some(keys) => keys.iter().enumerate().try_for_each(|(i, key)| run(i, Keys::One(key))),
        }
    }

    /// Of each row of `by` the row that has its values, behind the number of the row.
    pub(super) fn find_each<'s>(
        &self,
        sql: &mut Sql<'s>,
        table: TableRef,
        by: &'s RowSet,
        columns: &[u16],
        statement: &Statement<'_>,
        answer: &mut Answer,
    ) -> Result<(), Trouble> {
        let mut found = Answer::default();
        for (i, values) in by.iter().enumerate() {
            sql.clear();
            tripline_sql::find_by(sql, table, &by.columns, values, columns);
            self.record(&sql.text, i);
            let rows = ReadResult::Rows(table, columns);
            self.read(&sql.text, &sql.params, rows, Some(statement), &mut found)?;
            answer.count += std::mem::take(&mut found.count);
            let mut values = found.values.drain(..).peekable();
            while values.peek().is_some() {
                answer.values.push(Value::Int(i as i64));
                answer.values.extend(values.by_ref().take(columns.len()));
            }
        }
        Ok(())
    }
}
