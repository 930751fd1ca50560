//! Committed and rolled back: what follows the end of a transaction, on the engine's own task.

use tokio::sync::oneshot;
use tripline_core::{BoxFuture, Durability, Error, HookName, Reply, Result};

use crate::{
    Db,
    hooks::{Call, body::Body, once::OnceCall},
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
            db.background(async move { run(&on_task, queue, undone).await });
            return Reply::now(Ok(()));
        }
        Durability::Later(durable) => durable,
    };
    let (answer, answered) = oneshot::channel();
    // From COMMIT on the engine's task owns what follows: the caller only listens.
    db.background(async move {
        let durable = durable.await;
        let holds = durable.is_ok();
        // The caller may be gone.
        _ = answer.send(durable);
        // If nobody knows whether it is committed, nothing runs that says it is (L7).
        run(&on_task, if holds { queue } else { Vec::new() }, undone).await;
    });
    Reply::Later(Box::pin(async move { answered.await.unwrap_or(Err(Error::Closed)) }))
}

/// Runs hooks for what was rolled back (L54), after what of rolling back takes time.
pub(crate) fn undone(db: &Db, rolling_back: Option<BoxFuture<'static, ()>>, undone: Vec<Ended>) {
    if rolling_back.is_some() || undone.iter().any(Ended::has_rollback_hooks) {
        let on_task = db.clone();
        db.background(async move {
            if let Some(rolling_back) = rolling_back {
                rolling_back.await;
            }
            run(&on_task, Vec::new(), undone).await;
        });
    }
}

async fn run(db: &Db, queue: Vec<Queued>, undone: Vec<Ended>) {
    for queued in queue {
        match queued {
            Queued::Ended(ended) => ended.committed().await,
            Queued::Future(work) => db.guarded(None, work).await,
        }
    }
    for ended in undone {
        ended.rolled_back().await;
    }
}

impl Ended {
    /// The operation's own hooks first, then from the inside out (L11); each is on its own (L51).
    async fn committed(mut self) {
        let Some(body) = &mut self.body else { return };
        for hook in self.once.iter_mut().rev() {
            if let Some(OnceCall::Ended(call)) = hook.call.take() {
                self.db.guarded(Some(HookName::Place(hook.place)), call(&self.db, body)).await;
            }
        }
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        for bound in hooks.into_iter().flat_map(|hooks| &hooks.commit) {
            if let Call::Ended(call) = bound.hook.call {
                self.db.guarded(Some(bound.name()), call(bound.carrier(), &self.db, body)).await;
            }
        }
    }

    fn has_rollback_hooks(&self) -> bool {
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        hooks.is_some_and(|hooks| !hooks.rollback.is_empty())
    }

    async fn rolled_back(self) {
        let mut body = Body::new(self.table, self.undone.kind);
        body.count = self.undone.rows;
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(self.undone.kind));
        for bound in hooks.into_iter().flat_map(|hooks| &hooks.rollback) {
            if let Call::Ended(call) = bound.hook.call {
                self.db.guarded(Some(bound.name()), call(bound.carrier(), &self.db, &mut body)).await;
            }
        }
    }
}
