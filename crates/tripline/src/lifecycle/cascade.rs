//! Cascades that the engine does itself, since something is attached to the rows that refer to those deleted (L45).
//!
//! The deleted rows are locked first, so that no row can come to refer to them. Then each table that refers to them gets
//! an operation of its own, with all of its hooks, which does the same in turn. Rows of the same table that refer to
//! one another are found level by level, and deleted by one operation. Rows that are being deleted further up are left
//! to that, so that cycles end.

use std::{collections::HashSet, sync::Arc};

use tripline_core::{
    Action, Cause, DefaultDesc, Kind, Node, Operation, Query, Result, RowSet, Slot, Statement, Step, Value,
};

use super::{
    old::{identity, is_stale, key_positions, read_again, read_old, too_many, with_keys_of},
    operation,
    origin::Frame,
    run::{Inner, Run},
};
use crate::{Tx, catalog::Cascade};

/// Rows that a delete further up is about to remove.
#[derive(Debug)]
pub(crate) struct Doomed {
    /// The address of the table's description.
    table: usize,
    keys: HashSet<Vec<u8>>,
    above: Option<Arc<Doomed>>,
}

/// What an operation that a cascade makes knows of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cascading {
    doomed: Option<Arc<Doomed>>,
    /// Whether the rows of its own table that refer to its rows are among them.
    closed: bool,
}

impl Cascading {
    /// Whether some of the operation's rows may be somebody else's to delete.
    pub(super) fn spares(&self, run: &Inner) -> bool {
        self.levels(run).next().is_some()
    }

    fn levels<'c>(&'c self, run: &Inner) -> impl Iterator<Item = &'c Doomed> + use<'c> {
        let table = std::ptr::from_ref(run.op.table).addr();
        std::iter::successors(self.doomed.as_deref(), |doomed| doomed.above.as_deref())
            .filter(move |doomed| doomed.table == table)
    }
}

/// Leaves out old rows that a delete further up removes.
pub(super) fn spare(run: &mut Inner) {
    let Some(cascading) = run.cascading.take() else { return };
    if cascading.spares(run) {
        let key = key_positions(run, &run.body.old);
        let mut kept = Vec::with_capacity(run.body.old.values.len());
        for row in run.body.old.iter() {
            let row_identity = identity(row, &key);
            if !cascading.levels(run).any(|doomed| doomed.keys.contains(&row_identity)) {
                kept.extend_from_slice(row);
            }
        }
        run.body.old.values = kept;
    }
    run.cascading = Some(cascading);
}

/// Locks the rows that are to be deleted, and has those that refer to them deleted or changed.
pub(super) async fn cascade(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    let cascades: Vec<Cascade> = run.cascades().to_vec();
    if cascades.is_empty() {
        return Ok(());
    }
    if run.old_as_of.is_none() {
        read_old(tx, run).await?;
    } else if is_stale(tx, run) {
        read_again(tx, run).await?;
    }
    if run.body.old.is_empty() {
        return Ok(());
    }
    let own = std::ptr::from_ref(run.op.table).addr();
    // One row alone leaves no other of its table behind that goes, too.
    let circles = |cascade: &Cascade| {
        let is_own = std::ptr::from_ref(cascade.child).addr() == own;
        cascade.cyclic && !(is_own && cascade.action != Action::Cascade && run.body.old.len() == 1)
    };
    if cascades.iter().any(circles) {
        // Rows may refer to one another in a circle, which no order of deletes keeps whole.
        let mut step = Step::new(Statement::DeferForeignKeys);
        tx.state.send(std::slice::from_mut(&mut step)).await?;
    }
    let closed = run.cascading.as_ref().is_some_and(|cascading| cascading.closed);
    let is_own = |cascade: &Cascade| {
        std::ptr::from_ref(cascade.child).addr() == own && cascade.action == Action::Cascade
    };
    let (within, others): (Vec<Cascade>, Vec<Cascade>) = cascades.into_iter().partition(is_own);
    if let Some(first) = within.first().filter(|_| !closed)
        && let Some(filter) = descendants(tx, run, &within).await?
    {
        one(tx, run, first, filter, true, depth).await?;
    }
    for cascade in others {
        if let Some(filter) = referring(&run.body.old, &cascade) {
            one(tx, run, &cascade, filter, false, depth).await?;
        }
    }
    Ok(())
}

