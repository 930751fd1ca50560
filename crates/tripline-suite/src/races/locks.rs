//! Who waits for whom: deadlocks, limits to waiting, and many at once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;
use tripline::{AfterCreate, BeforeUpdateRows, Edit, TxOptions, prelude::*};

use crate::{Race, TestDb};

#[derive(Table, Clone, Debug)]
#[table(name = "pairs")]
struct Pair {
    #[key]
    id: Id<Pair>,
    #[default(0)]
    n: i64,
}

/// Its rows can be found from either end.
#[derive(Table, Clone, Debug)]
#[table(name = "places")]
struct Place {
    #[key]
    id: Id<Place>,
    #[index]
    up: i64,
    #[index]
    down: i64,
    #[default(0)]
    n: i64,
}

impl BeforeUpdateRows for Place {
    async fn before_update_rows(_: &mut Tx<'_>, rows: &mut [Edit<Place>]) -> Result<()> {
        rows.iter_mut().for_each(|edit| edit.patch.n.set(edit.old.n + 1));
        Ok(())
    }
}

/// Each sale adds to a total, once by the database and once by what a hook has read.
#[derive(Table, Clone, Debug)]
#[table(name = "sales")]
struct Sale {
    #[key]
    id: Id<Sale>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "totals")]
struct Total {
    #[key]
    id: Id<Total>,
    #[default(0)]
    by_database: i64,
    #[default(0)]
    by_hook: i64,
}

impl AfterCreate for Sale {
    async fn after_create(tx: &mut Tx<'_>, sales: &[Sale]) -> Result<()> {
        tx.update::<Total>().all_rows().set(|t| t.by_database.add(sales.len() as i64)).await.map(drop)
    }
}

impl BeforeUpdateRows for Total {
    async fn before_update_rows(_: &mut Tx<'_>, rows: &mut [Edit<Total>]) -> Result<()> {
        rows.iter_mut().for_each(|edit| edit.patch.by_hook.set(edit.old.by_hook + 1));
        Ok(())
    }
}

async fn pairs(engine: &crate::Engine) -> (TestDb, Race) {
    let db = engine.db(tables![Pair]).await;
    db.create(vec![NewPair::default(), NewPair::default()]).await.unwrap();
    let race = Race::new(engine, &db);
    (db, race)
}

async fn add(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.update::<Pair>().by_key(Id::new(id)).set(|p| p.n.add(1)).await.map(drop)
}

async fn numbers(db: &Db) -> Vec<i64> {
    db.find::<Pair>().order(|p| p.id.asc()).await.unwrap().into_iter().map(|p| p.n).collect()
}

