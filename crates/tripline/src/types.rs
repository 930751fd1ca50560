//! [`Type`]: which Rust types a column can have, and [`Input`]: what can be given for a column of such a type.

mod id;
#[cfg(feature = "json")]
mod json;
mod scalars;

pub use id::Id;
#[cfg(feature = "json")]
pub use json::Json;
pub(crate) use scalars::whole_microseconds;
use tripline_core::{ColumnType, DefaultDesc, Mismatch, Result, Value};

/// A Rust type that a column can have.
///
/// Implemented for `bool`, the integers that fit 64 bits with a sign, `f64`, `String`, `Vec<u8>`,
/// `jiff::Timestamp`, `jiff::civil::Date`, `uuid::Uuid`, [`Id`], [`Json`], enums with `#[derive(TextEnum)]`, and
/// `Option` of each, for columns that may be null.
///
/// A timestamp is kept in whole microseconds; what is finer is cut off before it is written.
#[diagnostic::on_unimplemented(
    message = "a column cannot have the type `{Self}`",
    label = "not a column type",
    note = "column types: bool, i8 to i64, u8 to u32, f64, String, Vec<u8>, jiff::Timestamp, jiff::civil::Date, uuid::Uuid, Id<..>, Json<..>, enums with #[derive(TextEnum)], and Option of each"
)]
pub trait Type: Sized + Send + Sync + 'static {
    /// The type without `Option`.
    type Base: Type;
    /// The type of the column.
    const COLUMN: ColumnType;
    /// The smallest and largest integer, for types narrower than 64 bits: a check of the column.
    const RANGE: Option<(i64, i64)> = None;
    /// Whether the column allows null.
    const NULLABLE: bool = false;
    /// Whether decoding can fail for a value of the column's type: for JSON of another shape, say. Then rows that an
    /// update or delete gives are decoded before it is committed.
    const FALLIBLE: bool = true;
    /// Where a key of this type comes from when nobody gives it.
    const KEY_DEFAULT: DefaultDesc = DefaultDesc::None;

    /// The value as a column holds it. Errors if it cannot be written, such as JSON with keys that are no text.
    fn encode(self) -> Result<Value>;

    /// The value back from a column.
    fn decode(value: Value) -> Result<Self, Mismatch>;
}

/// Something that can be given where a column of type `V` wants a value: `"ada"` for a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a column of type `{V}`",
    label = "expected a value for a column of type `{V}`",
    note = "a column takes values of its own type; filters ask for null by `is_null()`, only a column that is an `Option` can be set to `None`"
)]
pub trait Input<V> {
    /// The value as the column's type.
    fn into_input(self) -> V;
}

/// A column type that can be computed with: the integers and `f64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number, so a column of this type cannot be computed with",
    label = "not a column of numbers",
    note = "`set` gives a column of any type a new value"
)]
pub trait Number: Type {}

/// A column type whose values can be matched against patterns: `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text, so a column of this type cannot be matched against a pattern",
    label = "not a column of text",
    note = "columns of other types are compared: `eq`, `gt`, `is_in` and so on"
)]
pub trait Text: Type {}

#[diagnostic::do_not_recommend]
impl<T: Type<Base = T>> Type for Option<T> {
    type Base = T;
    const COLUMN: ColumnType = T::COLUMN;
    const RANGE: Option<(i64, i64)> = T::RANGE;
    const NULLABLE: bool = true;
    const FALLIBLE: bool = T::FALLIBLE;

    fn encode(self) -> Result<Value> {
        self.map_or(Ok(Value::Null), T::encode)
    }

    fn decode(value: Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Type<Base = T>> Input<Option<T>> for Option<T> {
    fn into_input(self) -> Option<T> {
        self
    }
}

/// For SQL of the application's own; the other column types have theirs beside [`Value`].
impl<T, K: Copy + Into<Value>> From<Id<T, K>> for Value {
    fn from(id: Id<T, K>) -> Self {
        id.get().into()
    }
}

/// [`Input`] for a column type of one's own, so that its values can be given to filters and changes.
///
/// `derive(TextEnum)` calls it; call it for column types implemented by hand: `tripline::input!(Color);`.
#[macro_export]
macro_rules! input {
    ($type:ty) => {
        #[diagnostic::do_not_recommend]
        impl $crate::Input<$type> for $type {
            fn into_input(self) -> $type {
                self
            }
        }
        #[diagnostic::do_not_recommend]
        impl $crate::Input<::core::option::Option<$type>> for $type {
            fn into_input(self) -> ::core::option::Option<$type> {
                ::core::option::Option::Some(self)
            }
        }
    };
}

/// What also can be given for a column of this type, converted.
macro_rules! convert {
    ($type:ty: $($from:ty => $convert:expr),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Input<$type> for $from {
            fn into_input(self) -> $type {
                let convert: fn($from) -> $type = $convert;
                convert(self)
            }
        }
        #[diagnostic::do_not_recommend]
        impl Input<Option<$type>> for $from {
            fn into_input(self) -> Option<$type> {
                Some(Input::<$type>::into_input(self))
            }
        }
    )*};
}

use convert;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_values() {
        struct User;
        let id: Id<User> = Id::new(7);
        assert_eq!(Value::from(id), Value::Int(7));
        assert_eq!(Value::from(Some(id)), Value::Int(7));
        let uuid = uuid::Uuid::from_u128(7);
        assert_eq!(Value::from(Id::<User, _>::new(uuid)), Value::Uuid(uuid));
    }
}
