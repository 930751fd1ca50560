//! Who waits for whom: writers for each other, for a connection, for rows; hooks for the application (L2).

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use tokio::sync::{Mutex, Notify, oneshot};
use tripline::{AfterCreate, BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "items")]
struct Item {
    #[key]
    id: Id<Item>,
    #[unique]
    name: String,
    #[default(0)]
    n: i64,
}

/// A table whose hooks want a lock of the application, where their actor is one.
#[derive(Table, Clone, Debug)]
#[table(name = "guarded")]
struct Guarded {
    #[key]
    id: Id<Guarded>,
    hook: String,
}

/// A lock of the application, and how to say that a hook is about to wait for it.
#[derive(Clone)]
struct Lock {
    lock: Arc<Mutex<()>>,
    reached: Arc<Notify>,
}

impl Lock {
    fn new() -> Lock {
        Lock { lock: Arc::default(), reached: Arc::default() }
    }

    async fn wait(lock: Option<Lock>) {
        if let Some(lock) = lock {
            lock.reached.notify_one();
            drop(lock.lock.lock().await);
        }
    }
}

impl BeforeCreate for Guarded {
    async fn before_create(tx: &mut Tx<'_>, drafts: &mut [NewGuarded]) -> Result<()> {
        let waits = drafts[0].hook.get().is_some_and(|hook| hook == "before");
        Lock::wait(tx.actor::<Lock>().filter(|_| waits).cloned()).await;
        Ok(())
    }
}

impl AfterCreate for Guarded {
    async fn after_create(tx: &mut Tx<'_>, rows: &[Guarded]) -> Result<()> {
        Lock::wait(tx.actor::<Lock>().filter(|_| rows[0].hook == "after").cloned()).await;
        Ok(())
    }
}

fn guarded(hook: &str) -> NewGuarded {
    NewGuarded { hook: hook.into(), ..Default::default() }
}

fn item(name: &str) -> NewItem {
    NewItem { name: name.into(), ..Default::default() }
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

cases! {
    async fn a_lock_held_while_a_commit_becomes_durable_is_no_deadlock(engine) {
        let db = engine.db(tables![Guarded]).await;
        let lock = Lock::new();
        let held = lock.lock.clone().lock_owned().await;
        let mut write = db.create(guarded("none")).into_future();
        // Its write is sent at the first poll; it may still wait for the disk, or a server's answer.
        let written = poll_once(&mut write).await;
        let other = db.as_actor(lock.clone());
        let task = tokio::spawn(async move { other.create(guarded("after")).await });
        lock.reached.notified().await;
        match written {
            Poll::Ready(row) => drop(row.unwrap()),
            Poll::Pending => drop(write.await.unwrap()),
        }
        drop(held);
        task.await.unwrap().unwrap();
        assert_eq!(db.find::<Guarded>().count().await.unwrap(), 2);
    }

    async fn l2_a_hook_that_waits_before_the_first_statement_keeps_no_writer_waiting(engine) {
        let db = engine.db(tables![Guarded]).await;
        let lock = Lock::new();
        let held = lock.lock.clone().lock_owned().await;
        let other = db.as_actor(lock.clone());
        let task = tokio::spawn(async move { other.create(guarded("before")).await });
        lock.reached.notified().await;
        db.create(guarded("none")).await.unwrap();
        drop(held);
        task.await.unwrap().unwrap();
    }

    async fn a_hook_that_waits_with_the_last_connection_for_one_who_waits_for_it_ends_by_time_out(engine) {
        let db = engine
            .connect(tables![Guarded], |c| {
                // SQLite has one connection that writes, whatever is asked for.
                c.sqlite_options(|o| o.acquire_timeout = Duration::from_millis(20)).postgres_options(|o| {
                    (o.pool_size, o.acquire_timeout) = (1, Duration::from_millis(20));
                })
            })
            .await;
        let lock = Lock::new();
        let held = lock.lock.clone().lock_owned().await;
        let other = db.as_actor(lock.clone());
        let task = tokio::spawn(async move { other.create(guarded("after")).await });
        lock.reached.notified().await;
        let refused = db.create(guarded("none")).await;
        assert!(matches!(refused, Err(Error::Timeout { .. })), "{refused:?}");
        drop(held);
        task.await.unwrap().unwrap();
        db.create(guarded("none")).await.unwrap();
    }

    async fn l2_a_write_waits_for_one_that_is_open_or_only_where_that_has_written(engine) {
        let short = Duration::from_millis(20);
        let db = engine
            .connect(tables![Item], |c| {
                c.sqlite_options(move |o| o.acquire_timeout = short)
                    .postgres_options(move |o| o.lock_timeout = Some(short))
            })
            .await;
        db.create(vec![item("a"), item("b")]).await.unwrap();
        let add = |name: &'static str| {
            let db = db.as_actor(());
            tokio::spawn(async move { db.update::<Item>().filter(|i| i.name.eq(name)).set(|i| i.n.add(1)).await })
        };
        let (same, other) = db
            .tx(async |tx| {
                tx.update::<Item>().filter(|i| i.name.eq("a")).set(|i| i.n.add(1)).await?;
                Ok((add("a").await.unwrap(), add("b").await.unwrap()))
            })
            .await
            .unwrap();
        if engine.is_postgres() {
            assert!(matches!(same, Err(Error::Busy(limit)) if limit == short), "{same:?}");
            assert_eq!(other.unwrap(), 1);
        } else {
            // One transaction writes at a time, whatever it writes.
            assert!(matches!(same, Err(Error::Timeout { .. })), "{same:?}");
            assert!(matches!(other, Err(Error::Timeout { .. })), "{other:?}");
        }
        assert_eq!(add("a").await.unwrap().unwrap(), 1);
        assert_eq!(db.find::<Item>().filter(|i| i.name.eq("a")).one().await.unwrap().n, 2);
    }

    async fn writers_are_served_in_the_order_of_asking(engine) {
        // Where several can write at once, they wait for a connection.
        let db = engine.connect(tables![Item], |c| c.postgres_options(|o| o.pool_size = 1)).await;
        let (go, gone) = oneshot::channel::<()>();
        let (began, begun) = oneshot::channel();
        let first = db.as_actor(());
        let holder = tokio::spawn(async move {
            first
                .tx(async move |tx| {
                    tx.create(item("first")).await?;
                    began.send(()).unwrap();
                    gone.await.map_err(Error::custom)
                })
                .await
        });
        begun.await.unwrap();
        let mut waiting = Vec::new();
        for i in 0..20 {
            let db = db.as_actor(());
            let mut create = Box::pin(async move { db.create(item(&format!("{i:02}"))).await });
            // Polled once: now it stands in the queue.
            assert!(poll_once(&mut create).await.is_pending());
            waiting.push(tokio::spawn(create));
        }
        go.send(()).unwrap();
        holder.await.unwrap().unwrap();
        for task in waiting {
            task.await.unwrap().unwrap();
        }
        let items = db.find::<Item>().order(|i| i.id.asc()).await.unwrap();
        let order: Vec<String> = items.into_iter().skip(1).map(|item| item.name).collect();
        assert!(order.len() == 20 && order.is_sorted(), "{order:?}");
    }
}
