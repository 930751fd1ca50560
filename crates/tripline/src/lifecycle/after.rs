//! After: async hooks in the transaction that see what was written; then what follows the commit is queued.

use tripline_core::{HookName, Phase, Result, Returns};

use super::{
    before::{Caller, call},
    is_write,
    origin::Inherited,
    refresh::refresh,
    run::{Inner, Run, Written},
};
use crate::{
    Db, Tx,
    hooks::once::{OnceCall, OnceHook},
    trace::{Scope, recording::Event},
    tx::Ended,
};

/// Queues what follows the commit, if it wrote: by the order in which operations wrote, before what is planned after
/// this one, and before what its after-hooks write (L50). Gives the place that [`after`] fills.
pub(super) fn queued(tx: &mut Tx<'_>, run: &mut Inner) -> Option<usize> {
    let ends = is_write(run.op.kind) && run.has_followers() && !tx.state.is_dry();
    (ends && run.body.count > 0).then(|| queue(tx, run))
}

pub(super) async fn after(
    tx: &mut Tx<'_>,
    run: Run<Written>,
    place: Option<usize>,
    depth: usize,
) -> Result<Box<Inner>> {
    let mut run = run.into_inner();
    if !is_write(run.op.kind) {
        if run.hooks().is_some_and(|hooks| !hooks.after.is_empty()) || !run.once.is_empty() {
            Box::pin(call_hooks(tx, &mut run, depth)).await?;
        }
        return Ok(run);
    }
    let attached = run.hooks().is_some_and(|hooks| !hooks.after.is_empty());
    if attached || !run.once.is_empty() {
        Box::pin(call_hooks(tx, &mut run, depth)).await?;
    }
    if tx.state.is_dry() {
        explain_followers(tx, &mut run);
        return Ok(run);
    }
    if run.refreshed {
        Box::pin(refresh(tx, &mut run)).await?;
    }
    if let Some(place) = place {
        let (reads, none) = (run.reads_ended(), run.op.returns == Returns::None);
        let kept = run.body.kept_for_commit(&reads, none);
        let once = std::mem::take(&mut run.once);
        tx.state.fill_ended(place, kept, once);
    }
    Ok(run)
}

/// From the inside out: the operation's own hooks first (L11).
async fn call_hooks(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    // A write of no rows has nothing to show; a find of none shows just that (L16).
    let shown = run.body.count > 0 || !is_write(run.op.kind);
    for i in (0..run.once.len()).rev() {
        let hook: &mut OnceHook = &mut run.once[i];
        let (phase, name) = (hook.phase, HookName::Place(hook.place));
        match hook.call.take() {
            Some(OnceCall::InTx(once)) if shown => {
                call(tx, run, depth, &mut Caller::Once(phase, name, Some(once))).await?;
            }
            // Not its time yet.
            ended @ Some(OnceCall::Ended(_)) => hook.call = ended,
            // No rows, no call (L16).
            _ => {}
        }
    }
    let attached = run.attached().cloned();
    let hooks = attached.as_ref().and_then(|attached| attached.hooks(run.op.kind));
    for bound in hooks.into_iter().flat_map(|hooks| &hooks.after) {
        if shown || bound.hook.phase == Phase::AfterAny {
            call(tx, run, depth, &mut Caller::Bound(bound)).await?;
        }
    }
    Ok(())
}

/// Notes the hooks that would follow the commit.
fn explain_followers(tx: &mut Tx<'_>, run: &mut Inner) {
    for once in run.once.iter().rev().filter(|once| matches!(once.call, Some(OnceCall::Ended(_)))) {
        let (phase, hook) = (once.phase, HookName::Place(once.place));
        tx.state.explain_follower(Event::Hook { phase, hook, scope: Scope::Operation });
    }
    for bound in run.hooks().into_iter().flat_map(|hooks| &hooks.commit) {
        tx.state.explain_follower(bound.event());
    }
}

fn queue(tx: &mut Tx<'_>, run: &mut Inner) -> usize {
    let db = &tx.state.db;
    let origin = Inherited::of(run.op.kept(), tx.frame, db.origin.clone());
    let db = Db { actor: tx.actor.clone(), origin: Some(origin), ..db.clone() };
    let attached = run.attached().cloned();
    tx.state.queue_ended(Ended {
        table: run.op.table,
        undone: run.body.outcome(),
        attached,
        once: Vec::new(),
        body: None,
        db,
    })
}
