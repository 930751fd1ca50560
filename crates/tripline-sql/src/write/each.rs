//! An update with a patch for each row, as one statement.

use std::fmt::Write as _;

use tripline_core::{Node, Result, RowSet, Slot, TableRef};

use super::key_array;
use crate::{Param, Sql};

/// `UPDATE table SET .. FROM unnest($1::int8[], ..) AS v(..) WHERE table.key = v.key AND ..`: to each key its patch.
///
/// False, with nothing written, if that cannot be said so, and the driver has to go row by row: if a patch sets a
/// column to an expression, or no patch sets anything. A row whose patch sets nothing is left alone. For PostgreSQL.
pub fn update_each<'s>(
    sql: &mut Sql<'s>,
    table: TableRef,
    filter: Option<&'s Node>,
    patches: &'s [Slot],
    keys: &'s RowSet,
    returning: &[u16],
) -> Result<bool> {
    let width = table.columns.len();
    let set = columns_set(patches, width);
    let by_expression = patches.iter().any(|slot| matches!(slot, Slot::Expr(_)));
    if !sql.is_postgres() || by_expression || set.is_empty() || patches.len() != keys.len() * width {
        return Ok(false);
    }
    sql.push("UPDATE ");
    sql.name(table.name);
    sql.push(" AS \"t\"");
    sql.qualifier = Some("t");
    sql.set_each(table, &set);
    sql.push_patches(table, patches, keys, &set);
    for (i, column) in table.key.iter().enumerate() {
        sql.push(if i == 0 { " WHERE " } else { " AND " });
        sql.column(table, *column);
        _ = write!(sql.text, " = \"v\".\"k{i}\"");
    }
    // Without a change there is nothing to write.
    if patches.chunks_exact(width).any(|patch| patch.iter().all(|slot| *slot == Slot::Unset)) {
        for (i, column) in set.iter().enumerate() {
            sql.push(if i == 0 { " AND (" } else { " OR " });
            _ = write!(sql.text, "\"v\".\"s{}\"", column.index);
        }
        sql.push(")");
    }
    if let Some(filter) = filter {
        sql.push(" AND (");
        sql.node(table, filter)?;
        sql.push(")");
    }
    sql.returning(table, returning);
    sql.qualifier = None;
    Ok(true)
}

/// A column that a patch sets.
struct Set {
    index: usize,
    /// Whether all patches do.
    always: bool,
}

fn columns_set(patches: &[Slot], width: usize) -> Vec<Set> {
    let is_set = |patch: &[Slot], index: usize| patch[index] != Slot::Unset;
    let set = |index| Set { index, always: patches.chunks_exact(width).all(|patch| is_set(patch, index)) };
    (0..width)
        .filter(|index| patches.chunks_exact(width).any(|patch| is_set(patch, *index)))
        .map(set)
        .collect()
}

impl<'s> Sql<'s> {
    fn set_each(&mut self, table: TableRef, set: &[Set]) {
        for (i, Set { index, always }) in set.iter().enumerate() {
            self.push(if i == 0 { " SET " } else { ", " });
            self.name(table.columns[*index].name);
            if *always {
                _ = write!(self.text, " = \"v\".\"c{index}\"");
                continue;
            }
            _ = write!(self.text, " = CASE WHEN \"v\".\"s{index}\" THEN \"v\".\"c{index}\" ELSE ");
            self.column(table, *index as u16);
            self.push(" END");
        }
    }

    /// The patches as rows: `k` are keys, `c` values, `s` whether the value is meant.
    fn push_patches(&mut self, table: TableRef, patches: &'s [Slot], keys: &'s RowSet, set: &[Set]) {
        let width = table.columns.len();
        let mut names = String::new();
        self.push(" FROM unnest(");
        for i in 0..table.key.len() {
            let comma = if i == 0 { "" } else { ", " };
            self.push(comma);
            self.typed_array(key_array(table, keys, i));
            _ = write!(names, "{comma}\"k{i}\"");
        }
        for Set { index, always } in set {
            let (index, ty) = (*index, table.columns[*index].ty);
            self.push(", ");
            self.typed_array(Param::Slots { patches, width, index, ty });
            _ = write!(names, ", \"c{index}\"");
            if !always {
                self.push(", ");
                self.typed_array(Param::IsSet { patches, width, index });
                _ = write!(names, ", \"s{index}\"");
            }
        }
        _ = write!(self.text, ") AS \"v\"({names})");
    }
}
