//! Transactions that are run again after a serialization failure or a deadlock (`Db::tx_with`).
//!
//! SQLite knows neither, so that there each of them runs once.

pub mod failures;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tokio::sync::Notify;
use tripline::{AfterCreate, AfterCreateCommit, AfterRollback, Isolation, TxOptions, Undone, prelude::*};

use crate::{Engine, Race, Recorder, TestDb};

#[derive(Table, Clone, Debug)]
#[table(name = "events")]
struct Event {
    #[key]
    id: Id<Event>,
    #[unique]
    name: String,
    #[default(0)]
    n: i64,
}

impl AfterCreate for Event {
    async fn after_create(tx: &mut Tx<'_>, events: &[Event]) -> Result<()> {
        Recorder::of(tx).note(format!("created {}", events[0].name));
        Ok(())
    }
}

impl AfterCreateCommit for Event {
    async fn after_create_commit(db: &Db, events: &[Event]) -> Result<()> {
        Recorder::of_db(db).note(format!("committed {}", events[0].name));
        Ok(())
    }
}

impl AfterRollback for Event {
    async fn after_rollback(db: &Db, undone: &Undone) -> Result<()> {
        Recorder::of_db(db).note(format!("rolled back {}", undone.rows));
        Ok(())
    }
}

fn event(name: &str) -> NewEvent {
    NewEvent { name: name.into(), ..Default::default() }
}

fn retries(retries: u32) -> TxOptions {
    TxOptions { retries, ..Default::default() }
}

/// The attempts of a transaction, of which the first few meet a conflict. Clones count together.
#[derive(Clone)]
struct Attempts {
    count: Arc<AtomicU32>,
    conflicts: u32,
    /// As the database says it; none where there is no such conflict.
    sql: Option<String>,
}

impl Attempts {
    fn new(engine: &Engine, code: &str, conflicts: u32) -> Attempts {
        let sql = format!("DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; END $$");
        Attempts { count: Arc::default(), conflicts, sql: engine.is_postgres().then_some(sql) }
    }

