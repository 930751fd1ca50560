//! The rows of an upsert that are there: locked, then updated with the hooks of an update.
//!
//! Which draft a row belongs to is the database's to say: a column may take values to be the same that are not equal.

use tripline_core::{Cause, Conflict, Kind, Operation, Result, Returns, Slot, TableRef};

use super::{
    about,
    divided::Rows,
    find::{Known, find_each},
    given,
    known::{drafts_of, project, twice},
};
use crate::{
    Tx,
    lifecycle::{
        Inner, Link, Run,
        old::{columns_to_read, identity, keep_old, key_positions, too_many, with_keys_of},
        operation,
        origin::Frame,
    },
};

/// Locks and updates the rows that are there; gives the drafts that they are known by.
pub(super) async fn existing(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    conflict: &Conflict,
    rows: &mut Rows,
    waiting: &[usize],
    depth: usize,
) -> Result<Vec<usize>> {
    let table = run.op.table;
    let known = rows.known(table, &conflict.target, waiting);
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let set = conflict.update.as_ref().filter(|update| update.set.iter().any(Slot::is_set));
    let set = set.map(|update| update.set.clone());
    let is_set = set.is_some();
    let ask = update(run, rows, &conflict.target, set);
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let mut asked = Run::asked(&tx.state.db, ask)?;
    let found = lock(&mut tx, &mut asked, rows, &known).await?;
    if found.is_empty() {
        // What is attached to the update alone waits for rows that come while the others are created.
        let unused = std::mem::take(&mut asked.once);
        run.once.extend(unused);
        return Ok(found);
    }
    if conflict.update.is_none() {
        return Ok(found);
    }
    // The caller asked for a create, and does not know that the row may be there.
    if let Some(hook) = run.once.iter().find(|hook| rows.callers.is_some() && hook.call.is_some()) {
        let (phase, place) = (hook.phase, hook.place);
        let why = format!(
            "the {phase} hook at {place} would not run for a row that is there: a plan hook made the create an upsert"
        );
        return Err(about(table, why));
    }
    if !is_set {
        *asked.body.slots.flat()? = patches(table, rows, &found, &conflict.target);
        asked.patch_each = true;
    }
    rows.spend(&asked)?;
    let was = asked.body.old.clone();
    let done = operation(&mut tx, asked).await?;
    let key: Vec<usize> = table.key.iter().filter_map(|column| was.position(*column)).collect();
    let by_key = was.iter().zip(&found).map(|(row, i)| (identity(row, &key), *i)).collect();
    // A row that was not changed after all is given as it was.
    for set in [&was, &done.body.new] {
        for (row, i) in set.iter().zip(drafts_of(set, table.key, &by_key)) {
            if let Some(i) = i {
                rows.results[i] = Some(project(set, row, &rows.columns));
            }
        }
    }
    Ok(found)
}

/// The update, with what is attached to the upsert for it; without the rows that it is for.
fn update(run: &mut Inner, rows: &Rows, target: &[u16], set: Option<Vec<Slot>>) -> Box<Inner> {
    let table = run.op.table;
    let mut columns = rows.columns.clone();
    columns.extend(target.iter().chain(table.key).filter(|column| !rows.columns.contains(column)));
    let mut op = Operation::new(table, Kind::Update);
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    ask.is_part = true;
    ask.also_reads = columns.clone();
    ask.op.returns = Returns::Some(columns.into());
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Update)).collect();
    ask.body.slots.fill(set.unwrap_or_else(|| vec![Slot::Unset; table.columns.len()]));
    ask
}

/// Reads and locks the rows that are there, as the old rows of their update; gives each one's draft.
async fn lock(tx: &mut Tx<'_>, run: &mut Inner, rows: &mut Rows, known: &Known) -> Result<Vec<usize>> {
    let table = run.op.table;
    let limit = tx.state.db.inner.settings.max_hook_rows;
    let shared = tx.state.db.inner.traits.shared;
    let (columns, lock) = (columns_to_read(run, shared)?, shared.then_some(Kind::Update));
    let (old, found) = find_each(&mut Link::Tx(tx), table, known, columns, lock, limit).await?;
    keep_old(tx, run, old);
    too_many(run, found.len(), limit)?;
    let (old, key) = (&run.body.old, key_positions(run, &run.body.old));
    if !old.iter().all(|row| rows.taken.insert(identity(row, &key))) {
        return Err(twice(table, known.columns()));
    }
    run.op.query.filter = Some(with_keys_of(table.key, &key, &old.values, old.columns.len()));
    run.is_listed = true;
    Ok(found)
}

/// What each draft gives to the row that is there.
fn patches(table: TableRef, rows: &Rows, found: &[usize], target: &[u16]) -> Vec<Slot> {
    let width = table.columns.len();
    let mut patches = vec![Slot::Unset; width * found.len()];
    for (patch, i) in patches.chunks_exact_mut(width).zip(found) {
        let draft = &rows.callers.as_ref().unwrap_or(&rows.drafts)[i * width..][..width];
        for column in given(table, draft, target) {
            patch[usize::from(column)] = draft[usize::from(column)].clone();
        }
    }
    patches
}
