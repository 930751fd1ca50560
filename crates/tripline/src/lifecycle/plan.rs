//! Plan: the operation gets its final form. Neither async nor I/O.

use tripline_core::{Kind, OnUpdate, Result, Slot, Value};

use super::run::{Planned, Prepared, Run};
use crate::Db;

pub(super) fn plan(db: &Db, mut run: Run<Prepared>) -> Result<Run<Planned>> {
    if run.op.kind == Kind::Update {
        add_on_update(db, &mut run)?;
    }
    Ok(run.next())
}

/// Adds on-update values to patches that are not empty, where nobody set them (L27).
fn add_on_update(db: &Db, run: &mut Run<Prepared>) -> Result<()> {
    let table = run.op.table;
    if table.columns.iter().all(|column| matches!(column.on_update, OnUpdate::None)) {
        return Ok(());
    }
    let now = run.now(db);
    let values: Vec<(usize, Value)> = (table.columns.iter().enumerate())
        .filter_map(|(i, column)| match column.on_update {
            OnUpdate::Now => Some((i, Value::Timestamp(now))),
            OnUpdate::Function(value) => Some((i, value())),
            _ => None,
        })
        .collect();
    for patch in run.body.slots.flat()?.chunks_exact_mut(table.columns.len()) {
        if !patch.iter().any(Slot::is_set) {
            continue;
        }
        for (column, value) in &values {
            if !patch[*column].is_set() {
                patch[*column] = Slot::To(value.clone());
            }
        }
    }
    Ok(())
}
