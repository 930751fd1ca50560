//! Kept writes that fail, and transactions that are dropped around them.

use tripline::prelude::*;

use super::{Event, NewNote, Note, event, is_unique, names, note, notes, polled_up_to};

/// Neither the kept writes nor those before them are there.
async fn nothing_but_what_was(db: &Db) {
    assert_eq!((names(db).await, db.find::<Event>().count().await.unwrap()), (vec!["taken".into()], 0));
}

cases! {
    async fn l32_a_failure_comes_from_the_next_operation(engine) {
        let (db, as_recorder, noted) = notes(&engine, &["taken"]).await;
        for next in 0..5 {
            let result = as_recorder
                .tx(async |tx| {
                    tx.create(event("a")).await?;
                    let kept = tx.create(note("taken")).pipelined().await;
                    assert_eq!(is_unique(&kept), !engine.is_postgres(), "{kept:?}");
                    let next = match next {
                        0 => tx.find::<Note>().count().await.map(drop),
                        1 => tx.create(note("b")).await.map(drop),
                        2 => tx.raw_query("SELECT 1", []).await.map(drop),
                        3 => tx.raw_execute("DELETE FROM notes", []).await.map(drop),
                        _ => tx.tx(async |_| -> Result<()> { panic!("it is not begun") }).await,
                    };
                    assert!(is_unique(&next), "{next:?}");
                    // It is spoilt, as by any failure.
                    assert!(matches!(tx.create(note("c")).pipelined().await, Err(Error::Poisoned(_))));
                    Ok(())
                })
                .await;
            assert!(matches!(result, Err(Error::Poisoned(_))) && is_unique(&result), "{result:?}");
            db.drain().await.unwrap();
            assert_eq!(noted.take(), ["created a", "rolled back 1"]);
            nothing_but_what_was(&db).await;
        }
    }

    async fn l32_a_failure_comes_from_the_commit_if_nothing_was_sent_before(engine) {
        let (db, as_recorder, noted) = notes(&engine, &["taken"]).await;
        let result = as_recorder
            .tx(async |tx| {
                tx.create(event("a")).await?;
                _ = tx.create(note("taken")).pipelined().await;
                tx.on_commit(async { panic!("nothing was committed") });
                Ok(())
            })
            .await;
        assert!(is_unique(&result), "{result:?}");
        // Also of the operation in whose hook it was.
        let result = as_recorder
            .create(event("b"))
            .after_create(async |tx, _| tx.create(note("taken")).pipelined().await)
            .await;
        assert!(is_unique(&result), "{result:?}");
        db.drain().await.unwrap();
        let noted = noted.take();
        assert_eq!(noted[..2], ["created a", "rolled back 1"]);
        // Where the hook itself fails, those outside of it are not called.
        assert_eq!(noted[2..], engine.either(&["rolled back 1"][..], &["created b", "rolled back 1"])[..]);
        nothing_but_what_was(&db).await;
    }

    /// L3: what is wrong with it before it is sent is told at once.
    async fn l3_l32_a_mistake_is_an_error_at_once(engine) {
        let (db, _, _) = notes(&engine, &["a"]).await;
        for (what, code) in [(0, "unfiltered"), (1, "unfiltered"), (2, "required"), (3, "invalid")] {
            let result = db
                .tx(async |tx| {
                    let kept = match what {
                        0 => tx.delete::<Note>().pipelined().await,
                        1 => tx.update::<Note>().set(|n| n.n.set(1)).pipelined().await,
                        2 => tx.create(NewNote::default()).pipelined().await,
                        _ => tx.update::<Note>().all_rows().set(|n| n.name.set("a\0")).pipelined().await,
                    };
                    assert_eq!(kept.unwrap_err().code(), code);
                    Ok(())
                })
                .await;
            assert!(matches!(result, Err(Error::Poisoned(_))), "{result:?}");
        }
        assert_eq!(db.find::<Note>().one().await.unwrap().n, 0);
    }

    /// L3, L4: it belongs to the level in which it was asked for.
    async fn l3_l4_l32_a_failure_in_a_nested_transaction_is_caught_there(engine) {
        let (db, as_recorder, noted) = notes(&engine, &["taken"]).await;
        as_recorder
            .tx(async |tx| {
                tx.create(note("before")).pipelined().await?;
                for fails_by_the_next in [true, false] {
                    let nested = tx
                        .tx(async |tx| {
                            tx.create(event("undone")).await?;
                            tx.create(note("undone")).pipelined().await?;
                            tx.create(note("taken")).pipelined().await?;
                            if fails_by_the_next { tx.find::<Note>().count().await.map(drop) } else { Ok(()) }
                        })
                        .await;
                    assert!(is_unique(&nested), "{nested:?}");
                }
                let rejected: Result<()> = tx
                    .tx(async |tx| {
                        tx.create(event("undone")).await?;
                        _ = tx.create(note("taken")).pipelined().await;
                        Err(Error::reject("no"))
                    })
                    .await;
                assert!(rejected.unwrap_err().is_rejected());
                let caught = tx.create(note("taken")).savepoint().pipelined().await;
                assert!(is_unique(&caught), "{caught:?}");
                tx.create(note("after")).pipelined().await?;
                tx.create(event("kept")).await.map(drop)
            })
            .await
            .unwrap();
        db.drain().await.unwrap();
        assert_eq!(names(&db).await, ["taken", "before", "after"]);
        let noted = noted.take();
        assert_eq!(noted[..4], ["created undone", "created undone", "created undone", "created kept"]);
        assert_eq!(noted[4..], ["committed kept", "rolled back 1", "rolled back 1", "rolled back 1"]);
    }

    /// L5: nobody knows whether what was on its way has failed, so nothing of it can be committed.
    async fn l5_l32_a_nested_transaction_that_is_dropped_as_it_begins_spoils_the_outer_one(engine) {
        let (db, as_recorder, noted) = notes(&engine, &["taken"]).await;
        for name in ["taken", "free"] {
            // SQLite has told of the failure already.
            let at_once = !engine.is_postgres() && name == "taken";
            let result = as_recorder
                .tx(async |tx| {
                    tx.create(event("a")).await?;
                    _ = tx.create(note(name)).pipelined().await;
                    let nested = tx.tx(async |_| std::future::pending::<Result<()>>().await);
                    assert_eq!(polled_up_to(0, nested).await.is_some(), at_once);
                    Ok(())
                })
                .await;
            let error = result.unwrap_err();
            match error.root() {
                Error::Cancelled(_) => assert!(!at_once),
                Error::Unique(_) => assert!(at_once),
                other => panic!("{other:?}"),
            }
            db.drain().await.unwrap();
            assert_eq!(noted.take(), ["created a", "rolled back 1"]);
            nothing_but_what_was(&db).await;
        }
    }

    /// L4, L5: also while its savepoint is being released or rolled back.
    async fn l4_l5_l32_a_nested_transaction_is_done_or_spoils_the_outer_one(engine) {
        for ends_well in [true, false] {
            for times in 0.. {
                let (db, as_recorder, noted) = notes(&engine, &[]).await;
                let outer = as_recorder.tx(async |tx| {
                    tx.create(note("before")).pipelined().await?;
                    let nested = tx.tx(async |tx| {
                        tokio::task::yield_now().await;
                        tx.create(event("a")).await?;
                        tx.create(note("kept")).pipelined().await?;
                        if ends_well { Ok(()) } else { Err(Error::reject("no")) }
                    });
                    Ok(polled_up_to(times, nested).await.map(|nested| assert_eq!(nested.is_ok(), ends_well)))
                });
                let outer = outer.await;
                db.drain().await.unwrap();
                let (stored, noted) = (names(&db).await, noted.take().pop());
                if let Ok(done) = outer {
                    assert!(done.is_some(), "committed, though dropped after {times}: {noted:?}");
                    assert_eq!(stored, if ends_well { &["before", "kept"][..] } else { &["before"] });
                    let followed = if ends_well { "committed a" } else { "rolled back 1" };
                    assert_eq!(noted.as_deref(), Some(followed));
                    break;
                }
                assert!(matches!(outer.unwrap_err().root(), Error::Cancelled(_)), "dropped after {times}");
                assert!(stored.is_empty() && noted.is_none_or(|noted| !noted.starts_with("committed")));
            }
        }
    }
}
