//! Before: defaults, then async hooks, which may read and write, change drafts and patches, or reject.

use tripline_core::{
    Cause, ColumnDesc, DefaultDesc, Error, HookError, HookName, Kind, Phase, Result, Slot, Value,
};
use uuid::Uuid;

use super::{
    Link,
    old::{lacks_columns, read_again, read_old, split_patches},
    origin::Frame,
    run::{Guarded, Inner, Prepared, Run},
};
use crate::{
    Db, Tx, beside,
    catalog::{Bound, is_before},
    hooks::{
        Call,
        once::{InTxOnce, OnceCall},
    },
    spans::Live,
    trace::{Scope, recording::Changed},
};

pub(super) async fn before(
    link: &mut Link<'_, '_>,
    mut run: Run<Guarded>,
    depth: usize,
) -> Result<Run<Prepared>> {
    if run.op.kind == Kind::Create && !run.is_part && run.has_plans() {
        // One of them may make it an upsert (L34).
        let drafts = run.body.slots.flat()?.clone();
        run.planned.drafts = drafts;
    }
    if matches!(run.op.kind, Kind::Create | Kind::Upsert) {
        fill_defaults(link.db(), &mut run)?;
    }
    if let Link::Tx(tx) = link
        && !run.is_prepared
    {
        let attached = run.hooks().is_some_and(|hooks| !hooks.before.is_empty());
        if attached || run.once.iter().any(|hook| is_before(hook.phase)) {
            Box::pin(call_hooks(tx, &mut run, depth)).await?;
            if run.op.kind == Kind::Create {
                // What a hook took back falls back on its default.
                fill_defaults(&tx.state.db, &mut run)?;
            }
        }
    }
    Ok(run.next())
}

/// Puts the defaults that the engine knows into the drafts, readable by hooks but not counted as set (L27).
pub(super) fn fill_defaults(db: &Db, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let clocked = table.columns.iter().any(|column| matches!(column.default, DefaultDesc::Now));
    let now = clocked.then(|| run.now(db));
    for row in run.body.slots.flat()?.chunks_exact_mut(table.columns.len().max(1)) {
        for (slot, column) in row.iter_mut().zip(table.columns) {
            if matches!(slot, Slot::Unset)
                && let Some(value) = default_of(column, now)
            {
                *slot = Slot::Default(value);
            }
        }
    }
    Ok(())
}

fn default_of(column: &ColumnDesc, now: Option<jiff::Timestamp>) -> Option<Value> {
    match column.default {
        DefaultDesc::Constant(value) | DefaultDesc::Function(value) => Some(value()),
        DefaultDesc::Kept(value) => Some(value.clone()),
        DefaultDesc::Now => now.map(Value::Timestamp),
        DefaultDesc::UuidV7 => Some(Value::Uuid(Uuid::now_v7())),
        _ => None,
    }
}

/// From the outside in; the operation's own hooks are innermost (L11).
async fn call_hooks(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    let attached = run.attached().cloned();
    let hooks = attached.as_ref().and_then(|attached| attached.hooks(run.op.kind));
    for bound in hooks.into_iter().flat_map(|hooks| &hooks.before) {
        // The usual case by the shortest way.
        if bound.hook.phase == Phase::BeforeCreate && !run.body.slots.is_empty() {
            call(tx, run, depth, &mut Caller::Bound(bound)).await?;
        } else {
            call_before(tx, run, depth, &mut Caller::Bound(bound)).await?;
        }
    }
    for i in 0..run.once.len() {
        if is_before(run.once[i].phase) {
            let (phase, name) = (run.once[i].phase, HookName::Place(run.once[i].place));
            if let Some(OnceCall::InTx(call)) = run.once[i].call.take() {
                call_before(tx, run, depth, &mut Caller::Once(phase, name, Some(call))).await?;
            }
        }
    }
    Ok(())
}

/// Who is called.
pub(super) enum Caller<'b> {
    Bound(&'b Bound),
    /// Once, and then no more.
    Once(Phase, HookName, Option<Box<InTxOnce>>),
}

async fn call_before(tx: &mut Tx<'_>, run: &mut Inner, depth: usize, caller: &mut Caller<'_>) -> Result<()> {
    let phase = match caller {
        Caller::Bound(bound) => bound.hook.phase,
        Caller::Once(phase, ..) => *phase,
    };
    match phase {
        Phase::BeforeUpdateRows | Phase::BeforeDeleteRows => {
            if run.old_as_of.is_none() {
                read_old(tx, run).await?;
            } else if lacks_columns(run)? {
                // An inner hook has set what is computed from columns that nobody had asked for.
                read_again(tx, run).await?;
            }
            if run.body.old.is_empty() {
                return Ok(());
            }
            if phase == Phase::BeforeUpdateRows && !tx.state.is_dry() {
                split_patches(run)?;
            }
            call(tx, run, depth, caller).await
        }
        Phase::BeforeUpdate if run.patch_each && !tx.state.is_dry() => {
            with_common_patch(tx, run, depth, caller).await
        }
        Phase::BeforeFind | Phase::BeforeCount => {
            // The hook can look at the operation while it changes what that asks.
            run.body.query = run.op.query.clone();
            let called = call(tx, run, depth, caller).await;
            run.op.query = std::mem::take(&mut run.body.query);
            called
        }
        // A create of no rows has no draft to show.
        Phase::BeforeCreate | Phase::BeforeSave
            if run.op.kind == Kind::Create && run.body.slots.is_empty() =>
        {
            Ok(())
        }
        _ => call(tx, run, depth, caller).await,
    }
}

