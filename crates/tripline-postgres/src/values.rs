//! Values on their way into PostgreSQL and back, in its binary form.
//!
//! Points in time count microseconds from the year 2000, dates days from there, arrays are written as one parameter.
//! What the application's own SQL is given as text is sent as text without a type: the server takes it as it would
//! a quoted literal, so that it fits columns of any type.

mod numeric;

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use jiff::{Span, Timestamp, civil::Date};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};
use tripline_core::{ColumnType, Decode, Error, Mismatch, Result, TableRef, Value};
use tripline_sql::Param;
use uuid::Uuid;

/// The year 2000, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// The year 2000, from which dates count.
const FIRST_DAY: Date = jiff::civil::date(2000, 1, 1);

/// What conversions of tokio-postgres fail with.
type Failure = Box<dyn StdError + Sync + Send>;

/// A parameter, without a copy.
#[derive(Debug)]
pub(crate) struct Bind<'a, 's> {
    param: &'a Param<'s>,
    /// What it is declared as; the server may have made another type of an unknown one.
    ty: &'a Type,
}

impl<'a, 's> Bind<'a, 's> {
    pub(crate) fn new(param: &'a Param<'s>, ty: &'a Type) -> Self {
        Bind { param, ty }
    }
}

impl ToSql for Bind<'_, '_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let ty = self.ty;
        match self.param.array() {
            Some(values) => array(values, ty, out),
            None => self.param.value().map_or(Ok(IsNull::Yes), |value| one(value, ty, out)),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        if *self.ty == Type::UNKNOWN { Format::Text } else { Format::Binary }
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.to_sql(ty, out)
    }
}

fn one(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
    match value {
        Value::Null => return Ok(IsNull::Yes),
        Value::Bool(b) => out.put_u8(u8::from(*b)),
        Value::Int(i) => match *ty {
            Type::INT4 => out.put_i32((*i).try_into()?),
            Type::INT2 => out.put_i16((*i).try_into()?),
            _ => out.put_i64(*i),
        },
        Value::Float(x) if *ty == Type::FLOAT4 => out.put_f32(*x as f32),
        Value::Float(x) => out.put_f64(*x),
        Value::Text(text) | Value::Json(text) => out.put_slice(text.as_bytes()),
        Value::Bytes(bytes) => out.put_slice(bytes),
        Value::Timestamp(at) => out.put_i64(at.as_microsecond() - EPOCH),
        Value::Date(date) => out.put_i32(FIRST_DAY.until(*date)?.get_days()),
        Value::Uuid(id) => out.put_slice(id.as_bytes()),
        other => return Err(format!("PostgreSQL has no form for {}", other.type_name()).into()),
    }
    Ok(IsNull::No)
}

/// A one-dimensional array: dimensions, whether there are nulls, the elements' type, length, first index; then each.
fn array<'v>(
    values: impl ExactSizeIterator<Item = &'v Value> + Clone,
    ty: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, Failure> {
    let element = match ty.kind() {
        tokio_postgres::types::Kind::Array(element) => element,
        _ => return Err(format!("{ty} is no array").into()),
    };
    let length = values.len();
    out.reserve(20 + length * 12);
    out.put_i32(1);
    out.put_i32(i32::from(values.clone().any(Value::is_null)));
    out.put_u32(element.oid());
    out.put_i32(length.try_into()?);
    out.put_i32(1);
    for value in values {
        let start = out.len();
        out.put_i32(-1);
        if let IsNull::No = one(value, element, out)? {
            let size = i32::try_from(out.len() - start - 4)?;
            out[start..start + 4].copy_from_slice(&size.to_be_bytes());
        }
    }
    Ok(IsNull::No)
}

/// The type that a parameter is sent as.
pub(crate) fn type_of(param: &Param<'_>) -> Type {
    match param {
        // A text that is compared with nothing known is taken as a quoted literal, and so is null.
        Param::Value { ty: None, value }
            if matches!(**value, Value::Null | Value::Text(_) | Value::Json(_)) =>
        {
            Type::UNKNOWN
        }
        Param::Value { .. } => column_type(param.ty()),
        _ => array_type(param.ty()),
    }
}

