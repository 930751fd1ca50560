//! Transactions (L2 to L8).

use tripline::{AfterCreate, prelude::*};

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

/// Its hooks write an item, then may fail, panic or swallow an error, as its `mode` says.
#[derive(Table, Clone, Debug)]
#[table(name = "actions")]
struct Action {
    #[key]
    id: Id<Action>,
    mode: String,
}

impl AfterCreate for Action {
    async fn after_create(tx: &mut Tx<'_>, actions: &[Action]) -> Result<()> {
        for action in actions {
            tx.create(item(&format!("by {}", action.mode))).await?;
            match action.mode.as_str() {
                "fail" => return Err(Error::custom("the hook failed")),
                "panic" => panic!("the hook panicked"),
                "swallow" => _ = tx.create(item("by swallow")).await,
                "catch" => {
                    let twice = tx.create(item("by catch")).savepoint().await;
                    assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn item(name: &str) -> NewItem {
    NewItem { name: name.into(), ..Default::default() }
}

fn action(mode: &str) -> NewAction {
    NewAction { mode: mode.into(), ..Default::default() }
}

async fn items(db: &Db) -> Vec<String> {
    db.find::<Item>().order(|i| i.id.asc()).await.unwrap().into_iter().map(|i| i.name).collect()
}

cases! {
    async fn l2_all_or_nothing(engine) {
        let db = engine.db(tables![Item]).await;
        let failed: Result<()> = db
            .tx(async |tx| {
                tx.create(item("a")).await?;
                tx.create(item("b")).await?;
                Err(Error::custom("no"))
            })
            .await;
        assert_eq!(failed.unwrap_err().code(), "custom");
        assert!(items(&db).await.is_empty());
        db.tx(async |tx| tx.create(item("a")).await).await.unwrap();
        assert_eq!(items(&db).await, ["a"]);
    }

    async fn l2_a_failing_create_of_many_leaves_nothing(engine) {
        let db = engine.db(tables![Item]).await;
        let twice = db.create(vec![item("a"), item("b"), item("a")]).await;
        assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
        assert!(items(&db).await.is_empty());
    }

    async fn l3_a_failed_operation_spoils_the_transaction(engine) {
        let db = engine.db(tables![Item]).await;
        let result: Result<()> = db
            .tx(async |tx| {
                tx.create(item("a")).await?;
                let twice = tx.create(item("a")).await;
                assert!(matches!(twice, Err(Error::Unique(_))));
                // Also a read is refused, with the first error as its source.
                let next = tx.find::<Item>().count().await.unwrap_err();
                assert!(matches!(next, Error::Poisoned(_)) && matches!(next.root(), Error::Unique(_)));
                Ok(())
            })
            .await;
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Poisoned(_)) && matches!(error.into_root(), Error::Unique(_)));
        assert!(items(&db).await.is_empty());
    }

    async fn l3_an_operation_that_is_refused_before_any_statement_spoils_too(engine) {
        let db = engine.db(tables![Item]).await;
        let result = db
            .tx(async |tx| {
                _ = tx.delete::<Item>().await;
                Ok(())
            })
            .await;
        assert!(matches!(result.unwrap_err().root(), Error::Unfiltered(_)));
    }

    async fn l3_l4_a_nested_transaction_makes_a_failure_catchable(engine) {
        let db = engine.db(tables![Item]).await;
        db.tx(async |tx| {
            tx.create(item("a")).await?;
            let nested = tx
                .tx(async |tx| {
                    tx.create(item("b")).await?;
                    tx.create(item("a")).await
                })
                .await;
            assert!(matches!(nested, Err(Error::Unique(_))));
            assert!(matches!(tx.create(item("a")).savepoint().await, Err(Error::Unique(_))));
            tx.create(item("c")).await
        })
        .await
        .unwrap();
        assert_eq!(items(&db).await, ["a", "c"]);
    }

    async fn l4_savepoints_nest_and_roll_back_on_their_own(engine) {
        let db = engine.db(tables![Item]).await;
        db.tx(async |tx| {
            tx.tx(async |tx| {
                tx.create(item("1")).await?;
                let inner: Result<()> = tx
                    .tx(async |tx| {
                        tx.create(item("2")).await?;
                        tx.tx(async |tx| tx.create(item("3")).await).await?;
                        Err(Error::reject("inner"))
                    })
                    .await;
                assert!(inner.unwrap_err().is_rejected());
                Ok(())
            })
            .await?;
            tx.create(item("4")).await
        })
        .await
        .unwrap();
        assert_eq!(items(&db).await, ["1", "4"]);
    }

    async fn l5_a_panic_in_a_hook_rolls_back(engine) {
        let db = engine.db(tables![Item, Action]).await;
        let on_task = db.as_actor(());
        let panicked = tokio::spawn(async move { on_task.create(action("panic")).await }).await;
        assert!(panicked.unwrap_err().is_panic());
        assert!(items(&db).await.is_empty());
        db.create(action("fine")).await.unwrap();
        assert_eq!(items(&db).await, ["by fine"]);
    }

    async fn l6_a_swallowed_error_cannot_commit(engine) {
        let db = engine.db(tables![Item, Action]).await;
        let error = db.create(action("swallow")).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unique(_)), "{error:?}");
        assert!(items(&db).await.is_empty());
        assert_eq!(db.find::<Action>().count().await.unwrap(), 0);
        db.create(action("catch")).await.unwrap();
        assert_eq!(items(&db).await, ["by catch"]);
    }

    async fn l6_a_swallowed_error_in_a_nested_transaction_rolls_that_back(engine) {
        let db = engine.db(tables![Item]).await;
        db.tx(async |tx| {
            tx.create(item("a")).await?;
            let nested: Result<()> = tx
                .tx(async |tx| {
                    tx.create(item("b")).await?;
                    _ = tx.create(item("a")).await;
                    Ok(())
                })
                .await;
            assert!(matches!(nested, Err(Error::Poisoned(_))));
            tx.create(item("c")).await
        })
        .await
        .unwrap();
        assert_eq!(items(&db).await, ["a", "c"]);
    }

    async fn l8_a_write_beside_the_open_transaction_is_an_error(engine) {
        let db = engine.db(tables![Item]).await;
        let beside = &*db;
        db.tx(async |tx| {
            tx.create(item("a")).await?;
            let write = beside.create(item("b")).await;
            assert!(matches!(write, Err(Error::BesideTransaction(_))), "{write:?}");
            let nested = beside.tx(async |tx| tx.create(item("c")).await).await;
            assert!(matches!(nested, Err(Error::BesideTransaction(_))));
            assert!(matches!(beside.raw_execute("DELETE FROM items", []).await, Err(Error::BesideTransaction(_))));
            assert!(matches!(beside.create_tables().await, Err(Error::BesideTransaction(_))));
            assert!(matches!(beside.close().await, Err(Error::BesideTransaction(_))));
            assert!(matches!(beside.drain().await, Err(Error::BesideTransaction(_))));
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(items(&db).await, ["a"]);
    }

    async fn l8_a_read_beside_the_open_transaction_sees_what_is_committed(engine) {
        let exclusive = engine.is_exclusive();
        let db = engine.db(tables![Item]).await;
        let beside = &*db;
        db.tx(async |tx| {
            tx.create(item("a")).await?;
            let read = beside.find::<Item>().count().await;
            // In memory there is one connection, for which the read would wait for ever.
            match exclusive {
                true => assert!(matches!(read, Err(Error::BesideTransaction(_))), "{read:?}"),
                false => assert_eq!(read.unwrap(), 0),
            }
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn l8_the_error_names_the_hook(engine) {
        let db = engine.db(tables![Item]).await;
        let beside = db.as_actor(());
        let error = db
            .create(item("a"))
            .after_create(async move |_, _| beside.create(item("b")).await.map(drop))
            .await
            .unwrap_err();
        let Error::BesideTransaction(beside) = error.root() else { panic!("{error:?}") };
        assert_eq!(beside.operation.unwrap().table, "items");
        assert!(beside.hook.unwrap().to_string().contains("transactions.rs"), "{beside}");
        assert!(items(&db).await.is_empty());
    }

    async fn l8_another_database_may_be_written_beside(engine) {
        let (db, other) = (engine.db(tables![Item]).await, engine.db(tables![Item]).await);
        let beside = &*other;
        db.tx(async |tx| {
            tx.create(item("a")).await?;
            beside.create(item("b")).await
        })
        .await
        .unwrap();
        assert_eq!((items(&db).await, items(&other).await), (vec!["a".into()], vec!["b".into()]));
    }

    async fn l8_a_task_of_its_own_may_wait_for_the_transaction(engine) {
        let writes_at_once = engine.is_postgres();
        let db = engine.db(tables![Item]).await;
        let other = db.as_actor(());
        let (task, done) = db
            .tx(async |tx| {
                tx.create(item("a")).await?;
                let mut task = tokio::spawn(async move { other.create(item("b")).await });
                let mut done = None;
                if writes_at_once {
                    // Then it need not wait, and may even be waited for.
                    done = Some((&mut task).await);
                }
                tx.create(item("c")).await?;
                Ok((task, done))
            })
            .await
            .unwrap();
        let done = match done {
            Some(done) => done,
            None => task.await,
        };
        done.unwrap().unwrap();
        assert_eq!(items(&db).await, engine.either(["a", "c", "b"], ["a", "b", "c"]));
    }

    async fn a_read_transaction_sees_one_state_and_cannot_write(engine) {
        let exclusive = engine.is_exclusive();
        let db = engine.db(tables![Item]).await;
        db.create(item("a")).await.unwrap();
        let writer = &*db;
        db.read(async |read| {
            assert_eq!(read.find::<Item>().count().await?, 1);
            if !exclusive {
                writer.create(item("b")).await?;
            }
            assert_eq!(read.find::<Item>().count().await?, 1);
            assert!(read.raw_query("DELETE FROM items RETURNING id", []).await.is_err() || exclusive);
            Ok(())
        })
        .await
        .unwrap_or_else(|error| assert!(matches!(error, Error::Poisoned(_)), "{error:?}"));
    }
}