/// A hook that sees one patch for all rows, after an outer hook gave each row its own: it sees what they have in
/// common, and what it changes there holds for every row.
async fn with_common_patch(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    depth: usize,
    caller: &mut Caller<'_>,
) -> Result<()> {
    let width = run.op.table.columns.len();
    let mut each = std::mem::take(run.body.slots.flat()?);
    let mut common = each[..width].to_vec();
    for row in each.chunks_exact(width) {
        for (slot, other) in common.iter_mut().zip(row) {
            if slot != other {
                *slot = Slot::Unset;
            }
        }
    }
    *run.body.slots.flat()? = common.clone();
    call(tx, run, depth, caller).await?;
    let after = std::mem::take(run.body.slots.flat()?);
    for (column, (before, after)) in common.iter().zip(after).enumerate() {
        if *before != after {
            each.chunks_exact_mut(width).for_each(|row| row[column] = after.clone());
        }
    }
    *run.body.slots.flat()? = each;
    Ok(())
}

/// Calls one hook, as the operation's origin and actor, marked as inside the transaction; its error is named (L14).
pub(super) async fn call(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    depth: usize,
    caller: &mut Caller<'_>,
) -> Result<()> {
    let (phase, hook, scope) = match caller {
        Caller::Bound(bound) => (bound.hook.phase, bound.name(), bound.scope),
        Caller::Once(phase, name, _) => (*phase, *name, Scope::Operation),
    };
    let (database, level) = (tx.state.db.id(), tx.level);
    let node = tx.state.trace_hook(run.node.unwrap_or(0), phase, hook, scope);
    if tx.state.is_dry() {
        return Ok(());
    }
    let live = Live::hook(phase, hook, run.op.kind, run.op.table.name);
    let before = Slots::of(tx, run, phase)?;
    let frame = Frame { operation: &run.op, cause: Cause::Hook(hook), parent: tx.frame, depth, node };
    let mut handle = Tx {
        state: tx.state,
        frame: Some(&frame),
        local: Some(&mut run.local),
        actor: tx.actor.clone(),
        level,
        only_reads: false,
    };
    let body = &mut run.body;
    let result = match caller {
        Caller::Bound(bound) => match bound.hook.call {
            Call::InTx(call) => {
                let called = live.around(call(bound.carrier(), &mut handle, body));
                beside::inside(database, Some(hook), called).await
            }
            Call::Plan(_) | Call::Resolve(_) | Call::Ended(_) => Ok(()),
        },
        Caller::Once(_, _, call) => match call.take() {
            Some(call) => beside::inside(database, Some(hook), live.around(call(&mut handle, body))).await,
            None => Ok(()),
        },
    };
    // Also an operation inside that failed and was ignored, or was dropped, ends this one (L6).
    let result = result.and_then(|()| tx.state.settle(level, depth));
    if let Some(before) = before {
        before.compare(tx, run, node)?;
    }
    let failed = result.as_ref().err().map(Error::code);
    tx.state.trace_end(node, failed);
    live.ended(failed);
    result.map_err(|source| {
        let (table, operation) = (run.op.table.name, run.op.kind);
        Error::Hook(Box::new(HookError { table, operation, phase, hook, source }))
    })
}

/// Drafts or patches as they were before a hook, to tell which columns it changed.
struct Slots(Vec<Slot>);

impl Slots {
    fn of(tx: &Tx<'_>, run: &mut Inner, phase: Phase) -> Result<Option<Slots>> {
        let looks = tx.state.db.inner.settings.trace_changes && is_before(phase);
        if !looks || !super::is_write(run.op.kind) {
            return Ok(None);
        }
        Ok(Some(Slots(run.body.slots.flat()?.clone())))
    }

    fn compare(self, tx: &mut Tx<'_>, run: &mut Inner, node: u32) -> Result<()> {
        let table = run.op.table;
        let after = run.body.slots.flat()?;
        let differs =
            self.0.iter().zip(after.iter()).enumerate().filter(|(_, (before, after))| before != after);
        let columns = differs.map(|(i, _)| (i % table.columns.len()) as u16).collect();
        tx.state.trace_changed(node, Changed { table, columns });
        Ok(())
    }
}
