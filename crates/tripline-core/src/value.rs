//! [`Value`]: what a column holds, independent of table and engine.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ColumnType;

/// One value of a column, or SQL's null.
///
/// Equality is Rust's, not SQL's: `Null == Null` here. For SQL's three-valued logic see [`crate::evaluate`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// SQL's null: no value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed integer of 64 bits; narrower Rust integers are widened.
    Int(i64),
    /// A double. NaN is refused before a write, since SQLite would store null in its place.
    Float(f64),
    /// Text in UTF-8. NUL is refused before a write, since PostgreSQL cannot store it.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A point in time in whole microseconds, the finest that all engines keep, from the year -4711 to 9999.
    Timestamp(Timestamp),
    /// A date of the Gregorian calendar, years 0 to 9999.
    Date(jiff::civil::Date),
    /// A UUID.
    Uuid(Uuid),
    /// JSON, as text.
    Json(String),
}

/// `-004711-01-01T00:00:00Z`. PostgreSQL's timestamps begin in 4714 BC, of which this keeps well clear.
const EARLIEST: Timestamp = Timestamp::constant(-210_831_897_600, 0);

impl Value {
    /// Whether this is SQL's null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) => "integer",
            Value::Float(_) => "float",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Timestamp(_) => "timestamp",
            Value::Date(_) => "date",
            Value::Uuid(_) => "uuid",
            Value::Json(_) => "json",
        }
    }

    /// Whether a column of this type can hold the value; null fits every type.
    pub fn fits(&self, ty: ColumnType) -> bool {
        match (self, ty) {
            (Value::Null, _)
            | (Value::Bool(_), ColumnType::Bool)
            | (Value::Int(_), ColumnType::Int)
            | (Value::Float(_), ColumnType::Float)
            | (Value::Text(_), ColumnType::Text)
            | (Value::Bytes(_), ColumnType::Bytes)
            | (Value::Timestamp(_), ColumnType::Timestamp)
            | (Value::Date(_), ColumnType::Date)
            | (Value::Uuid(_), ColumnType::Uuid)
            | (Value::Json(_), ColumnType::Json) => true,
            (Value::Text(text), ColumnType::Enum(names)) => names.contains(&text.as_str()),
            _ => false,
        }
    }

    /// Why no engine could store this value with the one meaning that Tripline promises, if so.
    ///
    /// The table of such values is in `docs/values.md`.
    pub fn unstorable(&self) -> Option<&'static str> {
        match self {
            Value::Float(x) if x.is_nan() => Some("NaN cannot be stored"),
            Value::Text(text) | Value::Json(text) if text.as_bytes().contains(&0) => {
                Some("text with a NUL character cannot be stored")
            }
            Value::Date(date) if !(0..=9999).contains(&date.year()) => {
                Some("only dates of the years 0 to 9999 can be stored")
            }
            Value::Timestamp(at) if *at < EARLIEST => {
                Some("only timestamps from the year -4711 on can be stored")
            }
            _ => None,
        }
    }

    /// A byte string that is equal for two values exactly when the values are equal: pairs rows by key.
    pub fn write_identity(&self, out: &mut Vec<u8>) {
        fn sized(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
            out.push(tag);
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        match self {
            Value::Null => out.push(0),
            Value::Bool(b) => out.extend_from_slice(&[1, u8::from(*b)]),
            Value::Int(i) => {
                out.push(2);
                out.extend_from_slice(&i.to_le_bytes());
            }
            Value::Float(x) => {
                out.push(3);
                out.extend_from_slice(&x.to_bits().to_le_bytes());
            }
            Value::Text(text) => sized(out, 4, text.as_bytes()),
            Value::Bytes(bytes) => sized(out, 5, bytes),
            Value::Timestamp(at) => {
                out.push(6);
                out.extend_from_slice(&at.as_microsecond().to_le_bytes());
            }
            Value::Date(date) => {
                out.push(7);
                out.extend_from_slice(&date.year().to_le_bytes());
                out.extend_from_slice(&[date.month() as u8, date.day() as u8]);
            }
            Value::Uuid(id) => sized(out, 8, id.as_bytes()),
            Value::Json(text) => sized(out, 9, text.as_bytes()),
        }
    }
}

