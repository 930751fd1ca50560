//! Plan: the operation gets its final form, from hooks that do no I/O (L30) and from on-update values.

use tripline_core::{Error, HookError, Kind, OnUpdate, Result, Slot, Value};

use super::{
    Link,
    before::fill_defaults,
    run::{Asked, Final, Inner, Prepared, Run},
    upsert,
};
use crate::{
    Db,
    hooks::{Call, given::GivenRows, plan::Work},
    spans::Live,
};

/// What became of the operation.
pub(super) enum Plan {
    /// It has its final form.
    Ready(Run<Final>),
    /// Another one runs in its place, from the beginning.
    Instead(Run<Asked>),
}

pub(super) fn plan(link: &mut Link<'_, '_>, mut run: Run<Prepared>) -> Result<Plan> {
    if !run.is_prepared && run.hooks().is_some_and(|hooks| !hooks.plan.is_empty()) {
        let before = run.old_as_of.is_some().then(|| run.op.query.filter.clone());
        call_hooks(link, &mut run)?;
        // The old rows were read by another condition.
        run.is_narrowed = before.is_some_and(|before| before != run.op.query.filter);
        if run.op.kind == Kind::Create {
            // What a hook took back falls back on its default.
            fill_defaults(link.db(), &mut run)?;
        }
        if let Some(other) = run.planned.instead.take() {
            return Ok(Plan::Instead(run.next::<Final>().instead(other)?));
        }
        // What is a part of an upsert is one already.
        if let Some(conflict) = run.planned.upsert.take().filter(|_| !run.is_part) {
            return Ok(Plan::Instead(run.next::<Final>().upsert(conflict)?));
        }
    }
    if matches!(run.op.kind, Kind::Create | Kind::Update) && run.has_after_hooks() {
        let table = run.op.table;
        let each = run.op.kind == Kind::Create || run.patch_each;
        run.local.given = Some(GivenRows::of(run.body.slots.flat()?, table, each));
    }
    match run.op.kind {
        Kind::Update => add_on_update(link.db(), &mut run)?,
        Kind::Upsert => upsert::prepare(link.db(), &mut run)?,
        _ => {}
    }
    Ok(Plan::Ready(run.next()))
}

/// From the outside in (L11).
fn call_hooks(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let attached = run.attached().cloned();
    let hooks = attached.as_ref().and_then(|attached| attached.hooks(run.op.kind));
    for bound in hooks.into_iter().flat_map(|hooks| &hooks.plan) {
        let Call::Plan(call) = bound.hook.call else { continue };
        let mut mistake = None;
        let live = Live::hook(bound.hook.phase, bound.name(), run.op.kind, run.op.table.name);
        let node = match link {
            Link::Tx(tx) => {
                Some(tx.state.trace_hook(run.node.unwrap_or(0), bound.hook.phase, bound.name(), bound.scope))
            }
            Link::Db(_) => None,
        };
        let (db, actor, frame) = match link {
            Link::Tx(tx) => (&tx.state.db, &tx.actor, tx.frame),
            Link::Db(db) => (*db, &db.actor, None),
        };
        let work = Work {
            db,
            op: &mut run.op,
            body: &mut run.body,
            planned: &mut run.planned,
            local: &mut run.local,
            actor,
            frame,
            hook: bound.name(),
            node,
            mistake: &mut mistake,
        };
        let result = live.within(|| call(bound.carrier(), work)).and(mistake.map_or(Ok(()), Err));
        let failed = result.as_ref().err().map(Error::code);
        live.ended(failed);
        if let (Link::Tx(tx), Some(node)) = (&mut *link, node) {
            tx.state.trace_end(node, failed);
        }
        result.map_err(|source| {
            let (table, operation) = (run.op.table.name, run.op.kind);
            let (phase, hook) = (bound.hook.phase, bound.name());
            Error::Hook(Box::new(HookError { table, operation, phase, hook, source }))
        })?;
        if run.planned.instead.is_some() {
            // What is behind would plan what does not run.
            break;
        }
    }
    Ok(())
}

/// Adds on-update values to patches that are not empty, where nobody set them (L27).
fn add_on_update(db: &Db, run: &mut Inner) -> Result<()> {
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
