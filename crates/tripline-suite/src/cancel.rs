//! Cancellation (L5): every write path's future, dropped after the n-th `Pending` for all n.

use std::{future::poll_fn, pin::pin, task::Poll};

use tripline::{
    AfterChangeCommit, AfterCreate, AfterUpdate, BeforeCreate, BeforeDeleteRows, BeforeUpdateRows, BoxFuture,
    Change, Edit, RowChange, prelude::*,
};

use crate::Recorder;

/// Each of its hooks waits once before and once after it has written to the log.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "steps")]
struct Step {
    #[key]
    id: Id<Step>,
    n: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "logs")]
struct Log {
    #[key]
    id: Id<Log>,
    what: String,
}

async fn log(tx: &mut Tx<'_>, what: &str) -> Result<()> {
    tokio::task::yield_now().await;
    tx.create(NewLog { what: what.into(), ..Default::default() }).await?;
    tokio::task::yield_now().await;
    Ok(())
}

impl BeforeCreate for Step {
    async fn before_create(tx: &mut Tx<'_>, _: &mut [NewStep]) -> Result<()> {
        log(tx, "before create").await
    }
}

impl AfterCreate for Step {
    async fn after_create(tx: &mut Tx<'_>, _: &[Step]) -> Result<()> {
        log(tx, "after create").await
    }
}

impl BeforeUpdateRows for Step {
    async fn before_update_rows(tx: &mut Tx<'_>, rows: &mut [Edit<Step>]) -> Result<()> {
        for edit in rows {
            edit.patch.n.set(edit.old.n + 100);
        }
        log(tx, "before update").await
    }
}

impl AfterUpdate for Step {
    async fn after_update(tx: &mut Tx<'_>, _: &[Change<Step>]) -> Result<()> {
        log(tx, "after update").await
    }
}

impl BeforeDeleteRows for Step {
    async fn before_delete_rows(tx: &mut Tx<'_>, _: &[Step]) -> Result<()> {
        log(tx, "before delete").await
    }
}

impl AfterChangeCommit for Step {
    async fn after_change_commit(db: &Db, _: &[RowChange<Step>]) -> Result<()> {
        Recorder::of_db(db).note("committed");
        Ok(())
    }
}

fn step(n: i64) -> NewStep {
    NewStep { n: n.into(), ..Default::default() }
}

type WritePath = fn(&Db) -> BoxFuture<'_, Result<()>>;

/// The write paths: what each does, from two rows on.
const PATHS: [(&str, WritePath); 10] = [
    ("create one", |db| Box::pin(async { db.create(step(3)).await.map(drop) })),
    ("create many", |db| Box::pin(async { db.create(vec![step(3), step(4)]).await.map(drop) })),
    ("create over several turns", |db| {
        Box::pin(async { db.create((0..2500).map(step).collect::<Vec<_>>()).await.map(drop) })
    }),
    ("update row by row over several turns", |db| {
        Box::pin(async {
            db.tx(async |tx| {
                tx.create((0..2500).map(step).collect::<Vec<_>>()).without_hooks().await?;
                tx.update::<Step>().set(|s| s.n.set(1)).all_rows().await.map(drop)
            })
            .await
        })
    }),
    ("create refreshed", |db| Box::pin(async { db.create(step(3)).refreshed().await.map(drop) })),
    ("update", |db| Box::pin(async { db.update::<Step>().set(|s| s.n.add(1)).all_rows().await.map(drop) })),
    ("update rows", |db| {
        Box::pin(async { db.update::<Step>().set(|s| s.n.set(1)).all_rows().rows::<Step>().await.map(drop) })
    }),
    ("delete", |db| Box::pin(async { db.delete::<Step>().filter(|s| s.n.eq(1)).await.map(drop) })),
    ("transaction", |db| {
        Box::pin(async {
            db.tx(async |tx| {
                tx.create(step(5)).await?;
                tokio::task::yield_now().await;
                tx.tx(async |tx| tx.update::<Step>().set(|s| s.n.set(0)).all_rows().await).await?;
                tx.delete::<Step>().filter(|s| s.n.eq(101)).savepoint().await.map(drop)
            })
            .await
        })
    }),
    ("without hooks", |db| Box::pin(async { db.create(step(3)).without_hooks().await.map(drop) })),
];

/// Everything that is stored, and the numbers of rows as a second look.
async fn state(db: &Db) -> (Vec<Step>, Vec<String>) {
    let steps = db.find::<Step>().order(|s| s.id.asc()).await.unwrap();
    let logs = db.find::<Log>().order(|l| l.id.asc()).await.unwrap();
    (steps, logs.into_iter().map(|l| l.what).collect())
}