/// From the types that a column can have, in the form that a column keeps. Not from the narrow integers: with more than
/// one to choose from, a literal would be an `i32`, and `5_000_000_000.into()` would not compile.
macro_rules! from {
    ($($type:ty: $value:ident => $into:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $into
            }
        }
    )*};
}

from! {
    bool: b => Value::Bool(b);
    i64: i => Value::Int(i);
    f64: x => Value::Float(x + 0.0); // no negative zero
    &str: text => Value::Text(text.to_owned());
    &String: text => Value::Text(text.clone());
    String: text => Value::Text(text);
    &[u8]: bytes => Value::Bytes(bytes.to_vec());
    Vec<u8>: bytes => Value::Bytes(bytes);
    // What is finer than a microsecond is cut off, towards the past.
    Timestamp: at => Value::Timestamp(
        Timestamp::from_nanosecond(at.as_nanosecond() - at.as_nanosecond().rem_euclid(1_000)).unwrap_or(at),
    );
    jiff::civil::Date: date => Value::Date(date);
    Uuid: id => Value::Uuid(id);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, T::into)
    }
}

/// A value that is not of the type asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was asked for.
    pub expected: &'static str,
    /// What was found, without the value itself: it may be a secret.
    pub found: &'static str,
}

impl Mismatch {
    /// A mismatch between the type asked for and the value found.
    pub fn new(expected: &'static str, found: &Value) -> Self {
        Mismatch { expected, found: found.type_name() }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_before_the_year_minus_4711_cannot_be_stored() {
        let earliest: Timestamp = "-004711-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(Value::Timestamp(earliest).unstorable(), None);
        let earlier = Timestamp::from_microsecond(earliest.as_microsecond() - 1).unwrap();
        assert!(Value::Timestamp(earlier).unstorable().is_some());
    }

    #[test]
    fn values_of_column_types_become_values() {
        let id = Uuid::from_u128(7);
        let day = jiff::civil::date(2013, 1, 31);
        let owned = "a".to_owned();
        for (value, expected) in [
            (Value::from(true), Value::Bool(true)),
            (Value::from(5_000_000_000), Value::Int(5_000_000_000)),
            (Value::from(i64::MIN), Value::Int(i64::MIN)),
            (Value::from(1.5), Value::Float(1.5)),
            (Value::from("a"), Value::Text("a".to_owned())),
            (Value::from(&owned), Value::Text("a".to_owned())),
            (Value::from(owned), Value::Text("a".to_owned())),
            (Value::from(vec![0, 255]), Value::Bytes(vec![0, 255])),
            (Value::from([0_u8, 255].as_slice()), Value::Bytes(vec![0, 255])),
            (Value::from(day), Value::Date(day)),
            (Value::from(id), Value::Uuid(id)),
            (Value::from(Some(7)), Value::Int(7)),
            (Value::from(Some("a")), Value::Text("a".to_owned())),
            (Value::from(None::<f64>), Value::Null),
        ] {
            assert_eq!(value, expected);
        }
    }

    #[test]
    fn values_are_made_as_a_column_keeps_them() {
        let Value::Float(zero) = Value::from(-0.0) else { panic!("a float") };
        assert!(zero.is_sign_positive());
        let finer = Timestamp::from_nanosecond(-1_500).unwrap();
        let whole = Timestamp::from_microsecond(-2).unwrap();
        assert_eq!(Value::from(finer), Value::Timestamp(whole));
        assert_eq!(
            Value::from(Timestamp::MAX),
            Value::Timestamp("9999-12-30T22:00:00.999999Z".parse().unwrap())
        );
        assert_eq!(Value::from(Timestamp::MIN), Value::Timestamp(Timestamp::MIN));
    }
}
