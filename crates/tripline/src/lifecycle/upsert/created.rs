//! The rows of an upsert that are not there: created with the hooks of a create. Some may turn out to be there.

use std::collections::{HashMap, HashSet};

use tripline_core::{Cause, Conflict, Kind, Operation, Result, RowSet, Statement, Step, Value, all_columns};

use super::{
    about,
    divided::Rows,
    find::{Known, find_each},
    known::{check_twice, drafts_of, identity_of, project, row_values},
};
use crate::{
    Tx,
    lifecycle::{
        Inner, Link, Run,
        old::{by_key, identity, key_positions},
        operation,
        origin::Frame,
        write::ROWS_PER_TURN,
    },
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
    ask.op.returns = run.op.returns.clone();
    ask.is_part = true;
    if rows.callers.is_some() {
        ask.is_prepared = true;
        // Its before-hooks have run, and may have left something for those after it (L64).
        ask.local = std::mem::take(&mut run.local);
    }
    ask.conflict = Some(Box::new(Conflict { target: conflict.target.clone(), update: None }));
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Create)).collect();
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let asked = Run::asked(&tx.state.db, ask)?;
    rows.spend(&asked)?;
    let mut done = operation(&mut tx, asked).await?;
    if rows.callers.is_some() {
        run.local = std::mem::take(&mut done.local);
    }
    let lost: HashMap<usize, Vec<Value>> = std::mem::take(&mut done.lost).into_iter().collect();
    let key = key_positions(&done, &done.body.new);
    let mut new = done.body.new.iter();
    let mut again = Vec::new();
    for (position, i) in waiting.into_iter().enumerate() {
        if let Some(values) = lost.get(&position) {
            rows.known_by[i].clone_from(values);
            again.push(i);
        } else if let Some(row) = new.next() {
            rows.taken.insert(identity(row, &key));
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
    // Null is never the same as null: such a row is always new, and nothing tells it from another one.
    let is_known = |i: &usize| {
        let row = &rows[i * width..][..width];
        conflict.target.iter().all(|column| !row[usize::from(*column)].is_null())
    };
    let (known, unknown): (Vec<usize>, Vec<usize>) = (0..rows.len() / width).partition(is_known);
    if !unknown.is_empty() {
        let mut new = part(&rows, width, &unknown);
        let mut step = Step::new(Statement::Insert { table, rows: &mut new });
        link.send(&mut step, Kind::Create).await?;
        for (i, row) in unknown.iter().zip(new.chunks_exact(width)) {
            rows[i * width..][..width].clone_from_slice(row);
        }
    }
    let mut lost = HashSet::new();
    if !known.is_empty() {
        lost = insert_known(link, run, &mut rows, &known, conflict).await?;
    }
    let mut kept = Vec::with_capacity(rows.len());
    for (i, row) in rows.chunks_exact(width).enumerate() {
        if lost.contains(&i) {
            run.lost.push((i, row_values(row, &conflict.target)));
        } else {
            kept.extend_from_slice(row);
        }
    }
    if let Some(given) = &mut run.local.given {
        given.choose((0..rows.len() / width).filter(|i| !lost.contains(i)));
    }
    run.body.count = (kept.len() / width) as u64;
    run.body.new = RowSet { columns: all_columns(table), values: kept };
    Ok(())
}

/// Inserts rows that have all values to be known by; gives those that were there.
async fn insert_known(
    link: &mut Link<'_, '_>,
    run: &mut Inner,
    rows: &mut [Value],
    known: &[usize],
    conflict: &Conflict,
) -> Result<HashSet<usize>> {
    let (table, target) = (run.op.table, &conflict.target);
    let width = table.columns.len();
    let mut returning: Vec<u16> = table.key.to_vec();
    returning.extend(target.iter().filter(|column| !table.is_key(**column)));
    let new = part(rows, width, known);
    let known_by: Vec<Vec<Value>> = new.chunks_exact(width).map(|row| row_values(row, target)).collect();
    check_twice(table, target, &known_by)?;
    let at_once = if link.traits().remote { new.len() } else { ROWS_PER_TURN * width };
    let mut inserted = RowSet::new(returning);
    for (turn, rows) in new.chunks(at_once).enumerate() {
        if turn > 0 {
            tokio::task::yield_now().await;
        }
        let mut step = Step::new(Statement::Upsert { table, rows, conflict, returning: &inserted.columns });
        link.send(&mut step, Kind::Create).await?;
        let mut values = std::mem::take(&mut step.answer.values);
        inserted.values.append(&mut values);
    }
    if link.is_dry() {
        return Ok(HashSet::new());
    }
    let by_values = known_by.iter().zip(known).map(|(values, i)| (identity_of(values), *i)).collect();
    let mut places = drafts_of(&inserted, target, &by_values);
    if places.contains(&None) {
        // The database keeps some values otherwise than they were given, and is asked whose rows they are.
        let known = known_by.iter().zip(known).map(|(values, i)| (*i, &**values));
        let known = Known::new(table, target, known);
        let (found, drafts) = find_each(link, table, &known, table.key.to_vec(), None, usize::MAX).await?;
        let found = by_key(run, &found);
        let key = key_positions(run, &inserted);
        places = inserted.iter().map(|row| Some(drafts[*found.get(&identity(row, &key))?])).collect();
    }
    let mut lost: HashSet<usize> = known.iter().copied().collect();
    for (row, place) in inserted.iter().zip(places) {
        let Some(i) = place.filter(|i| lost.remove(i)) else {
            let why = "a row of the upsert was made another one by the database while it was created";
            return Err(about(table, why.to_owned()));
        };
        for (value, column) in row.iter().zip(table.key) {
            rows[i * width + usize::from(*column)].clone_from(value);
        }
    }
    Ok(lost)
}

/// Some of the rows.
fn part(rows: &[Value], width: usize, of: &[usize]) -> Vec<Value> {
    of.iter().flat_map(|i| &rows[i * width..][..width]).cloned().collect()
}
