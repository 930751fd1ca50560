//! Expressions as SQL.

use std::borrow::Cow;

use tripline_core::{Arith, ColumnType, Compare, Error, Node, Pattern, Result, TableRef, Value};

use crate::{
    Sql,
    pattern::{glob, like, successor},
    types::{compared, type_beside, type_of},
};

mod list;
mod rows;

/// Longer lists of conditions are written in two halves.
const DEEP_LIST: usize = 100;

impl<'s> Sql<'s> {
    /// Writes a condition or computed value.
    pub(crate) fn node(&mut self, table: TableRef, node: &'s Node) -> Result<()> {
        match node {
            Node::Column(column) => self.column(table, *column),
            Node::Literal(value) => self.value(Cow::Borrowed(value), None),
            Node::Compare(op, pair) => {
                let op = match op {
                    Compare::Eq => " = ",
                    Compare::Ne => " <> ",
                    Compare::Gt => " > ",
                    Compare::Gte => " >= ",
                    Compare::Lt => " < ",
                    Compare::Lte => " <= ",
                };
                let (left, right) = &**pair;
                self.comparable(table, left, self.type_of(table, right))?;
                self.push(op);
                self.comparable(table, right, self.type_of(table, left))?;
            }
            Node::Arith(op, pair) => self.arith(table, node, *op, pair)?,
            Node::In(node, list) => self.is_in(table, node, list)?,
            Node::InRows(columns, rows) => self.is_in_rows(table, columns, rows),
            Node::IsNull(node) => {
                self.operand(table, node)?;
                self.push(" IS NULL");
            }
            Node::Like(node, pattern) => self.like(table, node, pattern)?,
            Node::And(nodes) => {
                let empty = if self.is_postgres() { "TRUE" } else { "1" };
                self.list(table, nodes, " AND ", empty)?;
            }
            Node::Or(nodes) => {
                let empty = if self.is_postgres() { "FALSE" } else { "0" };
                self.list(table, nodes, " OR ", empty)?;
            }
            Node::Not(node) => {
                self.push("NOT ");
                self.operand(table, node)?;
            }
            other => return Err(Error::invalid(format!("this expression is not known to SQL: {other:?}"))),
        }
        Ok(())
    }

    /// The type of the expression, for the parameter beside it; only PostgreSQL asks.
    fn type_of(&self, table: TableRef, node: &Node) -> Option<ColumnType> {
        if self.is_postgres() { type_of(table, node) } else { None }
    }

    /// A part of a larger expression: in parentheses unless it is a single word.
    fn operand(&mut self, table: TableRef, node: &'s Node) -> Result<()> {
        if matches!(node, Node::Column(_) | Node::Literal(_) | Node::Arith(..)) {
            return self.node(table, node);
        }
        self.push("(");
        self.node(table, node)?;
        self.push(")");
        Ok(())
    }

    /// A part of a comparison or of an order; `other` is the type of what it is compared with.
    pub(crate) fn comparable(
        &mut self,
        table: TableRef,
        node: &'s Node,
        other: Option<ColumnType>,
    ) -> Result<()> {
        match node {
            Node::Column(column) if self.is_postgres() => self.comparable_column(table, *column),
            Node::Literal(value) if self.is_postgres() => self.comparable_value(value, other),
            node => self.operand(table, node)?,
        }
        Ok(())
    }

    /// A column of JSON is compared as its text, by code point.
    pub(crate) fn comparable_column(&mut self, table: TableRef, column: u16) {
        if table.columns[usize::from(column)].ty != ColumnType::Json || !self.is_postgres() {
            return self.column(table, column);
        }
        self.push("(");
        self.column(table, column);
        self.push("::text COLLATE \"C\")");
    }

    fn comparable_value(&mut self, value: &'s Value, other: Option<ColumnType>) {
        match value {
            Value::Json(text) if self.inline => self.text_literal(text),
            value => self.value(Cow::Borrowed(value), type_beside(value, other).map(compared)),
        }
    }

    fn arith(&mut self, table: TableRef, node: &'s Node, op: Arith, pair: &'s (Node, Node)) -> Result<()> {
        // Where a result is no number, SQLite gives null; PostgreSQL would store it.
        let float = self.type_of(table, node) == Some(ColumnType::Float);
        self.push(if float { "NULLIF(" } else { "(" });
        let (left, right) = pair;
        self.number(table, left, right)?;
        self.push(match op {
            Arith::Add => " + ",
            Arith::Sub => " - ",
            Arith::Mul => " * ",
        });
        self.number(table, right, left)?;
        self.push(if float { ", 'NaN'::float8)" } else { ")" });
        Ok(())
    }

    fn number(&mut self, table: TableRef, node: &'s Node, beside: &Node) -> Result<()> {
        self.comparable(table, node, self.type_of(table, beside))?;
        // A bare one would count in 32 bits.
        if self.inline && self.is_postgres() && matches!(node, Node::Literal(Value::Int(_))) {
            self.push("::int8");
        }
        Ok(())
    }

    fn like(&mut self, table: TableRef, node: &'s Node, pattern: &Pattern) -> Result<()> {
        let text = |text: String| Cow::Owned(Value::Text(text));
        let ty = Some(ColumnType::Text);
        self.comparable(table, node, ty)?;
        if let Pattern::StartsWith(prefix) = pattern
            && let Some(end) = successor(prefix)
        {
            // A range, for which an index can be used, also where the prefix is a parameter.
            self.push(" >= ");
            self.value(text(prefix.clone()), ty);
            self.push(" AND ");
            self.comparable(table, node, ty)?;
            self.push(" < ");
            self.value(text(end), ty);
            return Ok(());
        }
        let (word, pattern) =
            if self.is_postgres() { (" LIKE ", like(pattern)) } else { (" GLOB ", glob(pattern)) };
        self.push(word);
        self.value(text(pattern.map_err(Error::invalid)?), ty);
        Ok(())
    }

    fn list(&mut self, table: TableRef, nodes: &'s [Node], between: &str, empty: &str) -> Result<()> {
        if nodes.len() > DEEP_LIST {
            // Written side by side, a list is as deep as it is long, and SQLite's expressions have a depth.
            let (left, right) = nodes.split_at(nodes.len() / 2);
            self.push("(");
            self.list(table, left, between, empty)?;
            self.push(")");
            self.push(between);
            self.push("(");
            self.list(table, right, between, empty)?;
            self.push(")");
            return Ok(());
        }
        if nodes.is_empty() {
            self.push(empty);
        }
        for (i, node) in nodes.iter().enumerate() {
            if i > 0 {
                self.push(between);
            }
            self.operand_in_list(table, node)?;
        }
        Ok(())
    }

    /// Comparisons bind tighter than AND and OR and read better without parentheses.
    fn operand_in_list(&mut self, table: TableRef, node: &'s Node) -> Result<()> {
        match node {
            Node::And(_) | Node::Or(_) | Node::Not(_) | Node::Like(_, Pattern::StartsWith(_)) => {
                self.operand(table, node)
            }
            node => self.node(table, node),
        }
    }
}