    fn begin(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether this is an attempt that meets a conflict.
    fn has_conflict(&self) -> bool {
        self.sql.is_some() && self.count() <= self.conflicts
    }

    /// Fails as if others had been in the way, if this is one of the first attempts.
    async fn conflict(&self, tx: &mut Tx<'_>) -> Result<()> {
        match &self.sql {
            Some(sql) if self.has_conflict() => tx.raw_execute(sql, []).await.map(drop),
            _ => Ok(()),
        }
    }
}

async fn events(engine: &Engine) -> (TestDb, Db, Recorder) {
    let (db, noted) = (engine.db(tables![Event]).await, Recorder::default());
    let as_recorder = db.as_actor(noted.clone());
    (db, as_recorder, noted)
}

async fn names(db: &Db) -> Vec<String> {
    db.find::<Event>().order(|e| e.id.asc()).await.unwrap().into_iter().map(|e| e.name).collect()
}

cases! {
    async fn l9_after_a_transient_failure_the_whole_closure_is_run_again(engine) {
        for code in ["40001", "40P01"] {
            let (db, _, _) = events(&engine).await;
            let attempts = Attempts::new(&engine, code, 2);
            let counted = attempts.clone();
            let run = db.tx_with(retries(5), async move |tx| {
                attempts.begin();
                tx.create(event("a")).await?;
                attempts.conflict(tx).await?;
                tx.create(event("b")).await
            });
            assert_eq!(run.await.unwrap().name, "b");
            assert_eq!(counted.count(), engine.either(1, 3));
            assert_eq!(names(&db).await, ["a", "b"]);
        }
    }

    async fn l9_it_is_run_again_so_often_and_then_the_error_comes_back(engine) {
        for (code, again) in [("40001", 0), ("40001", 2), ("40P01", 0), ("40P01", 2)] {
            let (db, _, _) = events(&engine).await;
            let attempts = Attempts::new(&engine, code, u32::MAX);
            let counted = attempts.clone();
            let run = db.tx_with(retries(again), async move |tx| {
                attempts.begin();
                tx.create(event("a")).await?;
                attempts.conflict(tx).await
            });
            match run.await {
                Err(Error::Serialization(_)) => assert_eq!(code, "40001"),
                Err(Error::Deadlock(_)) => assert_eq!(code, "40P01"),
                result => assert!(!engine.is_postgres() && result.is_ok(), "{result:?}"),
            }
            assert_eq!(counted.count(), engine.either(1, again + 1));
            assert_eq!(names(&db).await.len(), engine.either(1, 0));
        }
    }

    async fn l9_no_other_failure_is_run_again(engine) {
        let (db, _, _) = events(&engine).await;
        db.create(event("taken")).await.unwrap();
        for (n, code) in ["unique", "custom", "rejected", "not_found", "unfiltered"].into_iter().enumerate() {
            let count = Arc::new(AtomicU32::new(0));
            let counted = count.clone();
            let run = db.tx_with(retries(5), async move |tx| {
                count.fetch_add(1, Ordering::Relaxed);
                tx.create(event("new")).await?;
                match n {
                    0 => tx.create(event("taken")).await.map(drop),
                    1 => Err(Error::custom("no")),
                    2 => Err(Error::reject("no")),
                    3 => tx.find::<Event>().filter(|e| e.name.eq("nobody's")).one().await.map(drop),
                    _ => tx.delete::<Event>().await.map(drop),
                }
            });
            assert_eq!(run.await.unwrap_err().code(), code);
            assert_eq!(counted.load(Ordering::Relaxed), 1, "{code}");
        }
        assert_eq!(names(&db).await, ["taken"]);
    }

    /// L5: a panic is the caller's.
    async fn l5_l9_a_panic_is_not_run_again(engine) {
        let (db, as_recorder, noted) = events(&engine).await;
        let run = tokio::spawn(async move {
            let panics = async move |tx: &mut Tx<'_>| -> Result<()> {
                tx.create(event("a")).await?;
                panic!("the closure panicked")
            };
            as_recorder.tx_with(retries(5), panics).await
        });
        assert!(run.await.unwrap_err().is_panic());
        db.drain().await.unwrap();
        assert_eq!(noted.take(), ["created a", "rolled back 1"]);
    }

    async fn l9_l54_of_an_attempt_that_is_run_again_nothing_remains(engine) {
        let (db, as_recorder, noted) = events(&engine).await;
        let (attempts, on_commit) = (Attempts::new(&engine, "40001", 2), noted.clone());
        let run = as_recorder.tx_with(retries(5), async move |tx| {
            attempts.begin();
            let (noted, nth) = (on_commit.clone(), attempts.count());
            tx.on_commit(async move {
                noted.note(format!("on commit {nth}"));
                Ok(())
            });
            tx.create(event("a")).await?;
            let nested: Result<()> = tx
                .tx(async |tx| {
                    tx.create(event("undone")).await?;
                    Err(Error::reject("no"))
                })
                .await;
            assert!(nested.unwrap_err().is_rejected());
            attempts.conflict(tx).await
        });
        run.await.unwrap();
        db.drain().await.unwrap();
        let (noted, attempts) = (noted.take(), engine.either(1, 3));
        let (created, after) = noted.split_at(2 * attempts);
        assert_eq!(created, ["created a", "created undone"].repeat(attempts));
        assert_eq!(after, [format!("on commit {attempts}"), "committed a".into(), "rolled back 1".into()]);
    }

    async fn l9_l54_the_last_attempt_is_followed_like_any_transaction(engine) {
        let (db, as_recorder, noted) = events(&engine).await;
        let attempts = Attempts::new(&engine, "40P01", u32::MAX);
        let run = as_recorder.tx_with(retries(1), async move |tx| {
            attempts.begin();
            tx.create(event("a")).await?;
            attempts.conflict(tx).await
        });
        assert_eq!(run.await.is_err(), engine.is_postgres());
        db.drain().await.unwrap();
        let followed: &[&str] =
            engine.either(&["created a", "committed a"], &["created a", "created a", "rolled back 1"]);
        assert_eq!(noted.take(), followed);
    }

