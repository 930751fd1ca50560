//! [`Sql`]: text and parameters as they are written.

use std::{borrow::Cow, fmt::Write as _};

use tripline_core::{Pattern, PatternPart, TableRef, Value};

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.37 or newer (strict tables).
    Sqlite,
}

/// SQL text with its parameters, in order.
#[derive(Debug)]
pub struct Sql<'s> {
    pub(crate) dialect: Dialect,
    /// The text.
    pub text: String,
    /// The parameters.
    pub params: Vec<Cow<'s, Value>>,
    /// Whether values are written into the text: only in table definitions, which take no parameters.
    pub(crate) inline: bool,
}

impl<'s> Sql<'s> {
    /// Nothing written yet; `buffer` is used for the text, so that its memory can serve again.
    pub fn new(dialect: Dialect, mut buffer: String) -> Self {
        buffer.clear();
        Sql { dialect, text: buffer, params: Vec::new(), inline: false }
    }

    /// For table definitions: values are written into the text.
    pub(crate) fn inline(dialect: Dialect) -> Self {
        Sql { inline: true, ..Sql::new(dialect, String::new()) }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A quoted name.
    pub(crate) fn name(&mut self, name: &str) {
        self.text.push('"');
        if name.contains('"') {
            self.text.push_str(&name.replace('"', "\"\""));
        } else {
            self.text.push_str(name);
        }
        self.text.push('"');
    }

    /// Quoted names of columns, separated by commas.
    pub(crate) fn columns(&mut self, table: TableRef, columns: impl IntoIterator<Item = u16>) {
        for (i, column) in columns.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.name(table.columns[usize::from(column)].name);
        }
    }

    /// A value: a parameter, or in table definitions a literal.
    pub(crate) fn value(&mut self, value: Cow<'s, Value>) {
        if self.inline {
            self.literal(&value);
        } else {
            self.params.push(value);
            self.push("?");
        }
    }

    pub(crate) fn literal(&mut self, value: &Value) {
        match value {
            Value::Null => self.push("NULL"),
            Value::Bool(b) => self.push(if *b { "1" } else { "0" }),
            Value::Int(i) => _ = write!(self.text, "{i}"),
            // 9e999 is how both engines are told infinity.
            Value::Float(x) if x.is_infinite() => self.push(if *x > 0.0 { "9e999" } else { "-9e999" }),
            Value::Float(x) => _ = write!(self.text, "{x:?}"),
            Value::Text(text) | Value::Json(text) => self.text_literal(text),
            Value::Date(date) => _ = write!(self.text, "'{date}'"),
            Value::Timestamp(at) => _ = write!(self.text, "{}", at.as_microsecond()),
            Value::Bytes(bytes) => self.bytes_literal(bytes),
            Value::Uuid(id) => self.bytes_literal(id.as_bytes()),
            // `Value` may grow; a definition with a value that is not known here is a defect that SQL reports.
            other => _ = write!(self.text, "unknown_literal_{}", other.type_name()),
        }
    }

    pub(crate) fn text_literal(&mut self, text: &str) {
        _ = write!(self.text, "'{}'", text.replace('\'', "''"));
    }

    fn bytes_literal(&mut self, bytes: &[u8]) {
        self.push("X'");
        for byte in bytes {
            _ = write!(self.text, "{byte:02X}");
        }
        self.push("'");
    }
}

/// The pattern in the language of SQLite's GLOB, whose case counts, unlike its LIKE's.
pub fn glob(pattern: &Pattern) -> Result<String, &'static str> {
    let mut glob = String::new();
    for part in pattern.parts()? {
        match part {
            PatternPart::Any => glob.push('*'),
            PatternPart::One => glob.push('?'),
            PatternPart::Char(c @ ('*' | '?' | '[')) => glob.extend(['[', c, ']']),
            PatternPart::Char(c) => glob.push(c),
        }
    }
    Ok(glob)
}
