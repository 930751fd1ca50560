//! Writes whose result nobody waits for (L32): part of the transaction like any other, and no round trip of their own.
//!
//! SQLite, which has no round trips, runs them at once; so it tells of a failure earlier.

pub mod failures;
pub mod flights;

use std::{future::poll_fn, pin::pin, task::Poll};

use tripline::{AfterCreate, AfterCreateCommit, AfterRollback, Isolation, TxOptions, Undone, prelude::*};

use crate::{Engine, Race, Recorder, TestDb};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "notes")]
struct Note {
    #[key]
    id: Id<Note>,
    #[unique]
    name: String,
    #[default(0)]
    n: i64,
}

/// A table with hooks, so that its writes are never kept.
#[derive(Table, Clone, Debug)]
#[table(name = "events")]
struct Event {
    #[key]
    id: Id<Event>,
    #[unique]
    name: String,
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

fn note(name: &str) -> NewNote {
    NewNote { name: name.into(), ..Default::default() }
}

fn event(name: &str) -> NewEvent {
    NewEvent { name: name.into(), ..Default::default() }
}

async fn notes(engine: &Engine, names: &[&str]) -> (TestDb, Db, Recorder) {
    let (db, noted) = (engine.db(tables![Note, Event]).await, Recorder::default());
    db.create(names.iter().copied().map(note).collect::<Vec<_>>()).await.unwrap();
    db.log.take();
    let as_recorder = db.as_actor(noted.clone());
    (db, as_recorder, noted)
}

async fn names(db: &Db) -> Vec<String> {
    db.find::<Note>().order(|n| n.id.asc()).await.unwrap().into_iter().map(|n| n.name).collect()
}

fn is_unique<T>(result: &Result<T>) -> bool {
    matches!(result, Err(error) if matches!(error.root(), Error::Unique(_)))
}

/// Polls a future until it is done or was pending so often, then drops it; what it gave, if it was done.
async fn polled_up_to<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut pending) = (pin!(future), 0);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if pending == times => Poll::Ready(None),
        Poll::Pending => {
            pending += 1;
            Poll::Pending
        }
    })
    .await
}

