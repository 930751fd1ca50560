//! Callers that go (L5): their futures are dropped wherever they wait. What was not committed is rolled back on the
//! server as well, soon, and without anybody else having to wait for it.

use std::{future::poll_fn, pin::pin, task::Poll};

use tripline::{BoxFuture, prelude::*};

use crate::common::{Letter, Note, Place, Plain, letter, note, noted, notes, plain, recorded, soon};

type WritePath = fn(&Db) -> BoxFuture<'_, Result<()>>;

/// Ways to write the note or letter `new`, most of which lock the note `old`.
const PATHS: [(&str, WritePath); 7] = [
    ("transaction", |db| {
        Box::pin(db.tx(async |tx| {
            tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).await?;
            tx.create(note("new")).await.map(drop)
        }))
    }),
    ("nested transaction", |db| {
        Box::pin(db.tx(async |tx| {
            tx.tx(async |tx| {
                tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).await?;
                tx.create(note("new")).await.map(drop)
            })
            .await
        }))
    }),
    ("pipelined", |db| {
        Box::pin(db.tx(async |tx| {
            tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).pipelined().await?;
            tx.create(note("new")).await.map(drop)
        }))
    }),
    ("create with a hook before it", |db| {
        let locks = async |tx: &mut Tx<'_>, _: &mut [crate::common::NewNote]| {
            tx.raw_query("SELECT id FROM notes WHERE text = 'old'", []).await?;
            tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).await.map(drop)
        };
        Box::pin(async move { db.create(note("new")).before_create(locks).await.map(drop) })
    }),
    ("create with a hook after it", |db| {
        let locks = async |tx: &mut Tx<'_>, _: &[Note]| {
            tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).await.map(drop)
        };
        Box::pin(async move { db.create(note("new")).after_create(locks).await.map(drop) })
    }),
    ("create in one flight", |db| Box::pin(async { db.create(letter("new")).await.map(drop) })),
    ("create many refreshed", |db| {
        Box::pin(async { db.create(vec![note("new")]).refreshed().await.map(drop) })
    }),
];

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

#[tokio::test]
async fn l5_l50_l54_whoever_goes_leaves_no_lock_and_hooks_say_what_is_stored() {
    let place = Place::new().await;
    let other = place.open("pool_size=1").await;
    let (db, recorder) = recorded(&place.open("").await);
    db.create(note("old")).without_hooks().await.unwrap();
    for (path, run) in PATHS {
        let mut done_after = None;
        for n in 0..100 {
            let done = poll_up_to(n, run(&db)).await;
            let said = noted(&db, &recorder).await;
            // A lock that is still held would be an error at once.
            other.raw_execute("SELECT id FROM notes FOR UPDATE NOWAIT", []).await.unwrap();
            let stored = other.delete::<Note>().filter(|note| note.text.eq("new")).await.unwrap()
                + other.delete::<Letter>().all_rows().await.unwrap();
            match stored {
                1 => assert_eq!(said, ["committed new"], "{path}, dropped after {n}"),
                // What had not been written yet was not undone.
                _ => {
                    let says_so = said.iter().all(|said| said == "rolled back 1");
                    assert!(!done && stored == 0 && says_so, "{path}, dropped after {n}: {said:?}");
                }
            }
            if done {
                done_after = Some(n);
                break;
            }
        }
        assert!(done_after.is_some_and(|n| n > 0), "{path}: {done_after:?}");
        assert_eq!(notes(&db).await, ["old"]);
    }
}

#[tokio::test]
async fn l5_what_was_dropped_leaves_connections_as_good_as_new() {
    let place = Place::new().await;
    let (db, _) = recorded(&place.open("pool_size=1").await);
    for (path, run) in PATHS {
        for n in 0..6 {
            poll_up_to(n, run(&db)).await;
            let open = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";
            let open = soon(db.raw_query(open, [])).await.unwrap();
            assert!(!open.get::<bool>(0, 0).unwrap(), "{path}, dropped after {n}");
            soon(db.create(plain(1)).into_future()).await.unwrap();
            soon(db.drain()).await.unwrap();
        }
    }
    // What came after was committed, each on its own.
    let other = place.open("").await;
    assert_eq!(other.find::<Plain>().count().await.unwrap(), 6 * PATHS.len() as u64);
}

