//! Whether a value is one of a list, as SQL.

use std::borrow::Cow;

use tripline_core::{Node, Result, TableRef, Value};

use crate::{Param, Sql, types::type_of_list};

/// On SQLite longer lists of values are one parameter.
const LONG_LIST: usize = 200;

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
            && let Some(json) = json_list(list)
        {
            self.push(" IN (SELECT value FROM json_each(");
            self.value(Cow::Owned(Value::Text(json)), None);
            self.push("))");
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
    fn a_list_becomes_json_only_if_its_values_stay_the_same() {
        let text = |t: &str| Value::Text(t.into());
        assert_eq!(json_list(&[Value::Int(1), Value::Int(-2)]).as_deref(), Some("[1,-2]"));
        assert_eq!(json_list(&[text("a\"\\"), text("\n")]).as_deref(), Some(r#"["a\"\\","\u000a"]"#));
        assert_eq!(json_list(&[Value::Int(1), text("1")]), None);
        assert_eq!(json_list(&[Value::Bool(true)]), None);
    }
}
