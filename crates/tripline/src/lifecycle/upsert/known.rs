//! What the rows of an upsert are known by: their values in the columns that make them the same.

use std::collections::{HashMap, HashSet};

use tripline_core::{Error, Result, RowSet, Slot, TableRef, Value};

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

/// The same row twice would be created and then changed at once, which the databases do not agree on.
pub(super) fn check_twice(table: TableRef, target: &[u16], known_by: &[Vec<Value>]) -> Result<()> {
    let mut known = HashSet::new();
    let mut given = known_by.iter().filter(|values| values.iter().all(|value| !value.is_null()));
    if given.all(|values| known.insert(identity_of(values))) {
        return Ok(());
    }
    Err(twice(table, target))
}

pub(super) fn twice(table: TableRef, target: &[u16]) -> Error {
    let names: Vec<&str> = target.iter().map(|column| table.columns[usize::from(*column)].name).collect();
    about(table, format!("two rows of the upsert have the same `{}`", names.join("`, `")))
}

/// Whether two drafts may be the same row to a database that compares some texts without regard to case or to blanks at
/// their end, though they are not equal.
pub(crate) fn are_alike(table: TableRef, drafts: &[Slot], target: &[u16]) -> bool {
    let folded = |value| match value {
        Value::Text(text) => Value::Text(text.trim_end_matches(' ').to_lowercase()),
        other => other,
    };
    let mut known = HashSet::new();
    let known_by = drafts.chunks_exact(table.columns.len().max(1)).map(|draft| values_by(draft, target));
    let mut given = known_by.filter(|values| values.iter().all(|value| !value.is_null()));
    !given.all(|values| known.insert(identity_of(&values.into_iter().map(folded).collect::<Vec<_>>())))
}