/// Ways to wait for the row that another program has locked.
const WAITING: [(&str, WritePath); 4] = [
    ("transaction", |db| {
        Box::pin(db.tx(async |tx| {
            tx.create(note("new")).await?;
            tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("mine")).await.map(drop)
        }))
    }),
    ("nested transaction", |db| {
        Box::pin(db.tx(async |tx| {
            tx.create(note("new")).await?;
            tx.update::<Note>()
                .filter(|n| n.text.eq("old"))
                .set(|n| n.text.set("mine"))
                .savepoint()
                .await
                .map(drop)
        }))
    }),
    ("one statement", |db| {
        Box::pin(async {
            db.update::<Note>()
                .filter(|n| n.text.eq("old"))
                .set(|n| n.text.set("mine"))
                .without_hooks()
                .await
                .map(drop)
        })
    }),
    ("SQL of the application's own", |db| {
        Box::pin(async {
            db.raw_execute("UPDATE notes SET text = 'mine' WHERE text = 'old'", []).await.map(drop)
        })
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_a_statement_that_waits_for_a_lock_is_cancelled_when_its_caller_goes() {
    let place = Place::new().await;
    let holder = place.open("").await;
    let (db, recorder) = recorded(&place.open("application_name=waiting&pool_size=1").await);
    db.create(note("old")).without_hooks().await.unwrap();
    for (path, run) in WAITING {
        holder
            .tx(async |tx| {
                tx.update::<Note>().filter(|n| n.text.eq("old")).set(|n| n.text.set("old")).await?;
                let caller = db.clone();
                let waiting = tokio::spawn(async move { run(&caller).await });
                place.until_waiting("waiting");
                waiting.abort();
                assert!(soon(waiting).await.unwrap_err().is_cancelled());
                // While the lock is still held.
                place.until_at_rest("waiting");
                Ok(())
            })
            .await
            .unwrap();
        let undone = if path.contains("transaction") { vec!["rolled back 1"] } else { Vec::new() };
        assert_eq!(noted(&db, &recorder).await, undone, "{path}");
        assert_eq!(notes(&db).await, ["old"], "{path}");
    }
}

/// COMMIT takes its time, since it waits for a lock; its caller goes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_l50_once_commit_was_sent_its_hooks_run_also_if_the_caller_is_gone() {
    let place = Place::new().await;
    place.psql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION wait(); \
         CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON letters DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let holder = place.open("").await;
    let (db, recorder) = recorded(&place.open("application_name=committing").await);
    let paths: [WritePath; 3] = [
        |db| Box::pin(db.tx(async |tx| tx.create(note("new")).await.map(drop))),
        |db| Box::pin(async { db.create(note("new")).await.map(drop) }),
        |db| Box::pin(async { db.create(letter("new")).await.map(drop) }),
    ];
    for run in paths {
        holder
            .tx(async |tx| {
                tx.raw_query("SELECT pg_advisory_xact_lock(7)", []).await?;
                let caller = db.clone();
                let committing = tokio::spawn(async move { run(&caller).await });
                place.until_waiting("committing");
                committing.abort();
                assert!(soon(committing).await.unwrap_err().is_cancelled());
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(noted(&db, &recorder).await, ["committed new"]);
    }
    assert_eq!(notes(&db).await, ["new", "new"]);
    assert_eq!(db.find::<Letter>().count().await.unwrap(), 1);
}

/// The dropped statement waits for a lock of whoever waits for this: the server sees no deadlock.
#[tokio::test]
async fn l4_l5_a_statement_that_was_dropped_in_a_nested_transaction_does_not_keep_the_outer_one_waiting() {
    let place = Place::new().await;
    let holder = place.open("pool_size=1&application_name=holder").await;
    let db = place.open("pool_size=1&application_name=waiter").await;
    let old = db.create(plain(1)).await.unwrap().id;
    let after = soon(holder.tx(async |held| {
        held.update::<Plain>().by_key(old).set(|p| p.n.set(2)).await?;
        db.tx(async |tx| {
            tx.create(plain(7)).await?;
            let nested = tx
                .tx(async |tx| {
                    let mut update = pin!(tx.update::<Plain>().by_key(old).set(|p| p.n.set(3)).into_future());
                    poll_fn(|cx| {
                        assert!(update.as_mut().poll(cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                    // It is sent as others are polled.
                    tokio::task::yield_now().await;
                    place.until_waiting("waiter");
                    Ok(())
                })
                .await;
            assert!(matches!(nested.unwrap_err().root(), Error::Cancelled(_)));
            tx.create(plain(8)).await
        })
        .await
        .unwrap();
        held.find::<Plain>().filter(|p| p.n.gte(7)).count().await
    }))
    .await
    .unwrap();
    assert_eq!(after, 2);
    assert_eq!(db.find::<Plain>().by_key(old).await.unwrap().unwrap().n, 2);
}
