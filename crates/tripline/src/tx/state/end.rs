//! How an open transaction ends: committed, or rolled back; then what follows the end is on its way.

use tripline_core::{Begin, Commit, End, Error, Position, Result};

use super::{Queued, TxState};
use crate::lifecycle::committed;

impl TxState {
    /// Commits what was sent and what was not yet, before the transaction is ended.
    pub(crate) async fn commit_now(&mut self) -> Result<()> {
        self.settle(0, 0)?;
        self.carries = true;
        self.committed = Some(self.send_commit().await?);
        Ok(())
    }

    /// Whether writes travel with the transaction's end.
    fn has_pending(&self) -> bool {
        !self.pending.is_empty() || !self.trailing.is_empty()
    }

    /// Whether something is queued for the transaction's end, whichever it is.
    pub(crate) fn has_followers(&self) -> bool {
        !self.queue.is_empty() || !self.undone.is_empty()
    }

    /// Commits if all went well, else rolls back; then what follows the end is on its way.
    pub(crate) async fn end<R>(mut self, result: Result<R>) -> Result<R> {
        let result = result.and_then(|value| self.settle(0, 0).map(|()| value));
        let value = match result {
            Ok(value) => value,
            Err(error) => {
                // Without COMMIT on its way, the error is none of this commit's, whatever it says.
                self.not_committed(&error, self.carries).await;
                return Err(error);
            }
        };
        let wrote = self.opened > 0 || self.has_pending();
        let sends_commit = wrote && self.committed.is_none();
        // Once COMMIT is sent to a server, what becomes of it and what follows is the engine's, also if the caller
        // is gone (L5). An embedded database has answered before anybody could go.
        if sends_commit && self.has_followers() && self.db.inner.traits.remote {
            let db = self.db.clone();
            db.owned(self.commit()).await?;
        } else {
            self.commit().await?;
        }
        Ok(value)
    }

    async fn commit(mut self) -> Result<()> {
        let commit = match self.committed.take() {
            Some(commit) => commit,
            None => match self.send_commit().await {
                Ok(commit) => commit,
                Err(error) => {
                    self.not_committed(&error, true).await;
                    return Err(error);
                }
            },
        };
        self.ended = true;
        self.db.saw(commit.position);
        let (queue, undone) = (std::mem::take(&mut self.queue), std::mem::take(&mut self.undone));
        let cause = self.trace.as_ref().filter(|_| self.explained.is_none()).map(|trace| (trace.id, 0));
        let durable = committed::follow(&self.db, commit.durability, queue, undone, cause);
        // What follows is registered by now, so whoever closes and gets the writer next knows of it. Others may write
        // while this commit becomes durable.
        self.session = None;
        self.trace_done(None);
        durable.await
    }

    async fn send_commit(&mut self) -> Result<Commit> {
        if self.opened == 0 && !self.has_pending() {
            return Ok(Commit::default());
        }
        let begin = if self.opened == 0 { self.begin().await? } else { Begin::default() };
        self.fly(begin, &mut [], End::Commit).await
    }

    /// After a closure or a COMMIT that failed (L6, L7).
    async fn not_committed(&mut self, error: &Error, sent_commit: bool) {
        self.trace_end(0, Some(error.code()));
        if sent_commit && matches!(error.root(), Error::CommitUnknown(_)) {
            // Whoever looks whether it was must not ask a copy that is behind.
            self.db.saw(Some(Position::UNKNOWN));
        }
        if sent_commit && matches!(error, Error::CommitUnknown(_)) {
            // Nothing runs that says it is committed, and nothing that says it is not.
            self.queue.clear();
        }
        if self.again && error.is_transient() {
            // Neither does anything follow an attempt that is not the last (L54).
            self.queue.clear();
            self.undone.clear();
        }
        self.roll_back().await;
    }

    async fn roll_back(&mut self) {
        self.pending.clear();
        self.trailing.clear();
        if self.opened > 0 {
            // If ROLLBACK fails, giving the session back ends the transaction all the same.
            _ = self.fly(Begin::default(), &mut [], End::Rollback).await;
        }
        self.rolled_back();
    }

    /// After the end of a transaction that did not commit, whichever way (L54).
    fn rolled_back(&mut self) {
        self.ended = true;
        let rolling_back = self.session.take().and_then(|session| session.abandon());
        let mut undone = std::mem::take(&mut self.undone);
        undone.extend(self.queue.drain(..).filter_map(|queued| match queued {
            Queued::Ended(ended) => Some(*ended),
            Queued::Future(_) => None,
        }));
        let cause = self.trace_kept();
        committed::undone(&self.db, rolling_back, undone, cause);
    }
}

impl Drop for TxState {
    fn drop(&mut self) {
        if !self.ended {
            self.rolled_back();
        }
    }
}
