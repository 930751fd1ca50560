//! An upsert in two operations: an update of the rows that are there, and a create of the rest.

use std::collections::HashSet;

use tripline_core::{Phase, Result, RowSet, Slot, TableRef, Value};

use super::{
    about, check_target,
    created::created,
    existing::existing,
    find::Known,
    known::{check_twice, values_by},
    no_conflict,
};
use crate::{
    Tx,
    lifecycle::{
        Inner, Link,
        before::fill_defaults,
        guard,
        run::{Asked, Run},
    },
};

/// How often rows may turn out to be there, and then not to be there, before it is given up.
const ATTEMPTS: usize = 8;

/// The rows of one upsert on their way.
pub(super) struct Rows {
    /// Each draft's slots, one after the other.
    pub(super) drafts: Vec<Slot>,
    /// As the caller gave them, if hooks of a create have worked on them.
    pub(super) callers: Option<Vec<Slot>>,
    /// By which values each is known.
    pub(super) known_by: Vec<Vec<Value>>,
    /// What the caller gets of each.
    pub(super) results: Vec<Option<Vec<Value>>>,
    /// The columns of those.
    pub(super) columns: Vec<u16>,
    /// The keys of the rows that drafts turned out to be.
    pub(super) taken: HashSet<Vec<u8>>,
    /// The phases of the upsert's own hooks that ran.
    spent: Vec<Phase>,
}

impl Rows {
    /// What these drafts are known by.
    pub(super) fn known(&self, table: TableRef, target: &[u16], drafts: &[usize]) -> Known {
        Known::new(table, target, drafts.iter().map(|i| (*i, &*self.known_by[*i])))
    }

    /// Notes that the operation's own hooks run. They can do so once: rows that came after that are refused, for what
    /// such a hook checks would not be checked.
    pub(super) fn spend(&mut self, asked: &Inner) -> Result<()> {
        let kind = asked.op.kind;
        if let Some(phase) = self.spent.iter().find(|phase| crate::catalog::concerns(**phase, kind)) {
            let why = format!(
                "the upsert's own {phase} hook ran for other rows before it was known that these were there: attach it \
                 to the table"
            );
            return Err(about(asked.op.table, why));
        }
        let own = asked.once.iter().filter(|hook| hook.call.is_some());
        self.spent.extend(own.map(|hook| hook.phase));
        Ok(())
    }
}

/// As operations of their own.
pub(in crate::lifecycle) async fn divided(
    tx: &mut Tx<'_>,
    asked: Run<Asked>,
    depth: usize,
) -> Result<Box<Inner>> {
    let mut run = guard::guard(&Link::Tx(tx), asked, depth)?.divided();
    let table = run.op.table;
    let Some(conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    check_target(table, &conflict.target)?;
    let drafts = run.body.slots.flat()?.clone();
    fill_defaults(&tx.state.db, &mut run)?;
    let filled = std::mem::take(run.body.slots.flat()?);
    let width = table.columns.len();
    let mut rows = Rows {
        known_by: filled.chunks_exact(width).map(|draft| values_by(draft, &conflict.target)).collect(),
        results: vec![None; drafts.len() / width],
        drafts,
        callers: run.callers.take(),
        columns: run.op.columns().into_owned(),
        taken: HashSet::new(),
        spent: Vec::new(),
    };
    check_twice(table, &conflict.target, &rows.known_by)?;
    let mut waiting: Vec<usize> = (0..rows.results.len()).collect();
    for _ in 0..ATTEMPTS {
        let found = Box::pin(existing(tx, &mut run, &conflict, &mut rows, &waiting, depth)).await?;
        if !tx.state.is_dry() {
            let found: HashSet<usize> = found.into_iter().collect();
            waiting.retain(|i| !found.contains(i));
        }
        if waiting.is_empty() {
            break;
        }
        waiting = Box::pin(created(tx, &mut run, &conflict, &mut rows, waiting, depth)).await?;
        // Hooks may have made two drafts the same row.
        check_twice(table, &conflict.target, &rows.known_by)?;
        if waiting.is_empty() {
            break;
        }
    }
    if !waiting.is_empty() {
        let why = "rows of the upsert came and went: others create and delete them all the time, or an index \
                   compares them otherwise than their columns do";
        return Err(about(table, why.to_owned()));
    }
    let done = rows.results.into_iter().flatten();
    run.body.new = RowSet::new(rows.columns);
    for row in done {
        run.body.count += 1;
        run.body.new.values.extend(row);
    }
    if let Some(decode) = run.decodes().filter(|_| !tx.state.is_dry()) {
        decode(&mut run.body)?;
    }
    Ok(run)
}
