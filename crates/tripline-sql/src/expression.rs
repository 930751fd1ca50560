//! Expressions as SQL.

use std::borrow::Cow;

use tripline_core::{Arith, Compare, Error, Node, Pattern, Result, TableRef, Value};

use crate::{Sql, writer::glob};

/// Longer lists of conditions are written in two halves.
const DEEP_LIST: usize = 100;

/// Longer lists of values are one parameter.
const LONG_LIST: usize = 200;

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
            Node::In(node, list)
                if list.len() > LONG_LIST
                    && let Some(json) = json_list(list) =>
            {
                // One parameter, however many values; and one prepared statement.
                self.operand(table, node)?;
                self.push(" IN (SELECT value FROM json_each(");
                self.value(Cow::Owned(Value::Text(json)));
                self.push("))");
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
            Node::Like(node, Pattern::StartsWith(prefix)) if let Some(end) = successor(prefix) => {
                // A range, for which an index can be used, also where the prefix is a parameter.
                self.operand(table, node)?;
                self.push(" >= ");
                self.value(Cow::Owned(Value::Text(prefix.clone())));
                self.push(" AND ");
                self.operand(table, node)?;
                self.push(" < ");
                self.value(Cow::Owned(Value::Text(end)));
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

/// The least text that is greater than all that begin so; none for an empty prefix.
fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Between the two lie the surrogates, which are no characters.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// The values as a JSON array, if all are integers or all are text, as the database stores them.
fn json_list(list: &[Value]) -> Option<String> {
    let mut json = String::with_capacity(list.len() * 8);
    let text = matches!(list.first(), Some(Value::Text(_)));
    for value in list {
        json.push(if json.is_empty() { '[' } else { ',' });
        match value {
            Value::Int(i) if !text => json.push_str(&i.to_string()),
            Value::Text(value) if text => push_json_string(&mut json, value),
            _ => return None,
        }
    }
    json.push(']');
    Some(json)
}

fn push_json_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_bounds_all_that_begin_with_it() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10FFFF}"), None);
    }

    #[test]
    fn a_list_becomes_json_only_if_its_values_stay_the_same() {
        let text = |t: &str| Value::Text(t.into());
        assert_eq!(json_list(&[Value::Int(1), Value::Int(-2)]).as_deref(), Some("[1,-2]"));
        assert_eq!(json_list(&[text("a\"\\"), text("\n")]).as_deref(), Some(r#"["a\"\\","\u000a"]"#));
        assert_eq!(json_list(&[Value::Int(1), text("1")]), None);
        assert_eq!(json_list(&[Value::Bool(true)]), None);
    }
}
