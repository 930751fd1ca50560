//! Committed and rolled back: what follows the end of a transaction, on the engine's own task.

use std::sync::Arc;

use tokio::sync::oneshot;
use tripline_core::{BoxFuture, Durability, Error, HookName, Phase, Reply, Result};

use crate::{
    Db,
    catalog::Bound,
    hooks::{Call, body::Body, once::OnceCall},
    spans::Live,
    trace::{Root, Scope, recording::Recording},
    tx::{Ended, Queued},
};

/// Sends what follows a commit on its way; the reply is there when the commit is durable.
///
/// Hooks run after that, also if the caller is gone (L50); the caller does not wait for them (L51).
pub(crate) fn follow(
    db: &Db,
    durability: Durability,
    queue: Vec<Queued>,
    undone: Vec<Ended>,
    cause: Option<(u64, u32)>,
) -> Reply<'static, Result<()>> {
    if queue.is_empty() && undone.is_empty() {
        return match durability {
            Durability::Now => Reply::now(Ok(())),
            Durability::Later(durable) => Reply::Later(durable),
        };
    }
    let on_task = db.clone();
    let durable = match durability {
        Durability::Now => {
            let live = Live::following();
            db.background(async move { live.around(run(&on_task, queue, undone, cause)).await });
            return Reply::now(Ok(()));
        }
        Durability::Later(durable) => durable,
    };
    let (answer, answered) = oneshot::channel();
    let live = Live::following();
    // From COMMIT on the engine's task owns what follows: the caller only listens.
    db.background(async move {
        let durable = durable.await;
        let holds = durable.is_ok();
        // The caller may be gone.
        _ = answer.send(durable);
        // If nobody knows whether it is committed, nothing runs that says it is (L7).
        live.around(run(&on_task, if holds { queue } else { Vec::new() }, undone, cause)).await;
    });
    Reply::Later(Box::pin(async move { answered.await.unwrap_or(Err(Error::Closed)) }))
}

/// Runs hooks for what was rolled back (L54), after what of rolling back takes time.
pub(crate) fn undone(
    db: &Db,
    rolling_back: Option<BoxFuture<'static, ()>>,
    undone: Vec<Ended>,
    cause: Option<(u64, u32)>,
) {
    if rolling_back.is_some() || undone.iter().any(Ended::has_rollback_hooks) {
        let (on_task, live) = (db.clone(), Live::following());
        db.background(async move {
            if let Some(rolling_back) = rolling_back {
                rolling_back.await;
            }
            live.around(run(&on_task, Vec::new(), undone, cause)).await;
        });
    }
}

async fn run(db: &Db, queue: Vec<Queued>, undone: Vec<Ended>, cause: Option<(u64, u32)>) {
    let mut notes =
        Notes::start(db, cause, if queue.is_empty() { Root::AfterRollback } else { Root::AfterCommit });
    for queued in queue {
        match queued {
            Queued::Ended(ended) => ended.committed(&mut notes).await,
            Queued::Future(work) => drop(db.guarded(None, work).await),
        }
    }
    for ended in undone {
        ended.rolled_back(&mut notes).await;
    }
    notes.keep(db);
}

/// The recording of what follows a transaction; there is one once a hook runs.
struct Notes(Option<Box<Recording>>);

impl Notes {
    fn start(db: &Db, cause: Option<(u64, u32)>, root: Root) -> Notes {
        Notes(cause.and_then(|cause| db.inner.traces.start(Some(cause), root)))
    }

    /// Notes that a hook begins; gives the handle that it gets, whose operations know where they come from.
    fn begin(&mut self, db: &Db, phase: Phase, hook: HookName, scope: Scope) -> (u32, Db) {
        let traced =
            self.0.as_mut().map(|recording| (recording.id, recording.begin_hook(0, phase, hook, scope)));
        let origin = db.origin.as_ref().map(|origin| Arc::new(origin.for_hook(hook, traced)));
        (traced.map_or(0, |(_, node)| node), Db { origin, ..db.clone() })
    }

    fn end(&mut self, node: u32, failed: Option<&'static str>) {
        if let Some(recording) = &mut self.0 {
            recording.end(node, failed);
        }
    }

    fn keep(mut self, db: &Db) {
        self.end(0, None);
        if let Some(recording) = self.0.filter(|recording| recording.nodes.len() > 1) {
            db.keep_trace(recording);
        }
    }
}

impl Ended {
    /// The operation's own hooks first, then from the inside out (L11); each is on its own (L51).
    async fn committed(mut self, notes: &mut Notes) {
        let Some(body) = &mut self.body else { return };
        for once in self.once.iter_mut().rev() {
            if let Some(OnceCall::Ended(call)) = once.call.take() {
                let (phase, hook) = (once.phase, HookName::Place(once.place));
                let (node, db) = notes.begin(&self.db, phase, hook, Scope::Operation);
                let live = Live::hook(phase, hook, body.kind, body.table.name);
                let failed = db.guarded(Some(hook), live.around(call(&db, body))).await;
                live.ended(failed);
                notes.end(node, failed);
            }
        }
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        for bound in hooks.into_iter().flat_map(|hooks| &hooks.commit) {
            call(bound, &self.db, body, notes).await;
        }
    }

    fn has_rollback_hooks(&self) -> bool {
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        hooks.is_some_and(|hooks| !hooks.rollback.is_empty())
    }

    async fn rolled_back(self, notes: &mut Notes) {
        let mut body = Body::new(self.table, self.undone.kind);
        body.count = self.undone.rows;
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        for bound in hooks.into_iter().flat_map(|hooks| &hooks.rollback) {
            call(bound, &self.db, &mut body, notes).await;
        }
    }
}

async fn call(bound: &Bound, db: &Db, body: &mut Body, notes: &mut Notes) {
    let Call::Ended(call) = bound.hook.call else { return };
    let (node, db) = notes.begin(db, bound.hook.phase, bound.name(), bound.scope);
    let live = Live::hook(bound.hook.phase, bound.name(), body.kind, body.table.name);
    let called = live.around(call(bound.carrier(), &db, body));
    let failed = db.guarded(Some(bound.name()), called).await;
    live.ended(failed);
    notes.end(node, failed);
}