    /// L5, L54: nobody runs it again if its caller is gone.
    async fn l5_l54_an_attempt_that_is_dropped_is_rolled_back(engine) {
        let (db, as_recorder, noted) = events(&engine).await;
        let (reached, at) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let says = reached.clone();
        let run = tokio::spawn(async move {
            let waits = async move |tx: &mut Tx<'_>| -> Result<()> {
                tx.create(event("a")).await?;
                says.notify_one();
                at.notified().await;
                Ok(())
            };
            as_recorder.tx_with(retries(5), waits).await
        });
        reached.notified().await;
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled());
        db.drain().await.unwrap();
        assert_eq!(noted.take(), ["created a", "rolled back 1"]);
        assert!(names(&db).await.is_empty());
    }

    /// The next attempt sees what the failed one could not.
    async fn l9_a_lost_update_is_found_out_and_done_again(engine) {
        let (db, _, _) = events(&engine).await;
        db.create(event("a")).await.unwrap();
        let (race, other, count) = (Race::new(&engine, &db), db.clone(), Arc::new(AtomicU32::new(0)));
        let counted = count.clone();
        let options = TxOptions { isolation: Isolation::RepeatableRead, ..retries(5) };
        let run = db.tx_with(options, async move |tx| {
            let n = tx.find::<Event>().one().await?.n;
            let add = if count.fetch_add(1, Ordering::Relaxed) == 0 {
                let other = other.clone();
                let add = async move { other.update::<Event>().all_rows().set(|e| e.n.add(1)).await };
                Some(race.beside(add).await)
            } else {
                None
            };
            tx.update::<Event>().all_rows().set(|e| e.n.set(n + 1)).await?;
            Ok(add)
        });
        if let Some(add) = run.await.unwrap() {
            assert_eq!(add.await.unwrap().unwrap(), 1);
        }
        assert_eq!(counted.load(Ordering::Relaxed), engine.either(1, 2));
        assert_eq!(db.find::<Event>().one().await.unwrap().n, 2);
    }

    /// As an application does it in a task of its own: the closure owns what it captures.
    async fn l9_it_can_be_run_again_on_a_task(engine) {
        let (db, _, _) = events(&engine).await;
        let (handle, attempts) = (db.clone(), Attempts::new(&engine, "40P01", 1));
        let counted = attempts.clone();
        let run = tokio::spawn(async move {
            let names = vec![String::from("a"), String::from("b")];
            let create = async move |tx: &mut Tx<'_>| {
                attempts.begin();
                for name in &names {
                    tx.create(event(name)).await?;
                }
                attempts.conflict(tx).await
            };
            handle.tx_with(retries(1), create).await
        });
        run.await.unwrap().unwrap();
        assert_eq!(counted.count(), engine.either(1, 2));
        assert_eq!(names(&db).await, ["a", "b"]);
    }

    /// L8: as with any transaction.
    async fn l8_it_is_refused_inside_of_the_same_databases_transaction(engine) {
        let (db, _, _) = events(&engine).await;
        let beside = &*db;
        let inside = db
            .tx(async |tx| {
                tx.create(event("a")).await?;
                let inside = beside.tx_with(retries(5), async move |tx| tx.create(event("b")).await).await;
                Ok(inside.map(drop))
            })
            .await;
        assert!(matches!(inside.unwrap(), Err(Error::BesideTransaction(_))));
        let (beside, count) = (db.clone(), Arc::new(AtomicU32::new(0)));
        let counted = count.clone();
        let run = db.tx_with(retries(5), async move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            beside.create(event("c")).await
        });
        assert!(matches!(run.await, Err(Error::BesideTransaction(_))));
        assert_eq!(counted.load(Ordering::Relaxed), 1);
        assert_eq!(names(&db).await, ["a"]);
    }
}
