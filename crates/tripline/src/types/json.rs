//! [`Json`]: a column whose value is a Rust value, written by serde.

use serde::{Serialize, de::DeserializeOwned};
use tripline_core::{ColumnType, Error, Mismatch, Result, Value};

use super::{Input, Type};

/// A column of JSON, typed by serde.
///
/// What a database finds equal is the text that serde writes, so filters compare whole values; a `HashMap` inside,
/// whose order changes, is better a `BTreeMap`.
///
/// ```
/// # use tripline::Json;
/// let settings = Json(vec!["dark".to_owned()]);
/// assert_eq!(settings.0.len(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Type for Json<T> {
    type Base = Self;
    const COLUMN: ColumnType = ColumnType::Json;

    fn encode(self) -> Result<Value> {
        serde_json::to_string(&self.0).map(Value::Json).map_err(|e| Error::invalid(format!("no JSON: {e}")))
    }

    fn decode(value: Value) -> Result<Self, Mismatch> {
        match &value {
            Value::Json(text) => serde_json::from_str(text)
                .map(Json)
                .map_err(|_| Mismatch { expected: "JSON of the column's Rust type", found: "other JSON" }),
            other => Err(Mismatch::new("json", other)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T> Input<Json<T>> for Json<T> {
    fn into_input(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T> Input<Option<Json<T>>> for Json<T> {
    fn into_input(self) -> Option<Self> {
        Some(self)
    }
}
