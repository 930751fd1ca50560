//! Values written into the text: the constants of table definitions, which take no parameters.

use std::fmt::Write as _;

use tripline_core::Value;

use crate::Sql;

impl Sql<'_> {
    pub(crate) fn literal(&mut self, value: &Value) {
        if self.is_postgres() { self.postgres_literal(value) } else { self.sqlite_literal(value) }
    }

    fn sqlite_literal(&mut self, value: &Value) {
        match value {
            Value::Null => self.push("NULL"),
            Value::Bool(b) => self.push(if *b { "1" } else { "0" }),
            Value::Int(i) => _ = write!(self.text, "{i}"),
            // 9e999 is how SQLite is told infinity.
            Value::Float(x) if x.is_infinite() => self.push(if *x > 0.0 { "9e999" } else { "-9e999" }),
            Value::Float(x) => _ = write!(self.text, "{x:?}"),
            Value::Text(text) | Value::Json(text) => self.text_literal(text),
            Value::Date(date) => _ = write!(self.text, "'{date}'"),
            Value::Timestamp(at) => _ = write!(self.text, "{}", at.as_microsecond()),
            Value::Bytes(bytes) => self.sqlite_bytes(bytes),
            Value::Uuid(id) => self.sqlite_bytes(id.as_bytes()),
            other => self.unknown_literal(other),
        }
    }

    fn postgres_literal(&mut self, value: &Value) {
        match value {
            Value::Null => self.push("NULL"),
            Value::Bool(b) => self.push(if *b { "TRUE" } else { "FALSE" }),
            // The sign of a bare one would be an operator, on a number that is one too large.
            Value::Int(i64::MIN) => _ = write!(self.text, "'{}'::int8", i64::MIN),
            Value::Int(i) if *i < 0 => _ = write!(self.text, "({i})"),
            Value::Int(i) => _ = write!(self.text, "{i}"),
            Value::Float(x) if x.is_infinite() => {
                self.push(if *x > 0.0 { "'Infinity'::float8" } else { "'-Infinity'::float8" });
            }
            // A bare one would be a decimal number.
            Value::Float(x) => _ = write!(self.text, "'{x:?}'::float8"),
            Value::Text(text) => self.text_literal(text),
            Value::Json(text) => {
                self.text_literal(text);
                self.push("::json");
            }
            Value::Date(date) => {
                let (text, era) = common_era(&date.to_string());
                _ = write!(self.text, "'{text}{era}'::date");
            }
            Value::Timestamp(at) => self.postgres_timestamp(&at.to_string()),
            Value::Bytes(bytes) => {
                self.push("'\\x");
                self.hex(bytes);
                self.push("'::bytea");
            }
            Value::Uuid(id) => _ = write!(self.text, "'{id}'::uuid"),
            other => self.unknown_literal(other),
        }
    }

    /// From `2013-01-31T10:00:00.000001Z`. What is finer than a microsecond is left out, as when it is stored.
    fn postgres_timestamp(&mut self, text: &str) {
        let (text, era) = common_era(text);
        let text = text.trim_end_matches('Z');
        let end = text.find('.').map_or(text.len(), |point| text.len().min(point + 7));
        _ = write!(self.text, "'{}Z{era}'::timestamptz", &text[..end]);
    }

    pub(crate) fn text_literal(&mut self, text: &str) {
        _ = write!(self.text, "'{}'", text.replace('\'', "''"));
    }

    fn sqlite_bytes(&mut self, bytes: &[u8]) {
        self.push("X'");
        self.hex(bytes);
        self.push("'");
    }

    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            _ = write!(self.text, "{byte:02X}");
        }
    }

    /// `Value` may grow; a definition with a value that is not known here is a defect that SQL reports.
    fn unknown_literal(&mut self, value: &Value) {
        _ = write!(self.text, "unknown_literal_{}", value.type_name());
    }
}

/// PostgreSQL counts years as people did: before the year 1 comes the year 1 BC, which ISO 8601 calls 0.
fn common_era(text: &str) -> (String, &'static str) {
    let dash = 1 + text[1..].find('-').unwrap_or(0);
    match text[..dash].parse::<i32>() {
        Ok(year) if year < 1 => (format!("{:04}{}", 1 - year, &text[dash..]), " BC"),
        _ => (text.to_owned(), ""),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, Sql};
    use tripline_core::Value;

    fn literals(value: &Value) -> [String; 2] {
        [Dialect::Sqlite, Dialect::Postgres { version: 15 }].map(|dialect| {
            let mut sql = Sql::inline(dialect);
            sql.literal(value);
            sql.text
        })
    }

    #[test]
    fn values_are_written_as_each_dialect_reads_them() {
        let at = |text: &str| Value::Timestamp(text.parse().unwrap());
        let date = |text: &str| Value::Date(text.parse().unwrap());
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let bytes = "0190163D8694739BAEA5966C26F8AD91";
        for (value, sqlite, postgres) in [
            (Value::Null, "NULL", "NULL"),
            (Value::Bool(true), "1", "TRUE"),
            (Value::Bool(false), "0", "FALSE"),
            (Value::Int(5), "5", "5"),
            (Value::Int(-5), "-5", "(-5)"),
            (Value::Int(i64::MIN), "-9223372036854775808", "'-9223372036854775808'::int8"),
            (Value::Float(-0.5), "-0.5", "'-0.5'::float8"),
            (Value::Float(1e300), "1e300", "'1e300'::float8"),
            (Value::Float(f64::INFINITY), "9e999", "'Infinity'::float8"),
            (Value::Float(f64::NEG_INFINITY), "-9e999", "'-Infinity'::float8"),
            ("it's".into(), "'it''s'", "'it''s'"),
            (Value::Json("{}".into()), "'{}'", "'{}'::json"),
            (Value::Bytes(vec![0, 255]), "X'00FF'", r"'\x00FF'::bytea"),
            (Value::Uuid(id.parse().unwrap()), &format!("X'{bytes}'"), &format!("'{id}'::uuid")),
            (date("2013-01-31"), "'2013-01-31'", "'2013-01-31'::date"),
            (date("0000-02-29"), "'0000-02-29'", "'0001-02-29 BC'::date"),
            (at("1970-01-01T00:00:01Z"), "1000000", "'1970-01-01T00:00:01Z'::timestamptz"),
            (at("1970-01-01T00:00:00.0000019Z"), "1", "'1970-01-01T00:00:00.000001Z'::timestamptz"),
            (
                at("-000043-03-15T12:00:00.5Z"),
                "-63517780799500000",
                "'0044-03-15T12:00:00.5Z BC'::timestamptz",
            ),
        ] {
            assert_eq!(literals(&value), [sqlite.to_owned(), postgres.to_owned()]);
        }
    }
}