/// The values of the column referred to, each once.
fn targets(rows: &RowSet, target: u16) -> Vec<Value> {
    let Some(position) = rows.position(target) else { return Vec::new() };
    let mut known = HashSet::new();
    let values = rows.iter().map(|row| &row[position]).filter(|value| !value.is_null());
    values.filter(|value| known.insert(identity(std::slice::from_ref(value), &[0]))).cloned().collect()
}

/// The condition that a row refers to one of these.
fn referring(rows: &RowSet, cascade: &Cascade) -> Option<Node> {
    let values = targets(rows, cascade.target);
    (!values.is_empty()).then(|| Node::In(Box::new(Node::Column(cascade.column)), values))
}

/// The condition that a row of the same table is below these: it refers to one of them, or to one that is below, by
/// whichever of these columns.
async fn descendants(tx: &mut Tx<'_>, run: &mut Inner, cascades: &[Cascade]) -> Result<Option<Node>> {
    let table = run.op.table;
    let mut columns: Vec<u16> = table.key.to_vec();
    for cascade in cascades {
        if !columns.contains(&cascade.target) {
            columns.push(cascade.target);
        }
    }
    let refers = |rows: &RowSet| {
        let each: Vec<Node> = cascades.iter().filter_map(|cascade| referring(rows, cascade)).collect();
        match each.len() {
            0 => None,
            1 => each.into_iter().next(),
            _ => Some(Node::Or(each)),
        }
    };
    let lock = tx.state.db.inner.traits.shared.then_some(Kind::Delete);
    let limit = tx.state.db.inner.settings.max_hook_rows;
    let key = key_positions(run, &run.body.old);
    let mut known: HashSet<Vec<u8>> = run.body.old.iter().map(|row| identity(row, &key)).collect();
    let mut level = refers(&run.body.old);
    let mut below = RowSet::new(columns.clone());
    let key = key_positions(run, &below);
    while let Some(filter) = level.take() {
        let left = limit.saturating_sub(below.len()).saturating_add(1).saturating_add(known.len());
        let query = Query { filter: Some(filter), limit: Some(left as u64), ..Query::default() };
        let mut step = Step::new(Statement::Find { table, query: &query, columns: &columns, lock });
        tx.state.send(std::slice::from_mut(&mut step)).await?;
        let mut found = RowSet::new(columns.clone());
        for row in step.answer.values.chunks_exact(columns.len()) {
            if known.insert(identity(row, &key)) {
                found.values.extend_from_slice(row);
            }
        }
        level = refers(&found);
        below.values.append(&mut found.values);
        too_many(run, below.len(), limit)?;
    }
    Ok((!below.is_empty()).then(|| with_keys_of(table.key, &key, &below.values, columns.len())))
}

/// The operation on the rows of one table that refer to those deleted; none if there are none.
async fn one(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    cascade: &Cascade,
    filter: Node,
    is_own: bool,
    depth: usize,
) -> Result<()> {
    let kind = if cascade.action == Action::Cascade { Kind::Delete } else { Kind::Update };
    let mut op = Operation::new(cascade.child, kind);
    op.query.filter = Some(filter);
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    if kind == Kind::Update {
        let mut patch = vec![Slot::Unset; cascade.child.columns.len()];
        patch[usize::from(cascade.column)] = Slot::To(instead(cascade));
        ask.body.slots.fill(patch);
    }
    ask.cascading = Some(Cascading { doomed: Some(doomed(run)), closed: is_own });
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Cascade, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    ask.is_listed = true;
    let mut asked = Run::asked(&tx.state.db, ask)?;
    // Hooks run if there are rows, which on no other path a cascade could know.
    read_old(&mut tx, &mut asked).await?;
    if asked.body.old.is_empty() {
        return Ok(());
    }
    Box::pin(operation(&mut tx, asked)).await.map(drop)
}

/// What a row gets that referred to one that is gone.
fn instead(cascade: &Cascade) -> Value {
    let column = &cascade.child.columns[usize::from(cascade.column)];
    match (cascade.action, &column.default) {
        (Action::SetDefault, DefaultDesc::Constant(value) | DefaultDesc::Function(value)) => value(),
        (Action::SetDefault, DefaultDesc::Kept(value)) => (*value).clone(),
        _ => Value::Null,
    }
}

fn doomed(run: &Inner) -> Arc<Doomed> {
    let key = key_positions(run, &run.body.old);
    Arc::new(Doomed {
        table: std::ptr::from_ref(run.op.table).addr(),
        keys: run.body.old.iter().map(|row| identity(row, &key)).collect(),
        above: run.cascading.as_ref().and_then(|cascading| cascading.doomed.clone()),
    })
}
