//! [`Race`]: transactions that run at the same time, in steps and without a clock.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::{Barrier, Notify, oneshot},
    task::JoinHandle,
};
use tripline::Db;

use crate::Engine;

/// How long a step may take before the case fails, instead of hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// How many sessions of this database wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Transactions that want the same. One is first, and knows when the others wait for it. Clones are one race.
#[derive(Clone, Debug)]
pub struct Race(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    watch: Db,
    /// Whether these transactions can be open at once.
    shared: bool,
    both: Barrier,
    holds: Notify,
    asked: Notify,
    waiting: AtomicI64,
}

impl Race {
    /// One of transactions that write.
    pub fn new(engine: &Engine, db: &Db) -> Race {
        Race::of(db, engine.is_postgres())
    }

    /// One of a transaction that reads with others that write.
    pub fn beside_read(engine: &Engine, db: &Db) -> Race {
        Race::of(db, !engine.is_exclusive())
    }

    fn of(db: &Db, shared: bool) -> Race {
        Race(Arc::new(Inner {
            watch: db.clone(),
            shared,
            both: Barrier::new(2),
            holds: Notify::new(),
            asked: Notify::new(),
            waiting: AtomicI64::new(0),
        }))
    }

    /// In the first one's transaction, when it holds what the next one wants: that begins, and waits when this is done.
    pub async fn meet(&self) {
        self.start();
        in_time(self.0.asked.notified()).await;
        let waiting = self.0.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        // Whoever writes in SQLite waits for the one writer, and has by its first poll.
        while self.0.shared && self.waiting_for_locks().await < waiting {
            tokio::task::yield_now().await;
        }
    }

    /// The next one's part: begins when the first has what it wants, and has to wait.
    pub async fn next<T>(&self, work: impl IntoFuture<Output = T>) -> T {
        self.started().await;
        let mut work = pin!(work.into_future());
        let begun = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending())).await;
        assert!(begun, "it had not to wait");
        self.0.asked.notify_one();
        in_time(work).await
    }

    /// Lets the next one begin.
    pub fn start(&self) {
        self.0.holds.notify_one();
    }

    /// Waits for [`start`](Race::start), or for [`meet`](Race::meet).
    pub async fn started(&self) {
        in_time(self.0.holds.notified()).await;
    }

    /// In both of two transactions: waits for the other one. Where one waits for the other to end it does nothing.
    pub async fn both(&self) {
        if self.0.shared {
            in_time(self.0.both.wait()).await;
        }
    }

    /// In a transaction: someone else's write, that is done by then where several write at once; else it is asked for,
    /// and waits for the end of the transaction.
    pub async fn beside<T: Send + 'static>(
        &self,
        work: impl IntoFuture<Output = T, IntoFuture: Send + 'static>,
    ) -> JoinHandle<T> {
        let (mut work, (asked, is_asked)) = (Box::pin(work.into_future()), oneshot::channel());
        let shared = self.0.shared;
        let task = tokio::spawn(async move {
            let begun = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
            if !shared {
                assert!(begun.is_pending(), "it had not to wait");
                _ = asked.send(());
                return in_time(work).await;
            }
            let done = match begun {
                Poll::Ready(done) => done,
                Poll::Pending => in_time(work).await,
            };
            _ = asked.send(());
            done
        });
        _ = is_asked.await;
        task
    }

    async fn waiting_for_locks(&self) -> i64 {
        let rows = in_time(self.0.watch.raw_query(WAITING, [])).await.expect("the server says who waits");
        rows.get(0, 0).expect("a number")
    }
}

async fn in_time<T>(step: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(LIMIT, step.into_future()).await.expect("a step is done in time")
}
