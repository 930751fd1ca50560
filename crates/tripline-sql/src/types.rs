//! Which type a value or expression has: PostgreSQL wants each parameter's.

use tripline_core::{ColumnType, Node, TableRef, Value};

/// The value's own type; none for null.
pub(crate) fn type_of_value(value: &Value) -> Option<ColumnType> {
    Some(match value {
        Value::Bool(_) => ColumnType::Bool,
        Value::Int(_) => ColumnType::Int,
        Value::Float(_) => ColumnType::Float,
        Value::Text(_) => ColumnType::Text,
        Value::Bytes(_) => ColumnType::Bytes,
        Value::Timestamp(_) => ColumnType::Timestamp,
        Value::Date(_) => ColumnType::Date,
        Value::Uuid(_) => ColumnType::Uuid,
        Value::Json(_) => ColumnType::Json,
        _ => return None,
    })
}

/// The type of what an expression gives, as far as it can be told.
pub(crate) fn type_of(table: TableRef, node: &Node) -> Option<ColumnType> {
    match node {
        Node::Column(column) => Some(table.columns[usize::from(*column)].ty),
        Node::Literal(value) => type_of_value(value),
        Node::Arith(_, pair) => match (type_of(table, &pair.0), type_of(table, &pair.1)) {
            (Some(ColumnType::Float), _) | (_, Some(ColumnType::Float)) => Some(ColumnType::Float),
            (left, right) => left.or(right),
        },
        _ => Some(ColumnType::Bool),
    }
}

/// The type to send a value with that meets one of type `other`: the value's own, unless it is null or an enum's.
pub(crate) fn type_beside(value: &Value, other: Option<ColumnType>) -> Option<ColumnType> {
    match (type_of_value(value), other) {
        (None, other) => other,
        (Some(ColumnType::Text), Some(ColumnType::Enum(names))) => Some(ColumnType::Enum(names)),
        (own, _) => own,
    }
}

/// JSON is compared as its text: PostgreSQL's type for it, which keeps the text as it was given, has no equality.
pub(crate) fn compared(ty: ColumnType) -> ColumnType {
    if ty == ColumnType::Json { ColumnType::Text } else { ty }
}

/// The type of all values of a list, beside one of type `other`; none if there is a null or they differ.
pub(crate) fn type_of_list(list: &[Value], other: Option<ColumnType>) -> Option<ColumnType> {
    let of = |value: &Value| match value {
        Value::Null => None,
        value => type_beside(value, other).map(compared),
    };
    let first = of(list.first()?)?;
    list.iter().all(|value| of(value) == Some(first)).then_some(first)
}

/// Whether the expression can be null.
pub(crate) fn can_be_null(table: TableRef, node: &Node) -> bool {
    match node {
        Node::Column(column) => table.columns[usize::from(*column)].nullable,
        Node::Literal(value) => value.is_null(),
        Node::IsNull(_) => false,
        // A computed float without a value is null.
        Node::Arith(_, pair) => {
            type_of(table, node) == Some(ColumnType::Float)
                || can_be_null(table, &pair.0)
                || can_be_null(table, &pair.1)
        }
        _ => true,
    }
}

/// PostgreSQL's name for the type, as in a cast.
pub(crate) fn postgres_type(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool => "bool",
        ColumnType::Int => "int8",
        ColumnType::Float => "float8",
        ColumnType::Bytes => "bytea",
        ColumnType::Timestamp => "timestamptz",
        ColumnType::Date => "date",
        ColumnType::Uuid => "uuid",
        ColumnType::Json => "json",
        _ => "text",
    }
}
