//! The rows of an upsert that are not there: created with the hooks of a create. Some may turn out to be there.

use std::collections::{HashMap, HashSet};

use tripline_core::{Cause, Conflict, Kind, Operation, Result, RowSet, Statement, Step, Value, all_columns};

use super::{
    divided::Rows,
    known::{check_twice, drafts_of, identity_of, project, row_values},
};
use crate::{
    Tx,
    lifecycle::{Inner, Link, Run, operation, origin::Frame},
};

/// Creates rows; gives the drafts whose rows turned out to be there.
pub(super) async fn created(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    conflict: &Conflict,
    rows: &mut Rows,
    waiting: Vec<usize>,
    depth: usize,
) -> Result<Vec<usize>> {
    let table = run.op.table;
    let width = table.columns.len();
    let mut op = Operation::new(table, Kind::Create);
    op.many = run.op.many;
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    let drafts = waiting.iter().flat_map(|i| &rows.drafts[i * width..][..width]);
    ask.body.slots.fill(drafts.cloned().collect());
    ask.is_prepared = run.is_prepared;
    ask.conflict = Some(Box::new(Conflict { target: conflict.target.clone(), update: None }));
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Create)).collect();
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let asked = Run::asked(&tx.state.db, ask)?;
    rows.spend(&asked)?;
    let mut done = operation(&mut tx, asked).await?;
    let lost: HashMap<usize, Vec<Value>> = std::mem::take(&mut done.lost).into_iter().collect();
    let mut new = done.body.new.iter();
    let mut again = Vec::new();
    for (position, i) in waiting.into_iter().enumerate() {
        if let Some(values) = lost.get(&position) {
            rows.known_by[i].clone_from(values);
            again.push(i);
        } else if let Some(row) = new.next() {
            rows.results[i] = Some(project(&done.body.new, row, &rows.columns));
            rows.known_by[i] = project(&done.body.new, row, &conflict.target);
        }
    }
    Ok(again)
}

/// Inserts what is not there; the rest is noted as lost.
pub(in crate::lifecycle) async fn insert_new(
    link: &mut Link<'_, '_>,
    run: &mut Inner,
    mut rows: Vec<Value>,
    conflict: &Conflict,
) -> Result<()> {
    let table = run.op.table;
    let width = table.columns.len();
    let mut returning: Vec<u16> = table.key.to_vec();
    returning.extend(conflict.target.iter().filter(|column| !table.is_key(**column)));
    // Null is never the same as null: such a row is always new, and nothing tells it from another one.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let is_known = conflict.target.iter().all(|column| !row[usize::from(*column)].is_null());
        if is_known { known.push(i) } else { unknown.push(i) }
    }
    let part = |rows: &[Value], of: &[usize]| -> Vec<Value> {
        of.iter().flat_map(|i| rows[i * width..][..width].to_vec()).collect()
    };
    if !unknown.is_empty() {
        let mut new = part(&rows, &unknown);
        let mut step = Step::new(Statement::Insert { table, rows: &mut new });
        link.send(&mut step, Kind::Create).await?;
        for (i, row) in unknown.iter().zip(new.chunks_exact(width)) {
            rows[i * width..][..width].clone_from_slice(row);
        }
    }
    if !known.is_empty() {
        let new = part(&rows, &known);
        let known_by: Vec<Vec<Value>> =
            new.chunks_exact(width).map(|row| row_values(row, &conflict.target)).collect();
        check_twice(table, &conflict.target, &known_by)?;
        let mut step = Step::new(Statement::Upsert { table, rows: &new, conflict, returning: &returning });
        link.send(&mut step, Kind::Create).await?;
        let values = std::mem::take(&mut step.answer.values);
        let inserted = RowSet { columns: returning.into(), values };
        let by_values: HashMap<Vec<u8>, usize> = known
            .iter()
            .map(|i| (identity_of(&row_values(&rows[i * width..], &conflict.target)), *i))
            .collect();
        let places = drafts_of(&inserted, &conflict.target, &by_values);
        let places: Vec<usize> = places.into_iter().flatten().collect();
        for (row, i) in inserted.iter().zip(&places) {
            for (position, column) in table.key.iter().enumerate() {
                rows[i * width + usize::from(*column)] = row[position].clone();
            }
        }
        let is_dry = link.is_dry();
        let places: HashSet<usize> = places.into_iter().collect();
        for i in known.into_iter().filter(|i| !places.contains(i) && !is_dry) {
            run.lost.push((i, row_values(&rows[i * width..], &conflict.target)));
        }
    }
    let mut kept = Vec::with_capacity(rows.len());
    let lost: HashSet<usize> = run.lost.iter().map(|(lost, _)| *lost).collect();
    for (i, row) in rows.chunks_exact(width).enumerate() {
        if !lost.contains(&i) {
            kept.extend_from_slice(row);
        }
    }
    run.body.count = (kept.len() / width) as u64;
    run.body.new = RowSet { columns: all_columns(table), values: kept };
    Ok(())
}
