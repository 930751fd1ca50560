//! The rows of an upsert that are there: locked, then updated with the hooks of an update.

use std::collections::HashMap;

use tripline_core::{Cause, Conflict, Kind, Operation, Result, Returns, Slot};

use super::{
    divided::Rows,
    given,
    known::{drafts_of, identity_of, known_by, project},
};
use crate::{
    Tx,
    lifecycle::{
        Inner, Run,
        old::{identity, read_old},
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
    let Some(filter) = known_by(&conflict.target, waiting.iter().map(|i| &rows.known_by[*i])) else {
        return Ok(Vec::new());
    };
    let mut columns = rows.columns.clone();
    columns.extend(conflict.target.iter().chain(table.key).filter(|column| !rows.columns.contains(column)));
    let mut op = Operation::new(table, Kind::Update);
    op.query.filter = Some(filter);
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    ask.also_reads = columns.clone();
    ask.op.returns = Returns::Some(columns.into());
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Update)).collect();
    let set = conflict.update.as_ref().filter(|update| update.set.iter().any(Slot::is_set));
    ask.body.slots.fill(match set {
        Some(update) => update.set.clone(),
        None => vec![Slot::Unset; table.columns.len()],
    });
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let mut asked = Run::asked(&tx.state.db, ask)?;
    read_old(&mut tx, &mut asked).await?;
    let by_values: HashMap<Vec<u8>, usize> =
        waiting.iter().map(|i| (identity_of(&rows.known_by[*i]), *i)).collect();
    let found = drafts_of(&asked.body.old, &conflict.target, &by_values);
    // Explained, a row is there as well as not.
    let found: Vec<usize> =
        if tx.state.is_dry() { waiting[..1].to_vec() } else { found.into_iter().flatten().collect() };
    if found.is_empty() {
        // What is attached to the update alone waits for rows that come while the others are created.
        let unused = std::mem::take(&mut asked.once);
        run.once.extend(unused);
        return Ok(found);
    }
    if conflict.update.is_none() {
        return Ok(found);
    }
    if set.is_none() {
        let width = table.columns.len();
        let mut patches = vec![Slot::Unset; width * found.len()];
        for (patch, i) in patches.chunks_exact_mut(width).zip(&found) {
            let draft = &rows.drafts[i * width..][..width];
            for column in given(table, draft, &conflict.target) {
                patch[usize::from(column)] = draft[usize::from(column)].clone();
            }
        }
        *asked.body.slots.flat()? = patches;
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
