//! What the rows of an upsert are known by: their values in the columns that make them the same.

use std::collections::{HashMap, HashSet};

use tripline_core::{Compare, Node, Result, RowSet, Slot, TableRef, Value};

use super::about;
use crate::lifecycle::old::identity;

pub(super) fn row_values(row: &[Value], columns: &[u16]) -> Vec<Value> {
    columns.iter().map(|column| row[usize::from(*column)].clone()).collect()
}

pub(super) fn values_by(draft: &[Slot], columns: &[u16]) -> Vec<Value> {
    let value = |column: &u16| match &draft[usize::from(*column)] {
        Slot::To(value) | Slot::Default(value) => value.clone(),
        Slot::Unset | Slot::Expr(_) => Value::Null,
    };
    columns.iter().map(value).collect()
}

pub(super) fn identity_of(values: &[Value]) -> Vec<u8> {
    identity(values, &(0..values.len()).collect::<Vec<_>>())
}

/// Which draft each row belongs to, by its values in these columns.
pub(super) fn drafts_of(
    rows: &RowSet,
    columns: &[u16],
    known: &HashMap<Vec<u8>, usize>,
) -> Vec<Option<usize>> {
    let positions: Vec<usize> = columns.iter().filter_map(|column| rows.position(*column)).collect();
    rows.iter().map(|row| known.get(&identity(row, &positions)).copied()).collect()
}

pub(super) fn project(rows: &RowSet, row: &[Value], columns: &[u16]) -> Vec<Value> {
    let value = |column: &u16| rows.position(*column).map_or(Value::Null, |position| row[position].clone());
    columns.iter().map(value).collect()
}

/// The condition that a row is known by one of these; none if none can be.
pub(super) fn known_by<'v>(target: &[u16], values: impl Iterator<Item = &'v Vec<Value>>) -> Option<Node> {
    let mut known = values.filter(|values| values.iter().all(|value| !value.is_null())).peekable();
    known.peek()?;
    if let [column] = target {
        let values = known.filter_map(|values| values.first().cloned()).collect();
        return Some(Node::In(Box::new(Node::Column(*column)), values));
    }
    let all = |values: &Vec<Value>| {
        let equal = target.iter().zip(values).map(|(column, value)| {
            Node::compare(Compare::Eq, Node::Column(*column), Node::Literal(value.clone()))
        });
        Node::And(equal.collect())
    };
    Some(Node::Or(known.map(all).collect()))
}

/// The same row twice would be created and then changed at once, which the databases do not agree on.
pub(super) fn check_twice(table: TableRef, target: &[u16], known_by: &[Vec<Value>]) -> Result<()> {
    let mut known = HashSet::new();
    let mut given = known_by.iter().filter(|values| values.iter().all(|value| !value.is_null()));
    if given.all(|values| known.insert(identity_of(values))) {
        return Ok(());
    }
    let names: Vec<&str> = target.iter().map(|column| table.columns[usize::from(*column)].name).collect();
    Err(about(table, format!("two rows of the upsert have the same `{}`", names.join("`, `"))))
}
