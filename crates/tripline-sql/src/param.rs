//! [`Param`]: what is sent beside the text.

use std::borrow::Cow;

use tripline_core::{ColumnType, Slot, Value};

use crate::types::type_of_value;

/// A parameter: a value, or on PostgreSQL also an array.
///
/// The arrays that come from rows are not copied: they stay where they are, and are read with [`Param::array`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Param<'s> {
    /// One value.
    Value {
        /// The value.
        value: Cow<'s, Value>,
        /// The type of the column that it is compared with or put in; none where that is not known. JSON that is
        /// compared has the type `Text`, as the text of the statement says.
        ty: Option<ColumnType>,
    },
    /// An array of these values.
    List {
        /// The values, none of them null.
        values: Cow<'s, [Value]>,
        /// Their type.
        ty: ColumnType,
    },
    /// An array of one column's values.
    Column {
        /// Rows, one after the other.
        rows: &'s [Value],
        /// How many values a row has.
        width: usize,
        /// Which of them.
        index: usize,
        /// The column's type.
        ty: ColumnType,
    },
    /// An array of what each patch sets one column to; null where it sets nothing.
    Slots {
        /// Patches, one after the other.
        patches: &'s [Slot],
        /// How many slots a patch has.
        width: usize,
        /// Which of them.
        index: usize,
        /// The column's type.
        ty: ColumnType,
    },
    /// An array of whether each patch sets one column.
    IsSet {
        /// Patches, one after the other.
        patches: &'s [Slot],
        /// How many slots a patch has.
        width: usize,
        /// Which of them.
        index: usize,
    },
}

static NULL: Value = Value::Null;
static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

impl<'s> Param<'s> {
    /// The type to send it with; of an array, the type of its elements.
    ///
    /// Where no column says it, it is the value's own, and text for null.
    pub fn ty(&self) -> ColumnType {
        match self {
            Param::Value { ty: Some(ty), .. } => *ty,
            Param::Value { value, ty: None } => type_of_value(value).unwrap_or(ColumnType::Text),
            Param::List { ty, .. } | Param::Column { ty, .. } | Param::Slots { ty, .. } => *ty,
            Param::IsSet { .. } => ColumnType::Bool,
        }
    }

    /// The value; none if it is an array. SQLite's parameters are always values.
    #[inline]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Param::Value { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value, to keep; none if it is an array.
    pub fn into_value(self) -> Option<Value> {
        match self {
            Param::Value { value, .. } => Some(value.into_owned()),
            _ => None,
        }
    }

    /// The array's elements; none if it is a value.
    pub fn array(&self) -> Option<impl ExactSizeIterator<Item = &Value> + Clone> {
        let len = match self {
            Param::Value { .. } => return None,
            Param::List { values, .. } => values.len(),
            Param::Column { rows, width, .. } => rows.len() / width,
            Param::Slots { patches, width, .. } | Param::IsSet { patches, width, .. } => {
                patches.len() / width
            }
        };
        Some((0..len).map(|i| self.element(i)))
    }

    fn element(&self, i: usize) -> &Value {
        match self {
            Param::Value { value, .. } => value,
            Param::List { values, .. } => &values[i],
            Param::Column { rows, width, index, .. } => &rows[i * width + index],
            Param::Slots { patches, width, index, .. } => match &patches[i * width + index] {
                Slot::To(value) | Slot::Default(value) => value,
                Slot::Unset | Slot::Expr(_) => &NULL,
            },
            Param::IsSet { patches, width, index } => match &patches[i * width + index] {
                Slot::Unset => &FALSE,
                _ => &TRUE,
            },
        }
    }
}

impl<'s> From<&'s Value> for Param<'s> {
    fn from(value: &'s Value) -> Self {
        Param::Value { value: Cow::Borrowed(value), ty: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(param: &Param<'_>) -> Vec<Value> {
        param.array().expect("an array").cloned().collect()
    }

    #[test]
    fn an_array_is_read_from_rows_and_patches_where_they_are() {
        let rows = [Value::Int(1), "a".into(), Value::Int(2), "b".into()];
        let column = Param::Column { rows: &rows, width: 2, index: 1, ty: ColumnType::Text };
        assert_eq!(elements(&column), ["a".into(), "b".into()]);
        assert!(column.value().is_none());

        let patches = [Slot::Unset, Slot::To(Value::Int(1)), Slot::Unset, Slot::Unset];
        let slots = Param::Slots { patches: &patches, width: 2, index: 1, ty: ColumnType::Int };
        assert_eq!(elements(&slots), [Value::Int(1), Value::Null]);
        let is_set = Param::IsSet { patches: &patches, width: 2, index: 1 };
        assert_eq!(elements(&is_set), [Value::Bool(true), Value::Bool(false)]);
        assert_eq!(is_set.ty(), ColumnType::Bool);
    }

    #[test]
    fn a_value_without_a_column_is_of_its_own_type_and_null_is_text() {
        assert_eq!(Param::from(&Value::Int(1)).ty(), ColumnType::Int);
        assert_eq!(Param::from(&Value::Null).ty(), ColumnType::Text);
        assert!(Param::from(&Value::Null).array().is_none());
    }
}