cases! {
    /// Where one writes at a time, the second has not begun when the first is done.
    async fn of_two_that_wait_for_each_other_one_gives_way(engine) {
        let (db, race) = pairs(&engine).await;
        let cross = async |one, other| {
            db.tx(async |tx| {
                add(tx, one).await?;
                race.both().await;
                add(tx, other).await
            })
            .await
        };
        let (first, second) = tokio::join!(cross(1, 2), cross(2, 1));
        let failed: Vec<Error> = [first, second].into_iter().filter_map(Result::err).collect();
        let deadlocks = failed.iter().filter(|e| matches!(e, Error::Deadlock(_)) && e.is_transient()).count();
        assert_eq!((failed.len(), deadlocks), engine.either((0, 0), (1, 1)), "{failed:?}");
        assert_eq!(numbers(&db).await, engine.either([2, 2], [1, 1]));
    }

    async fn a_deadlock_is_run_again_and_both_succeed(engine) {
        let (db, race) = pairs(&engine).await;
        let attempts = Arc::new(AtomicU32::new(0));
        let cross = |one, other| {
            let (race, attempts) = (race.clone(), attempts.clone());
            db.tx_with(TxOptions { retries: 5, ..Default::default() }, async move |tx| {
                add(tx, one).await?;
                // Only the first attempts meet.
                if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
                    race.both().await;
                }
                add(tx, other).await
            })
        };
        let (first, second) = tokio::join!(cross(1, 2), cross(2, 1));
        first.unwrap();
        second.unwrap();
        assert_eq!(attempts.load(Ordering::Relaxed), engine.either(2, 3));
        assert_eq!(numbers(&db).await, [2, 2]);
    }

    /// SQLite's writer is waited for as a connection is, PostgreSQL's row as a lock; neither is run again by itself.
    async fn a_lock_is_waited_for_up_to_a_limit(engine) {
        let limit = Duration::from_millis(20);
        let db = engine
            .connect(tables![Pair], |connect| {
                let connect = connect.sqlite_options(move |o| o.acquire_timeout = limit);
                connect.postgres_options(move |o| o.lock_timeout = Some(limit))
            })
            .await;
        db.create(NewPair::default()).await.unwrap();
        let race = Race::new(&engine, &db);
        let (given_up, has_given_up) = oneshot::channel();
        let (first, second) = tokio::join!(
            db.tx(async |tx| {
                add(tx, 1).await?;
                race.start();
                has_given_up.await.map_err(Error::custom)
            }),
            async {
                race.started().await;
                let attempts = AtomicU32::new(0);
                let update = db
                    .tx(async |tx| {
                        attempts.fetch_add(1, Ordering::Relaxed);
                        add(tx, 1).await
                    })
                    .await;
                given_up.send(()).unwrap();
                (update.unwrap_err(), attempts.into_inner())
            },
        );
        first.unwrap();
        let (error, attempts) = second;
        assert!(!error.is_transient() && attempts == 1);
        match error {
            Error::Busy(waited) => assert!(engine.is_postgres() && waited == limit),
            Error::Timeout { limit: waited, .. } => assert!(!engine.is_postgres() && waited == limit),
            other => panic!("{other:?}"),
        }
        assert_eq!(numbers(&db).await, [1]);
    }

    /// L3, L4: PostgreSQL's transaction goes on without the row. SQLite's has not begun before it has the writer.
    async fn a_lock_that_was_waited_for_in_vain_in_a_nested_transaction_is_caught(engine) {
        let limit = Duration::from_millis(20);
        let db = engine
            .connect(tables![Pair], |connect| connect.postgres_options(move |o| o.lock_timeout = Some(limit)))
            .await;
        db.create(vec![NewPair::default(), NewPair::default()]).await.unwrap();
        let race = Race::new(&engine, &db);
        let (given_up, has_given_up) = oneshot::channel();
        let postgres = engine.is_postgres();
        let (first, second) = tokio::join!(
            db.tx(async |tx| {
                add(tx, 1).await?;
                race.start();
                match postgres {
                    true => has_given_up.await.map_err(Error::custom),
                    false => Ok(()),
                }
            }),
            async {
                race.started().await;
                db.tx(async |tx| {
                    let locked = tx.tx(async |tx| add(tx, 1).await).await;
                    assert_eq!(matches!(locked, Err(Error::Busy(_))), postgres, "{locked:?}");
                    _ = given_up.send(());
                    add(tx, 2).await
                })
                .await
            },
        );
        first.unwrap();
        second.unwrap();
        assert_eq!(numbers(&db).await, engine.either([2, 1], [1, 1]));
    }

    /// L23: rows are locked in the order of their keys, whatever the order in which an index gives them.
    async fn l23_updates_that_find_rows_in_opposite_order_lock_them_in_one(engine) {
        let db = engine
            .connect(tables![Place], |connect| {
                connect.postgres_options(|o| {
                    for plan in ["enable_seqscan", "enable_bitmapscan"] {
                        o.set_on_server(plan, "off");
                    }
                })
            })
            .await;
        let place = |i: i64| NewPlace { up: i.into(), down: (-i).into(), ..Default::default() };
        db.create((1..=20).map(place).collect::<Vec<_>>()).await.unwrap();
        let race = Race::new(&engine, &db);
        let (first, up, down) = tokio::join!(
            // Whoever comes now has the rows on one side of it, and waits.
            db.tx(async |tx| {
                tx.update::<Place>().filter(|p| p.up.eq(10)).set(|p| p.n.set(100)).without_hooks().await?;
                race.meet().await;
                race.meet().await;
                Ok(())
            }),
            race.next(db.update::<Place>().filter(|p| p.up.gt(0)).into_future()),
            race.next(db.update::<Place>().filter(|p| p.down.lt(0)).into_future()),
        );
        first.unwrap();
        assert_eq!((up.unwrap(), down.unwrap()), (20, 20));
        let found = db.find::<Place>().order(|p| p.up.asc()).await.unwrap();
        assert!(found.iter().all(|p| p.n == if p.up == 10 { 102 } else { 2 }), "{found:?}");
    }

    /// L23: of many updates at once, each sees the row as the one before it has left it.
    async fn l23_the_pairs_that_many_updates_show_their_hooks_follow_one_another(engine) {
        let (db, _) = pairs(&engine).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let add = |db: Db| {
            let seen = seen.clone();
            async move {
                for _ in 0..25 {
                    let (seen, update) = (seen.clone(), db.update::<Pair>().by_key(Id::new(1)));
                    update.set(|p| p.n.add(1)).after_update(async move |_, changes| {
                        seen.lock().unwrap().push((changes[0].old.n, changes[0].new.n));
                        Ok(())
                    }).await?;
                }
                Ok::<(), Error>(())
            }
        };
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(add(db.clone()))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(seen.lock().unwrap().iter().copied().eq((0..200).map(|n| (n, n + 1))));
    }

    /// L2, L23: what hooks add for many at once adds up.
    async fn l23_what_many_tasks_add_by_hooks_adds_up(engine) {
        let db = engine.db(tables![Sale, Total]).await;
        db.create(NewTotal::default()).await.unwrap();
        let sell = |db: Db| async move {
            for _ in 0..25 {
                db.create(NewSale::default()).await?;
            }
            Ok::<(), Error>(())
        };
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(sell(db.clone()))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let total = db.find::<Total>().one().await.unwrap();
        assert_eq!((total.by_database, total.by_hook), (200, 200));
    }
}
