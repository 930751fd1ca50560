//! Other programs at the same file, and readers beside the writer.

use std::{
    cell::Cell,
    pin::pin,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::{JoinHandle, LocalSet, yield_now};
use tripline::{StatementLog, prelude::*};

use crate::common::{Note, Place, Plain, drained, note, notes, plain, poll_once, recorded, soon};

/// Another program holds the lock until the task has tried for the third time: then what the task does goes through.
/// All on one thread, on which others make progress meanwhile.
async fn waits_for_the_other_program(spawn: impl FnOnce(Db) -> JoinHandle<Result<()>>) {
    let (place, log) = (Place::new(), StatementLog::default());
    place.open("").await.close().await.unwrap();
    let db = place.connect("").statement_log(log.clone()).connect().await.unwrap();
    let other = place.other_program();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO plains (n, text) VALUES (0, 'other')").unwrap();
    let task = spawn(db.clone());
    let (mut tries, mut turns) = (0, 0);
    while tries < 3 {
        yield_now().await;
        turns += 1;
        tries += log.take().len();
        assert!(!task.is_finished());
    }
    assert!(turns > 3);
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    other.execute_batch("COMMIT").unwrap();
    soon(task).await.unwrap().unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_single_statement_waits_for_another_program_without_blocking_the_thread() {
    waits_for_the_other_program(|db| tokio::spawn(async move { db.create(plain(1)).await.map(drop) })).await;
}

#[tokio::test(flavor = "current_thread")]
async fn l2_a_transaction_waits_for_another_program_without_blocking_the_thread() {
    waits_for_the_other_program(|db| {
        tokio::spawn(async move {
            db.tx(async |tx| {
                assert_eq!(tx.find::<Plain>().count().await?, 1, "it begins when the other one has ended");
                tx.create(plain(1)).await.map(drop)
            })
            .await
        })
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn l2_a_savepoint_that_comes_first_waits_for_another_program_too() {
    waits_for_the_other_program(|db| {
        tokio::spawn(async move {
            db.tx(async |tx| tx.tx(async |tx| tx.create(vec![plain(1)]).await).await).await.map(drop)
        })
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn another_program_that_keeps_the_lock_makes_the_database_busy_and_no_more_than_that() {
    let place = Place::new();
    let db = place.open("busy_timeout=30").await;
    let (db, recorder) = recorded(&db);
    let limit = Duration::from_millis(30);
    let busy = |error: Error| assert!(matches!(error.root(), Error::Busy(l) if *l == limit), "{error:?}");
    let other = place.other_program();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    busy(soon(db.create(plain(1)).into_future()).await.unwrap_err());
    assert!(began.elapsed() >= limit);
    busy(soon(db.create(note("a")).into_future()).await.unwrap_err());
    busy(soon(db.raw_execute("DELETE FROM plains", [])).await.unwrap_err());
    busy(soon(db.tx(async |tx| tx.find::<Plain>().await)).await.unwrap_err());
    busy(soon(db.tx(async |tx| tx.tx(async |tx| tx.create(note("a")).await).await)).await.unwrap_err());
    // Also if the closure does not want to know.
    let swallowed = db.tx(async |tx| {
        _ = tx.create(note("a")).savepoint().await;
        Ok(())
    });
    busy(soon(swallowed).await.unwrap_err());
    // Reads do not mind.
    assert!(db.find::<Plain>().await.unwrap().is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    soon(db.create(plain(2)).into_future()).await.unwrap();
    soon(db.tx(async |tx| tx.create(note("b")).await)).await.unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 1);
    assert_eq!(notes(&db).await, ["b"]);
    drained(&db).await;
    assert_eq!(recorder.take(), ["committed b"]);
}

#[tokio::test(flavor = "current_thread")]
async fn l5_a_caller_that_leaves_while_another_program_has_the_lock_leaves_nothing_behind() {
    let place = Place::new();
    let db = place.open("").await;
    let other = place.other_program();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        let mut create = pin!(db.tx(async |tx| tx.create(plain(1)).await));
        assert!(poll_once(&mut create).await.is_pending());
    }
    other.execute_batch("ROLLBACK").unwrap();
    soon(db.create(plain(2)).into_future()).await.unwrap();
    assert_eq!(db.find::<Plain>().await.unwrap()[0].n, 2);
    soon(db.close()).await.unwrap();
}

/// What was dropped was the statement that begins the transaction: without it, each later statement would be a
/// transaction of its own.
#[tokio::test(flavor = "current_thread")]
async fn l5_a_first_statement_that_was_dropped_while_it_waited_spoils_the_transaction() {
    let place = Place::new();
    let db = place.open("").await;
    for raw in [false, true] {
        let other = place.other_program();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let result = soon(db.tx(async |tx| {
            {
                let mut first = pin!(async {
                    match raw {
                        false => drop(tx.find::<Plain>().await),
                        true => drop(tx.raw_query("SELECT 1", []).await),
                    }
                });
                assert!(poll_once(&mut first).await.is_pending());
            }
            other.execute_batch("ROLLBACK").unwrap();
            _ = tx.create(plain(1)).await;
            _ = tx.raw_execute("INSERT INTO plains (n, text) VALUES (2, '')", []).await;
            Err::<(), _>(Error::reject("all of it is undone"))
        }))
        .await;
        assert!(result.is_err());
        assert_eq!(db.find::<Plain>().count().await.unwrap(), 0, "raw: {raw}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_wait_for_the_writer_has_a_limit() {
    let place = Place::new();
    let db = place.open("acquire_timeout=20").await;
    let task = db.clone();
    soon(db.tx(async move |tx| {
        tx.create(plain(1)).await?;
        let late = tokio::spawn(async move { task.create(plain(2)).await }).await.unwrap();
        assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
        Ok(())
    }))
    .await
    .unwrap();
    db.create(plain(3)).await.unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

#[tokio::test]
async fn readers_see_the_old_state_at_once_while_a_transaction_is_open() {
    let place = Place::new();
    let db = place.open("").await;
    db.create(note("old")).await.unwrap();
    db.tx(async |tx| {
        tx.create(note("new")).await?;
        tx.update::<Note>().set(|n| n.text.set("changed")).all_rows().await?;
        // A find through `db` works here, since it takes another connection (L8); it does not wait for this one.
        let mut find = pin!(db.find::<Note>().into_future());
        let std::task::Poll::Ready(found) = poll_once(&mut find).await else { panic!("it waits") };
        assert_eq!(found.unwrap().into_iter().map(|n| n.text).collect::<Vec<_>>(), ["old"]);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(notes(&db).await, ["changed", "changed"]);
}

#[tokio::test]
async fn a_writer_does_not_wait_for_readers_which_keep_their_state() {
    let place = Place::new();
    let db = place.open("durability=relaxed").await;
    db.create(plain(1)).await.unwrap();
    let writer = db.clone();
    db.read(async move |tx| {
        assert_eq!(tx.find::<Plain>().count().await?, 1);
        let mut create = pin!(writer.create(plain(2)).into_future());
        assert!(poll_once(&mut create).await.is_ready());
        assert_eq!(tx.find::<Plain>().count().await?, 1);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

/// Readers that wait for one of the few connections get it in turn.
#[tokio::test(flavor = "current_thread")]
async fn more_readers_than_connections_take_turns() {
    let place = Place::new();
    let db = place.open("readers=2").await;
    db.create(plain(1)).await.unwrap();
    let most = Rc::new((Cell::new(0), Cell::new(0)));
    let local = LocalSet::new();
    for _ in 0..12 {
        let (db, most) = (db.clone(), most.clone());
        local.spawn_local(async move {
            let read = db.read(async |tx| {
                let (now, highest) = (&most.0, &most.1);
                // A connection is taken with the first statement.
                assert_eq!(tx.find::<Plain>().count().await?, 1);
                now.set(now.get() + 1);
                highest.set(highest.get().max(now.get()));
                yield_now().await;
                now.set(now.get() - 1);
                Ok(())
            });
            read.await.unwrap();
        });
    }
    soon(local).await;
    assert_eq!(most.1.get(), 2);
}

/// Those that leave the line at any moment take no connection with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_readers_that_leave_the_line_cost_no_connection() {
    let place = Place::new();
    let db = place.open("readers=2").await;
    db.create(plain(1)).await.unwrap();
    let tasks: Vec<_> = (0..48)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move {
                for turns in 0..20 {
                    let mut read = pin!(db.read(async |tx| {
                        yield_now().await;
                        tx.find::<Plain>().count().await?;
                        yield_now().await;
                        tx.find::<Plain>().count().await
                    }));
                    // Some are done by then, some wait for a connection, some have one.
                    for _ in 0..(i + turns) % 7 {
                        if poll_once(&mut read).await.is_ready() {
                            break;
                        }
                        yield_now().await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
    // Both connections are there, and there is no third.
    soon(db.read(async |tx| {
        tx.find::<Plain>().count().await?;
        db.read(async |tx| {
            assert_eq!(tx.find::<Plain>().count().await?, 1);
            assert!(poll_once(&mut pin!(db.find::<Plain>().count())).await.is_pending());
            Ok(())
        })
        .await
    }))
    .await
    .unwrap();
    soon(db.close()).await.unwrap();
}
