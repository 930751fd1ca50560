//! Expressions as SQL.

use std::borrow::Cow;

use tripline_core::{Arith, Compare, Error, Node, Result, TableRef, Value};

use crate::{Sql, writer::glob};

impl<'s> Sql<'s> {
    /// Writes a condition or computed value.
    pub(crate) fn node(&mut self, table: TableRef, node: &'s Node) -> Result<()> {
        match node {
            Node::Column(column) => self.name(table.columns[usize::from(*column)].name),
            Node::Literal(value) => self.value(Cow::Borrowed(value)),
            Node::Compare(op, pair) => {
                let op = match op {
                    Compare::Eq => " = ",
                    Compare::Ne => " <> ",
                    Compare::Gt => " > ",
                    Compare::Gte => " >= ",
                    Compare::Lt => " < ",
                    Compare::Lte => " <= ",
                };
                self.pair(table, pair, op)?;
            }
            Node::Arith(op, pair) => {
                let op = match op {
                    Arith::Add => " + ",
                    Arith::Sub => " - ",
                    Arith::Mul => " * ",
                };
                self.push("(");
                self.pair(table, pair, op)?;
                self.push(")");
            }
            Node::In(node, list) if list.is_empty() => {
                // Standard SQL has no empty list. The value is still written, so that its parameters are.
                self.push("(0 AND ");
                self.operand(table, node)?;
                self.push(" IS NULL)");
            }
            Node::In(node, list) => {
                self.operand(table, node)?;
                self.push(" IN (");
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.value(Cow::Borrowed(value));
                }
                self.push(")");
            }
            Node::IsNull(node) => {
                self.operand(table, node)?;
                self.push(" IS NULL");
            }
            Node::Like(node, pattern) => {
                self.operand(table, node)?;
                self.push(" GLOB ");
                self.value(Cow::Owned(Value::Text(glob(pattern).map_err(Error::invalid)?)));
            }
            Node::And(nodes) => self.list(table, nodes, " AND ", "1")?,
            Node::Or(nodes) => self.list(table, nodes, " OR ", "0")?,
            Node::Not(node) => {
                self.push("NOT ");
                self.operand(table, node)?;
            }
            other => return Err(Error::invalid(format!("this expression is not known to SQL: {other:?}"))),
        }
        Ok(())
    }

    fn pair(&mut self, table: TableRef, pair: &'s (Node, Node), op: &str) -> Result<()> {
        self.operand(table, &pair.0)?;
        self.push(op);
        self.operand(table, &pair.1)
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

    fn list(&mut self, table: TableRef, nodes: &'s [Node], between: &str, empty: &str) -> Result<()> {
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
            Node::And(_) | Node::Or(_) | Node::Not(_) => self.operand(table, node),
            node => self.node(table, node),
        }
    }
}