cases! {
    async fn l32_writes_keep_their_order_whether_kept_or_not(engine) {
        let (db, _, _) = notes(&engine, &[]).await;
        db.tx(async |tx| {
            tx.create(note("a")).pipelined().await?;
            tx.create(note("b")).await?;
            tx.update::<Note>().filter(|n| n.name.eq("a")).set(|n| n.n.set(1)).pipelined().await?;
            tx.update::<Note>().filter(|n| n.name.eq("a")).set(|n| n.n.set(2)).await?;
            tx.create(note("c")).pipelined().await?;
            tx.update::<Note>().filter(|n| n.name.eq("c")).set(|n| n.name.set("d")).pipelined().await?;
            tx.delete::<Note>().filter(|n| n.name.eq("b")).pipelined().await?;
            tx.create(vec![note("b"), note("c")]).pipelined().await
        })
        .await
        .unwrap();
        assert_eq!(names(&db).await, ["a", "d", "b", "c"]);
        assert_eq!(db.find::<Note>().filter(|n| n.name.eq("a")).one().await.unwrap().n, 2);
    }

    async fn l32_whatever_reads_later_in_the_transaction_sees_them(engine) {
        let (db, _, _) = notes(&engine, &["a"]).await;
        db.tx(async |tx| {
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            assert_eq!(tx.find::<Note>().one().await?.n, 1);
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            assert_eq!(tx.find::<Note>().filter(|n| n.n.eq(2)).count().await?, 1);
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            assert_eq!(tx.raw_query("SELECT n FROM notes", []).await?.get::<i64>(0, 0)?, 3);
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            assert_eq!(tx.raw_execute("UPDATE notes SET n = 10 * n WHERE n = 4", []).await?, 1);
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            let nested = tx.tx(async |tx| tx.find::<Note>().one().await).await?;
            assert_eq!(nested.n, 41);
            Ok(())
        })
        .await
        .unwrap();
    }

    /// L23: old rows are as the kept write has left them, also if it was a hook's.
    async fn l23_l32_old_rows_are_read_after_them(engine) {
        let (db, _, _) = notes(&engine, &["a"]).await;
        let seen = Recorder::default();
        let (before, after, gone) = (seen.clone(), seen.clone(), seen.clone());
        db.tx(async |tx| {
            tx.update::<Note>().all_rows().set(|n| n.n.set(1)).pipelined().await?;
            tx.update::<Note>()
                .all_rows()
                .before_update_rows(async move |tx, edits| {
                    before.note(format!("before {}", edits[0].old.n));
                    edits[0].patch.name.set("b");
                    // Behind the back of this very operation: the rows are read again.
                    tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await
                })
                .after_update(async move |_, changes| {
                    let change = &changes[0];
                    let of = |note: &Note| format!("{}{}", note.name, note.n);
                    after.note(format!("after {} {}", of(&change.old), of(&change.new)));
                    Ok(())
                })
                .await?;
            tx.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await?;
            tx.delete::<Note>()
                .all_rows()
                .before_delete_rows(async move |_, rows| {
                    gone.note(format!("gone {}{}", rows[0].name, rows[0].n));
                    Ok(())
                })
                .await
        })
        .await
        .unwrap();
        assert_eq!(seen.take(), ["before 1", "after a2 b2", "gone b3"]);
        assert!(names(&db).await.is_empty());
    }

    /// L4: what was kept before the savepoint stays, what was kept in it goes with it.
    async fn l4_l32_a_nested_transaction_that_is_rolled_back_takes_only_its_own_along(engine) {
        let (db, _, _) = notes(&engine, &[]).await;
        db.tx(async |tx| {
            tx.create(note("before")).pipelined().await?;
            let nested: Result<()> = tx
                .tx(async |tx| {
                    tx.create(note("outer of nested")).pipelined().await?;
                    tx.tx(async |tx| tx.create(note("nested twice")).pipelined().await).await?;
                    tx.create(note("at the end")).pipelined().await?;
                    Err(Error::reject("no"))
                })
                .await;
            assert!(nested.unwrap_err().is_rejected());
            assert_eq!(tx.find::<Note>().one().await?.name, "before");
            let nothing_sent: Result<()> = tx
                .tx(async |tx| {
                    tx.create(note("alone")).pipelined().await?;
                    Err(Error::reject("no"))
                })
                .await;
            assert!(nothing_sent.unwrap_err().is_rejected());
            tx.tx(async |tx| tx.create(note("nested")).pipelined().await).await?;
            assert_eq!(tx.find::<Note>().count().await?, 2);
            tx.create(note("after")).pipelined().await
        })
        .await
        .unwrap();
        assert_eq!(names(&db).await, ["before", "nested", "after"]);
    }

    async fn l32_where_hooks_are_attached_it_runs_at_once(engine) {
        let (_db, as_recorder, noted) = notes(&engine, &[]).await;
        let result = as_recorder
            .tx(async |tx| {
                tx.create(event("a")).pipelined().await?;
                assert_eq!(noted.take(), ["created a"]);
                let again = noted.clone();
                tx.create(note("a"))
                    .after_create(async move |_, _| {
                        again.note("hook of the operation");
                        Ok(())
                    })
                    .pipelined()
                    .await?;
                assert_eq!(noted.take(), ["hook of the operation"]);
                let twice = tx.create(event("a")).pipelined().await;
                assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
                Ok(())
            })
            .await;
        assert!(is_unique(&result));
    }

    async fn l32_outside_of_a_transaction_it_is_done_when_it_is_awaited(engine) {
        let (db, as_recorder, noted) = notes(&engine, &[]).await;
        db.create(note("a")).pipelined().await.unwrap();
        let twice = db.create(note("a")).pipelined().await;
        assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
        db.update::<Note>().all_rows().set(|n| n.n.add(1)).pipelined().await.unwrap();
        assert_eq!(db.find::<Note>().one().await.unwrap().n, 1);
        as_recorder.create(event("a")).pipelined().await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(noted.take(), ["created a", "committed a"]);
        db.delete::<Note>().all_rows().pipelined().await.unwrap();
        assert!(names(&db).await.is_empty());
    }

    async fn l5_l32_what_was_kept_in_a_transaction_that_ends_otherwise_is_never_sent(engine) {
        let (db, _, _) = notes(&engine, &[]).await;
        let rejected: Result<()> = db
            .tx(async |tx| {
                tx.create(note("rejected")).pipelined().await?;
                Err(Error::reject("no"))
            })
            .await;
        assert!(rejected.unwrap_err().is_rejected());
        let dropped = db.tx(async |tx| {
            tx.create(note("dropped")).pipelined().await?;
            std::future::pending::<Result<()>>().await
        });
        assert!(polled_up_to(0, dropped).await.is_none());
        if engine.is_postgres() {
            assert!(db.log.take().is_empty());
        }
        assert!(names(&db).await.is_empty());
    }

    /// A conflict that only COMMIT's flight meets is one like any other.
    async fn l32_a_transient_failure_of_what_was_kept_is_run_again(engine) {
        let (db, _, _) = notes(&engine, &["a"]).await;
        let (race, other) = (Race::new(&engine, &db), db.clone());
        let options = TxOptions { isolation: Isolation::RepeatableRead, retries: 1, read_only: false };
        let run = db.tx_with(options, async move |tx| {
            let n = tx.find::<Note>().one().await?.n;
            let other = other.clone();
            let add = async move { other.update::<Note>().all_rows().set(|n| n.n.add(1)).await };
            let add = if n == 0 { Some(race.beside(add).await) } else { None };
            tx.update::<Note>().all_rows().set(|note| note.n.set(n + 1)).pipelined().await?;
            Ok(add)
        });
        if let Some(add) = run.await.unwrap() {
            assert_eq!(add.await.unwrap().unwrap(), 1);
        }
        assert_eq!(db.find::<Note>().one().await.unwrap().n, 2);
    }
}
