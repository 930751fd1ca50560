//! [`Syncer`]: one thread that syncs the write-ahead log for all commits that wait.
//!
//! Connections run at `synchronous=NORMAL`, so a commit is a write to the log without a sync. Whoever commits asks
//! for a ticket; the leader takes all tickets there are, syncs once, and answers them, while others go on writing.
//! A ticket is asked for after its commit was written, so the sync that follows covers it. If the log was moved
//! into the database meanwhile, SQLite synced both on the way.
//!
//! Only the log is opened here. SQLite's locks are on the other files, and closing any descriptor of those would
//! drop them.

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot;
use tripline_core::{BoxFuture, DatabaseError, Error, Result};

use crate::options::{Options, SyncFile};

/// Hands out tickets and owns the leader thread.
#[derive(Debug)]
pub(crate) struct Syncer {
    queue: Arc<Queue>,
}

struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    path: PathBuf,
    sync: SyncFile,
    /// Set when a sync failed: what is on the disk is unknown, so nobody may build on it.
    closed: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    waiting: Vec<oneshot::Sender<Result<()>>>,
    leader: bool,
    finished: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Syncer {
    pub(crate) fn new(path: PathBuf, options: &Options, closed: Arc<AtomicBool>) -> Self {
        let sync = options.sync.clone();
        Syncer {
            queue: Arc::new(Queue { state: Mutex::default(), wake: Condvar::new(), path, sync, closed }),
        }
    }

    /// A ticket for what is in the log now. It is in the queue from this call on, not from the first poll.
    pub(crate) fn wait(&self) -> BoxFuture<'static, Result<()>> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.queue.lock();
        state.waiting.push(sender);
        // The thread starts with the first commit: a database that is only read needs none.
        if !state.leader {
            state.leader = true;
            let queue = self.queue.clone();
            let started =
                std::thread::Builder::new().name("tripline-sync".into()).spawn(move || queue.lead());
            if let Err(error) = started {
                // What cannot be synced is not known to last: nobody may build on it.
                self.queue.closed.store(true, Ordering::Release);
                state.leader = false;
                let failed = unknown(error);
                state.waiting.drain(..).for_each(|waiting| drop(waiting.send(Err(failed.clone()))));
            }
        }
        drop(state);
        self.queue.wake.notify_one();
        Box::pin(async move {
            receiver.await.unwrap_or_else(|_| Err(unknown(io::Error::other("the syncing thread is gone"))))
        })
    }

    /// Syncs what waits, then lets the thread end.
    pub(crate) async fn finish(&self) -> Result<()> {
        if self.queue.lock().leader {
            let last = self.wait();
            last.await?;
        }
        Ok(())
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.queue.lock().finished = true;
        self.queue.wake.notify_one();
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leader thread.
    fn lead(&self) {
        let (mut log, mut failed) = (None, None);
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() {
                if state.finished {
                    return;
                }
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            // After a failed sync the system may have dropped what it could not write: a later sync that succeeds
            // says nothing about it.
            if failed.is_none()
                && let Err(error) = self.sync_log(&mut log)
            {
                self.closed.store(true, Ordering::Release);
                failed = Some(unknown(error));
            }
            let synced = failed.clone().map_or(Ok(()), Err);
            // A caller that is gone does not want to know.
            waiting.into_iter().for_each(|waiting| drop(waiting.send(synced.clone())));
        }
    }

    fn sync_log(&self, log: &mut Option<File>) -> io::Result<()> {
        if log.is_none() {
            // For writing: a file opened for reading cannot be synced everywhere.
            *log = Some(File::options().read(true).write(true).open(&self.path)?);
        }
        log.as_ref().map_or(Ok(()), |log| (self.sync)(log))
    }
}

/// The commit is in the log, whether it is on the disk nobody knows.
fn unknown(error: io::Error) -> Error {
    Error::CommitUnknown(Arc::new(Error::Database(Box::new(DatabaseError {
        code: "fdatasync".to_owned(),
        message: error.to_string(),
        sql: None,
    }))))
}
