//! An upsert that is one statement, since nothing is attached to what it may do.

use tripline_core::{ConflictUpdate, Kind, OnUpdate, Result, RowSet, Slot, Statement, Step, Value};

use super::{
    check_target, given,
    known::{check_twice, values_by},
    no_conflict,
};
use crate::{
    Db,
    lifecycle::{Inner, Link, values_of},
};

/// Makes ready what is one statement: which columns an existing row takes, and its on-update values (T2).
pub(in crate::lifecycle) fn prepare(db: &Db, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let Some(mut conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    check_target(table, &conflict.target)?;
    let drafts = run.body.slots.flat()?.clone();
    let known_by: Vec<Vec<Value>> =
        drafts.chunks_exact(table.columns.len()).map(|draft| values_by(draft, &conflict.target)).collect();
    check_twice(table, &conflict.target, &known_by)?;
    let now = run.now(db);
    if let Some(update) = &mut conflict.update {
        if is_empty(update) {
            let given_by = run.callers.as_ref().unwrap_or(&drafts);
            let first = given_by.chunks_exact(table.columns.len()).next().unwrap_or_default();
            update.excluded = given(table, first, &conflict.target);
        }
        if is_empty(update) {
            // A row comes back only if it is written: it takes what it has.
            update.excluded = conflict.target.clone();
        } else {
            for (column, desc) in table.columns.iter().enumerate() {
                let set = update.set.get(column).is_some_and(Slot::is_set);
                if set || update.excluded.contains(&(column as u16)) {
                    continue;
                }
                let value = match desc.on_update {
                    OnUpdate::Now => Value::Timestamp(now),
                    OnUpdate::Function(value) => value(),
                    _ => continue,
                };
                update.set.resize(table.columns.len(), Slot::Unset);
                update.set[column] = Slot::To(value);
            }
        }
    }
    run.conflict = Some(conflict);
    Ok(())
}

fn is_empty(update: &ConflictUpdate) -> bool {
    update.excluded.is_empty() && !update.set.iter().any(Slot::is_set)
}

/// Sends it.
pub(in crate::lifecycle) async fn write(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let Some(conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    let rows = values_of(std::mem::take(run.body.slots.flat()?));
    let returning = run.op.columns();
    if rows.is_empty() {
        return Ok(());
    }
    let mut step =
        Step::new(Statement::Upsert { table, rows: &rows, conflict: &conflict, returning: &returning });
    link.send(&mut step, Kind::Upsert).await?;
    run.body.count = step.answer.count;
    let values = std::mem::take(&mut step.answer.values);
    run.body.new = RowSet { columns: returning, values };
    Ok(())
}
