//! Column types of the standard library, of `jiff` and of `uuid`.

use jiff::{Timestamp, civil::Date};
use tripline_core::{ColumnType, Mismatch, Result, Value};
use uuid::Uuid;

use super::{Input, Number, Text, Type, convert};
use crate::input;

macro_rules! scalar {
    ($type:ty, $column:ident, $name:literal, $value:ident => $encode:expr) => {
        #[diagnostic::do_not_recommend]
        impl Type for $type {
            type Base = $type;
            const COLUMN: ColumnType = ColumnType::$column;
            const FALLIBLE: bool = false;

            #[inline]
            fn encode(self) -> Result<Value> {
                let $value = self;
                Ok(Value::$column($encode))
            }

            #[inline]
            fn decode(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::$column(value) => Ok(value),
                    other => Err(Mismatch::new($name, &other)),
                }
            }
        }
    };
}

scalar!(bool, Bool, "bool", b => b);
scalar!(i64, Int, "an integer", i => i);
// Adding zero makes of a negative zero the plain one, the only one that SQLite keeps.
scalar!(f64, Float, "a float", x => x + 0.0);
scalar!(String, Text, "text", text => text);
scalar!(Vec<u8>, Bytes, "bytes", bytes => bytes);
scalar!(Timestamp, Timestamp, "a timestamp", at => whole_microseconds(at));
scalar!(Date, Date, "a date", date => date);
scalar!(Uuid, Uuid, "a uuid", id => id);

/// The timestamp without what is finer than a microsecond, towards the past: what a column keeps.
pub(crate) fn whole_microseconds(at: Timestamp) -> Timestamp {
    let finer = at.as_nanosecond().rem_euclid(1_000);
    // Only the earliest timestamp there is has nothing below it.
    Timestamp::from_nanosecond(at.as_nanosecond() - finer).unwrap_or(at)
}

macro_rules! narrow {
    ($($type:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Type for $type {
            type Base = $type;
            const COLUMN: ColumnType = ColumnType::Int;
            const RANGE: Option<(i64, i64)> = Some(($type::MIN as i64, $type::MAX as i64));

            #[inline]
            fn encode(self) -> Result<Value> {
                Ok(Value::Int(self.into()))
            }

            #[inline]
            fn decode(value: Value) -> Result<Self, Mismatch> {
                match &value {
                    Value::Int(i) => (*i).try_into().map_err(|_| Mismatch {
                        expected: concat!("an integer that fits ", stringify!($type)),
                        found: "a larger one",
                    }),
                    other => Err(Mismatch::new("an integer", other)),
                }
            }
        }
        #[diagnostic::do_not_recommend]
        impl Number for $type {}
        input!($type);
    )*};
}

narrow!(i8, i16, i32, u8, u16, u32);
#[diagnostic::do_not_recommend]
impl Number for i64 {}
#[diagnostic::do_not_recommend]
impl Number for f64 {}
#[diagnostic::do_not_recommend]
impl Text for String {}

input!(bool);
input!(i64);
input!(f64);
input!(String);
input!(Vec<u8>);
input!(Timestamp);
input!(Date);
input!(Uuid);
convert!(i64: i32 => i64::from, u32 => i64::from);
convert!(f64: f32 => f64::from, i32 => f64::from);
convert!(String: &str => str::to_owned, &String => String::clone);
convert!(Vec<u8>: &[u8] => <[u8]>::to_vec);