pub(crate) fn column_type(ty: ColumnType) -> Type {
    match ty {
        ColumnType::Bool => Type::BOOL,
        ColumnType::Int => Type::INT8,
        ColumnType::Float => Type::FLOAT8,
        ColumnType::Bytes => Type::BYTEA,
        ColumnType::Timestamp => Type::TIMESTAMPTZ,
        ColumnType::Date => Type::DATE,
        ColumnType::Uuid => Type::UUID,
        ColumnType::Json => Type::JSON,
        _ => Type::TEXT,
    }
}

fn array_type(ty: ColumnType) -> Type {
    match ty {
        ColumnType::Bool => Type::BOOL_ARRAY,
        ColumnType::Int => Type::INT8_ARRAY,
        ColumnType::Float => Type::FLOAT8_ARRAY,
        ColumnType::Bytes => Type::BYTEA_ARRAY,
        ColumnType::Timestamp => Type::TIMESTAMPTZ_ARRAY,
        ColumnType::Date => Type::DATE_ARRAY,
        ColumnType::Uuid => Type::UUID_ARRAY,
        ColumnType::Json => Type::JSON_ARRAY,
        _ => Type::TEXT_ARRAY,
    }
}

/// A value as it came, whatever its type.
pub(crate) struct Raw<'a>(pub(crate) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A stored value as the column's type.
pub(crate) fn read(raw: Raw<'_>, ty: &Type, table: TableRef, column: u16) -> Result<Value> {
    let Some(bytes) = raw.0 else { return Ok(Value::Null) };
    typed(bytes, ty, table.columns[usize::from(column)].ty).map_err(|mismatch| {
        let column = table.columns[usize::from(column)].name;
        let decode = Decode::new(table.name, column, mismatch);
        Error::Decode(Box::new(Decode { database_type: Some(name_of(ty)), ..decode }))
    })
}

/// The type as SQL has it.
pub(crate) fn name_of(ty: &Type) -> String {
    match ty.kind() {
        Kind::Array(element) => format!("{}[]", element.name()),
        _ => ty.name().to_owned(),
    }
}

fn typed(bytes: &[u8], ty: &Type, wanted: ColumnType) -> Result<Value, Mismatch> {
    let mismatch = |expected| Mismatch { expected, found: "a value of another type" };
    match (ty, wanted) {
        // The session's time zone is UTC, so that is also what the server takes it for.
        (&Type::TIMESTAMP, ColumnType::Timestamp) => return untyped(bytes, &Type::TIMESTAMPTZ),
        (&Type::NUMERIC, ColumnType::Float) => return numeric::float(bytes).map(Value::Float),
        _ => {}
    }
    let value = of_any_type(bytes, ty)?;
    Ok(match (value, wanted) {
        (Value::Text(text), ColumnType::Json) => Value::Json(text),
        (Value::Json(_), wanted) if wanted != ColumnType::Json => {
            return Err(mismatch("a value of the column's type"));
        }
        (value, wanted) if value.fits(wanted) => value,
        // What an enum does not know is said when the row is made, with the text that it has.
        (value @ Value::Text(_), ColumnType::Enum(_)) => value,
        _ => return Err(mismatch("a value of the column's type")),
    })
}

