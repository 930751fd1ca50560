//! Whether several columns have the values of one of a list of rows, as SQL; and rows as JSON, for SQLite.

use std::{borrow::Cow, fmt::Write as _};

use tripline_core::{TableRef, Value};

use crate::{Param, Sql};

/// On SQLite lists of more values are one parameter: it takes 32,766.
pub(super) const LONG_LIST: usize = 200;

/// How a column's values stand in JSON. In one column they are all of one form, else the same text could be two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    Text,
    /// JSON has no bytes.
    Hex,
}

/// Rows as a JSON array: of values if each has one, else of arrays.
#[derive(Debug)]
pub(super) struct Json {
    text: String,
    forms: Vec<Form>,
}

impl<'s> Sql<'s> {
    pub(super) fn is_in_rows(&mut self, table: TableRef, columns: &[u16], rows: &'s [Value]) {
        if rows.is_empty() || columns.is_empty() {
            return self.push(if self.is_postgres() { "FALSE" } else { "0" });
        }
        let width = columns.len();
        self.push("(");
        self.columns(table, columns.iter().copied());
        self.push(") IN (");
        if self.is_postgres() && !self.inline {
            self.push("SELECT * FROM ");
            self.unnest(columns.iter().enumerate().map(|(index, column)| {
                let ty = table.columns[usize::from(*column)].ty;
                Param::Column { rows, width, index, ty }
            }));
        } else if rows.len() > LONG_LIST
            && let Some(json) = json_rows(rows, width)
        {
            self.select_from_json(json);
        } else {
            for (i, row) in rows.chunks_exact(width).enumerate() {
                self.push(if i == 0 { "VALUES (" } else { ", (" });
                for (i, (column, value)) in columns.iter().zip(row).enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.column_value(table, *column, value);
                }
                self.push(")");
            }
        }
        self.push(")");
    }

    /// `SELECT value FROM json_each(?)`: the rows, with their values as the database stores them.
    pub(super) fn select_from_json(&mut self, json: Json) {
        let alone = json.forms.len() == 1;
        for (i, form) in json.forms.iter().enumerate() {
            self.push(if i == 0 { "SELECT " } else { ", " });
            let hex = *form == Form::Hex;
            self.push(if hex { "unhex(value" } else { "value" });
            if !alone {
                _ = write!(self.text, " ->> {i}");
            }
            self.push(if hex { ")" } else { "" });
        }
        self.push(" FROM json_each(");
        self.value(Cow::Owned(Value::Text(json.text)), None);
        self.push(")");
    }
}

/// The rows as JSON; none if a value would not stay the same in it.
pub(super) fn json_rows(rows: &[Value], width: usize) -> Option<Json> {
    let forms: Vec<Form> = rows.get(..width)?.iter().map(form).collect::<Option<_>>()?;
    let mut text = String::with_capacity(rows.len() * 8);
    for row in rows.chunks_exact(width) {
        text.push(if text.is_empty() { '[' } else { ',' });
        for (i, (value, as_form)) in row.iter().zip(&forms).enumerate() {
            if width > 1 {
                text.push(if i == 0 { '[' } else { ',' });
            }
            if form(value)? != *as_form {
                return None;
            }
            push_json(&mut text, value);
        }
        if width > 1 {
            text.push(']');
        }
    }
    text.push(']');
    Some(Json { text, forms })
}

fn form(value: &Value) -> Option<Form> {
    Some(match value {
        Value::Bool(_) | Value::Int(_) | Value::Timestamp(_) => Form::Number,
        Value::Text(_) | Value::Json(_) | Value::Date(_) => Form::Text,
        Value::Bytes(_) | Value::Uuid(_) => Form::Hex,
        // A float may be rounded when it is read as text.
        _ => return None,
    })
}

/// As SQLite's driver stores it.
fn push_json(json: &mut String, value: &Value) {
    match value {
        Value::Bool(b) => json.push(if *b { '1' } else { '0' }),
        Value::Int(i) => _ = write!(json, "{i}"),
        Value::Timestamp(at) => _ = write!(json, "{}", at.as_microsecond()),
        Value::Text(text) | Value::Json(text) => push_json_string(json, text),
        Value::Date(date) => _ = write!(json, "\"{date}\""),
        Value::Uuid(id) => _ = write!(json, "\"{}\"", id.simple()),
        Value::Bytes(bytes) => {
            json.push('"');
            bytes.iter().for_each(|byte| _ = write!(json, "{byte:02x}"));
            json.push('"');
        }
        _ => json.push_str("null"),
    }
}

fn push_json_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => _ = write!(json, "\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_json_only_if_their_values_stay_the_same() {
        let json = |rows: &[Value], width| json_rows(rows, width).map(|json| json.text);
        let text = |t: &str| Value::Text(t.into());
        let bytes = Value::Bytes(vec![0, 255]);
        assert_eq!(json(&[Value::Int(1), Value::Int(-2)], 1).as_deref(), Some("[1,-2]"));
        assert_eq!(json(&[text("a\"\\"), text("\n")], 1).as_deref(), Some(r#"["a\"\\","\u000a"]"#));
        assert_eq!(json(&[Value::Bool(true)], 1).as_deref(), Some("[1]"));
        let rows = [bytes.clone(), text("a"), bytes, text("b")];
        assert_eq!(json(&rows, 2).as_deref(), Some(r#"[["00ff","a"],["00ff","b"]]"#));
        assert_eq!(json(&[Value::Int(1), text("1")], 1), None);
        assert_eq!(json(&[Value::Float(0.1)], 1), None);
        assert_eq!(json(&[Value::Null], 1), None);
    }
}