/// Polls the future until it is done or has been pending `limit` times; true if it is done.
async fn poll_up_to(limit: usize, future: BoxFuture<'_, Result<()>>) -> bool {
    let mut future = pin!(future);
    let mut pending = 0;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => {
            done.unwrap();
            Poll::Ready(true)
        }
        Poll::Pending => {
            pending += 1;
            if pending > limit { Poll::Ready(false) } else { Poll::Pending }
        }
    })
    .await
}

async fn prepared(engine: &crate::Engine) -> (crate::TestDb, Db, Recorder) {
    let recorder = Recorder::default();
    let db = engine.db(tables![Step, Log]).await;
    db.create(vec![step(1), step(2)]).without_hooks().await.unwrap();
    let as_recorder = db.as_actor(recorder.clone());
    (db, as_recorder, recorder)
}

cases! {
    async fn l5_a_write_that_is_dropped_half_way_is_whole_or_not_there(engine) {
        for (path, run) in PATHS {
            let (db, as_recorder, recorder) = prepared(&engine).await;
            let before = state(&db).await;
            assert!(poll_up_to(usize::MAX, run(&as_recorder)).await);
            let after = state(&db).await;
            db.drain().await.unwrap();
            let committed = recorder.take().len();
            assert_ne!(before, after, "{path} does nothing");
            let mut done_after = None;
            for n in 0..200 {
                let (db, as_recorder, recorder) = prepared(&engine).await;
                let done = poll_up_to(n, run(&as_recorder)).await;
                db.drain().await.unwrap();
                let (found, noted) = (state(&db).await, recorder.take().len());
                // A commit whose confirmation nobody waited for may have happened, then with all that follows.
                assert!(found == after || !done && found == before, "{path}, dropped after {n}: {found:?}");
                assert_eq!(noted, if found == after { committed } else { 0 }, "{path}, dropped after {n}");
                // The writer is free and works.
                db.create(step(9)).await.unwrap();
                if done {
                    done_after = Some(n);
                    break;
                }
            }
            assert!(done_after.is_some(), "{path} is never done");
        }
    }

    async fn l5_an_operation_dropped_inside_a_transaction_spoils_it(engine) {
        let (db, _, _) = prepared(&engine).await;
        let before = state(&db).await;
        let result: Result<()> = db
            .tx(async |tx| {
                tx.create(step(8)).without_hooks().await?;
                {
                    let mut create = pin!(tx.create(step(9)).into_future());
                    poll_fn(|cx| {
                        assert!(create.as_mut().poll(cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                }
                let next = tx.find::<Step>().count().await.unwrap_err();
                assert!(matches!(next.root(), Error::Cancelled(_)), "{next:?}");
                Ok(())
            })
            .await;
        assert!(matches!(result.unwrap_err().root(), Error::Cancelled(_)));
        assert_eq!(state(&db).await, before);
    }

    async fn l3_l4_what_was_dropped_inside_a_nested_transaction_goes_with_it(engine) {
        let (db, _, _) = prepared(&engine).await;
        let before = state(&db).await;
        db.tx(async |tx| {
            for swallow in [true, false] {
                let nested: Result<()> = tx
                    .tx(async |tx| {
                        {
                            let mut create = pin!(tx.create(step(9)).into_future());
                            poll_fn(|cx| {
                                assert!(create.as_mut().poll(cx).is_pending());
                                Poll::Ready(())
                            })
                            .await;
                        }
                        if swallow { Ok(()) } else { Err(Error::reject("given up")) }
                    })
                    .await;
                let error = nested.unwrap_err();
                assert!(matches!(error.root(), Error::Cancelled(_)) == swallow, "{error:?}");
            }
            // The outer transaction goes on.
            tx.find::<Step>().count().await.map(drop)
        })
        .await
        .unwrap();
        assert_eq!(state(&db).await, before);
    }

    async fn l5_a_nested_transaction_dropped_half_way_spoils_the_outer_one(engine) {
        let (db, _, _) = prepared(&engine).await;
        let before = state(&db).await;
        let result: Result<()> = db
            .tx(async |tx| {
                {
                    let nested = tx.tx(async |tx| {
                        tx.create(step(8)).without_hooks().await?;
                        std::future::pending::<Result<()>>().await
                    });
                    let mut nested = pin!(nested);
                    poll_fn(|cx| {
                        assert!(nested.as_mut().poll(cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                }
                Ok(())
            })
            .await;
        assert!(matches!(result.unwrap_err().root(), Error::Cancelled(_)));
        assert_eq!(state(&db).await, before);
    }
}
