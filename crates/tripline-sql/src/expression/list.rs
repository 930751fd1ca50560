//! Whether a value is one of a list, as SQL.

use std::borrow::Cow;

use tripline_core::{Node, Result, TableRef, Value};

use super::rows::{LONG_LIST, json_rows};
use crate::{Param, Sql, types::type_of_list};

impl<'s> Sql<'s> {
    pub(super) fn is_in(&mut self, table: TableRef, node: &'s Node, list: &'s [Value]) -> Result<()> {
        let ty = self.type_of(table, node);
        if list.is_empty() {
            return self.is_in_nothing(table, node);
        }
        self.comparable(table, node, ty)?;
        if self.is_postgres() {
            // One parameter, however many values; and one prepared statement.
            if !self.inline
                && let Some(ty) = type_of_list(list, ty)
            {
                self.push(" = ANY(");
                self.param(Param::List { values: Cow::Borrowed(list), ty });
                self.push(")");
                return Ok(());
            }
        } else if list.len() > LONG_LIST
            && let Some(json) = json_rows(list, 1)
        {
            self.push(" IN (");
            self.select_from_json(json);
            self.push(")");
            return Ok(());
        }
        self.push(" IN (");
        for (i, value) in list.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.comparable_value(value, ty);
        }
        self.push(")");
        Ok(())
    }

    /// Standard SQL has no empty list.
    fn is_in_nothing(&mut self, table: TableRef, node: &'s Node) -> Result<()> {
        if self.is_postgres() {
            self.push("FALSE");
            return Ok(());
        }
        self.push("(0 AND ");
        self.operand(table, node)?;
        self.push(" IS NULL)");
        Ok(())
    }
}