/// A value by the type that the server says it has.
pub(crate) fn untyped(bytes: &[u8], ty: &Type) -> Result<Value, Mismatch> {
    fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Mismatch> {
        bytes.try_into().map_err(|_| Mismatch { expected: "a value of its type's size", found: "another" })
    }
    let out_of_range = |expected| Mismatch { expected, found: "one out of range" };
    Ok(match *ty {
        Type::BOOL => Value::Bool(fixed::<1>(bytes)?[0] != 0),
        Type::INT8 => Value::Int(i64::from_be_bytes(fixed(bytes)?)),
        Type::INT4 => Value::Int(i64::from(i32::from_be_bytes(fixed(bytes)?))),
        Type::INT2 => Value::Int(i64::from(i16::from_be_bytes(fixed(bytes)?))),
        Type::OID => Value::Int(i64::from(u32::from_be_bytes(fixed(bytes)?))),
        // A computed zero may be a negative one, which is the same number: added to zero it is zero.
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(fixed(bytes)?) + 0.0),
        Type::FLOAT4 => Value::Float(f64::from(f32::from_be_bytes(fixed(bytes)?))),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => Value::Text(text(bytes)?),
        // The blanks that fill it up are no part of it, as the server compares it.
        Type::BPCHAR => Value::Text(text(bytes)?.trim_end_matches(' ').to_owned()),
        Type::JSON => Value::Json(text(bytes)?),
        // A version, then the text.
        Type::JSONB => Value::Json(text(bytes.get(1..).unwrap_or_default())?),
        Type::BYTEA => Value::Bytes(bytes.to_vec()),
        Type::UUID => Value::Uuid(Uuid::from_bytes(fixed(bytes)?)),
        Type::TIMESTAMPTZ => {
            let micros = i128::from(i64::from_be_bytes(fixed(bytes)?)) + i128::from(EPOCH);
            let at = Timestamp::from_nanosecond(micros * 1_000);
            Value::Timestamp(at.map_err(|_| out_of_range("a timestamp in range"))?)
        }
        Type::DATE => {
            let days = Span::new().try_days(i32::from_be_bytes(fixed(bytes)?));
            let date = days.and_then(|days| FIRST_DAY.checked_add(days));
            Value::Date(date.map_err(|_| out_of_range("a date in range"))?)
        }
        Type::NUMERIC => numeric::exact(bytes)?,
        Type::VOID => Value::Null,
        _ => {
            return Err(Mismatch { expected: "a type that Tripline knows", found: "another" });
        }
    })
}

/// Like [`untyped`], where nothing says which type is wanted: also types of the database's own that are text.
pub(crate) fn of_any_type(bytes: &[u8], ty: &Type) -> Result<Value, Mismatch> {
    match ty.kind() {
        Kind::Enum(_) => Ok(Value::Text(text(bytes)?)),
        Kind::Simple if ty.name() == "citext" => Ok(Value::Text(text(bytes)?)),
        _ => untyped(bytes, ty),
    }
}

fn text(bytes: &[u8]) -> Result<String, Mismatch> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Mismatch { expected: "text in UTF-8", found: "other bytes" }),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn there_and_back(value: Value, ty: Type) {
        let mut bytes = BytesMut::new();
        one(&value, &ty, &mut bytes).unwrap();
        assert_eq!(untyped(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn values_come_back_as_they_went() {
        there_and_back(Value::Bool(true), Type::BOOL);
        there_and_back(Value::Int(i64::MIN), Type::INT8);
        there_and_back(Value::Int(-7), Type::INT2);
        there_and_back(Value::Float(-0.5), Type::FLOAT8);
        there_and_back(Value::Text("ü".into()), Type::TEXT);
        there_and_back(Value::Json("[1]".into()), Type::JSON);
        there_and_back(Value::Bytes(vec![0, 255]), Type::BYTEA);
        there_and_back(Value::Uuid(Uuid::from_u128(7)), Type::UUID);
        there_and_back(Value::Timestamp(Timestamp::from_microsecond(-1).unwrap()), Type::TIMESTAMPTZ);
        for date in [Date::constant(0, 1, 1), Date::constant(1999, 12, 31), Date::constant(9999, 12, 31)] {
            there_and_back(Value::Date(date), Type::DATE);
        }
    }

    #[test]
    fn a_list_is_an_array_with_nulls() {
        let values = vec![Value::Int(1), Value::Null];
        let param = Param::List { values: Cow::Owned(values), ty: ColumnType::Int };
        let mut bytes = BytesMut::new();
        Bind::new(&param, &Type::INT8_ARRAY).to_sql(&Type::INT8_ARRAY, &mut bytes).unwrap();
        let numbers: Vec<Option<i64>> = FromSql::from_sql(&Type::INT8_ARRAY, &bytes).unwrap();
        assert_eq!(numbers, [Some(1), None]);
    }

    #[test]
    fn what_is_out_of_range_or_unknown_is_an_error() {
        assert!(untyped(&i64::MAX.to_be_bytes(), &Type::TIMESTAMPTZ).is_err());
        assert!(untyped(&i32::MAX.to_be_bytes(), &Type::DATE).is_err());
        assert!(untyped(&[0; 8], &Type::POINT).is_err());
        assert!(untyped(&[0xff], &Type::TEXT).is_err());
        assert!(one(&Value::Int(70_000), &Type::INT2, &mut BytesMut::new()).is_err());
    }
}
