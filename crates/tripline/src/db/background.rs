//! What goes on beside the callers: work after commits, the engine's own tasks, and waiting for their end.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
};

use tokio::sync::oneshot;
use tripline_core::{Error, HookName, Result};

use super::{BackgroundError, Db, Inner};
use crate::beside;

thread_local! {
    /// The database whose work after commits is being polled on this thread.
    static BEHIND: Cell<usize> = const { Cell::new(0) };
}

impl Db {
    /// Waits until all work after commits is done: hooks, [`Tx::on_commit`](crate::Tx::on_commit), tasks of [`Db::spawn`] (L51).
    ///
    /// An error inside the database's own transaction, which such work may be waiting for, and inside such work.
    pub async fn drain(&self) -> Result<()> {
        self.not_behind()?;
        self.idle().await;
        Ok(())
    }

    async fn idle(&self) {
        self.quiet(|inner| inner.running.load(Ordering::Acquire) == 0).await;
    }

    /// Closes the database: waits for open transactions and for what follows their commits, up to the limit set when
    /// connecting, then closes all connections.
    ///
    /// From the call on, operations of the application fail with [`Error::Closed`]; those of hooks after commits still
    /// run. Waits for as long as a transaction is open.
    pub async fn close(&self) -> Result<()> {
        self.not_behind()?;
        self.inner.closing.store(true, Ordering::Release);
        let limit = self.inner.settings.drain_timeout;
        let drained = tokio::time::timeout(limit, self.settle()).await;
        self.inner.driver.close().await?;
        drained.map_err(|_| Error::Timeout { what: "waiting for work after commits", limit })
    }

    /// Waits until no transaction is open and no work after commits is left.
    async fn settle(&self) {
        self.quiet(|inner| {
            let (open, running) = (&inner.open, &inner.running);
            open.load(Ordering::Acquire) == 0 && running.load(Ordering::Acquire) == 0
        })
        .await;
    }

    /// Waits until this holds; it is looked at whenever a transaction or a piece of work has ended.
    async fn quiet(&self, holds: impl Fn(&Inner) -> bool) {
        loop {
            let idle = self.inner.idle.notified();
            let mut idle = pin!(idle);
            idle.as_mut().enable();
            if holds(&self.inner) {
                return;
            }
            idle.await;
        }
    }

    /// Notes an open transaction, until what is given is dropped.
    pub(crate) fn note_open(&self) -> Open {
        self.inner.open.fetch_add(1, Ordering::AcqRel);
        Open(self.inner.clone())
    }

    /// An error where waiting for work after commits would be waiting for oneself.
    fn not_behind(&self) -> Result<()> {
        beside::check(self.id(), None)?;
        match BEHIND.get() == self.id() {
            true => Err(Error::invalid(
                "work after a commit cannot wait for all work after commits: that is itself",
            )),
            false => Ok(()),
        }
    }

    /// An error once the database is being closed, except for work after commits, which closing waits for.
    pub(crate) fn usable(&self) -> Result<()> {
        let closing = self.inner.closing.load(Ordering::Acquire) && BEHIND.get() != self.id();
        if closing { Err(Error::Closed) } else { Ok(()) }
    }

    /// Runs a future on the engine's own tasks: [`drain`](Db::drain) and [`close`](Db::close) wait for it, its
    /// error goes to the error sink (L56). From a hook in a transaction rather use [`Tx::on_commit`](crate::Tx::on_commit).
    pub fn spawn(&self, work: impl Future<Output = Result<()>> + Send + 'static) {
        let db = self.clone();
        self.background(async move { _ = db.guarded(None, work).await });
    }

    /// Runs work of the engine that `drain` waits for.
    pub(crate) fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        struct Done(Arc<Inner>);
        impl Drop for Done {
            fn drop(&mut self) {
                if self.0.running.fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.0.idle.notify_waiters();
                }
            }
        }
        self.inner.running.fetch_add(1, Ordering::AcqRel);
        let done = Done(self.inner.clone());
        self.inner.runtime.spawn(async move {
            let _done = done;
            work.await;
        });
    }

    /// Runs user code that nobody waits for: its error or panic goes to the error sink (L51).
    ///
    /// Gives the code of its error.
    pub(crate) async fn guarded(
        &self,
        hook: Option<HookName>,
        work: impl Future<Output = Result<()>>,
    ) -> Option<&'static str> {
        let mut work = pin!(work);
        let result = std::future::poll_fn(|cx| {
            let before = BEHIND.replace(self.id());
            // A panic ends this piece of work, not what comes after it.
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or_else(|panic| {
                let message = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
                let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Poll::Ready(Err(Error::custom(format!("panicked: {message}"))))
            });
            BEHIND.set(before);
            polled
        })
        .await;
        let error = result.err()?;
        let code = error.code();
        (self.inner.settings.on_error)(BackgroundError { hook, error });
        Some(code)
    }

    /// Does work on the engine's own task: it goes on also if the caller, who waits for its result, goes away.
    pub(crate) async fn owned<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        // The caller may be gone.
        self.background(async move { _ = answer.send(work.await) });
        answered.await.unwrap_or(Err(Error::Closed))
    }
}

/// An open transaction.
pub(crate) struct Open(Arc<Inner>);

impl Drop for Open {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}
