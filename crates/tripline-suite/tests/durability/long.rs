//! Reads that take long: they leave the runtime's thread to others, and can be dropped.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{sync::Notify, task::yield_now};
use tripline::{Expr, RawRows, Value, prelude::*};

use crate::common::{Note, Place, Plain, drained, note, notes, plain, poll_once, recorded, soon};

/// Counts to a number; it takes some ten milliseconds.
const COUNTING: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i), ? FROM n";
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

fn counting() -> Vec<Value> {
    vec![Value::Int(400_000), Value::Text("bound".into())]
}

fn check_counted(rows: &RawRows) {
    assert_eq!(rows.len(), 1);
    assert_eq!(rows.get::<i64>(0, 0).unwrap(), 400_000);
    assert_eq!(rows.get::<String>(0, 1).unwrap(), "bound");
}

/// A condition that every row fulfils. No index helps: each row is compared with each of the patterns.
fn costly(plain: &<Plain as Table>::Cols) -> Expr<Plain> {
    let patterns = (0..60).map(|i| format!("nothing {i}")).chain(["lain".to_owned()]);
    Expr::any(patterns.map(|pattern| plain.text.contains(pattern)).collect::<Vec<_>>())
}

/// Whether another task of the same thread got turns while the future ran.
async fn others_progress<F: Future>(future: F) -> F::Output {
    let turns = Arc::new(AtomicU64::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    let output = soon(future).await;
    let turns = turns.load(Ordering::Relaxed);
    other.abort();
    assert!(turns >= 5, "another task got {turns} turns");
    output
}

#[tokio::test(flavor = "current_thread")]
async fn a_long_read_lets_others_work_and_gives_the_right_answer() {
    let place = Place::new();
    let db = place.open("").await;
    check_counted(&others_progress(db.raw_query(COUNTING, counting())).await.unwrap());
}

#[tokio::test(flavor = "current_thread")]
async fn a_long_find_lets_others_work_and_gives_the_right_answer() {
    let place = Place::new();
    let db = place.open("durability=relaxed").await;
    db.create((0..30_000).map(plain).collect::<Vec<_>>()).await.unwrap();
    let find = db.find::<Plain>().filter(|p| costly(&p).and(p.n.gte(29_990)));
    let found = others_progress(find.order(|p| p.n.desc()).into_future()).await.unwrap();
    assert_eq!(found.iter().map(|p| p.n).collect::<Vec<_>>(), (29_990..30_000).rev().collect::<Vec<_>>());
    assert_eq!(others_progress(db.find::<Plain>().filter(|p| costly(&p)).count()).await.unwrap(), 30_000);
    let none = db.find::<Plain>().filter(|p| costly(&p).and(p.n.lt(0)));
    assert!(!others_progress(none.exists()).await.unwrap());
}

#[tokio::test(flavor = "current_thread")]
async fn a_long_read_inside_a_transaction_sees_the_transaction_and_lets_others_work() {
    let place = Place::new();
    let db = place.open("").await;
    let sum = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
        SELECT max(i), (SELECT count(*) FROM plains) FROM n";
    // First, in the middle, in a savepoint: what was begun stays begun.
    others_progress(db.tx(async |tx| {
        assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 0);
        tx.create(plain(1)).await?;
        assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 1);
        let undone: Result<()> = tx
            .tx(async |tx| {
                assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 1);
                tx.create(plain(2)).await?;
                assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 2);
                Err(Error::reject("no"))
            })
            .await;
        assert!(undone.unwrap_err().is_rejected());
        assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 1);
        assert_eq!(db.find::<Plain>().count().await?, 0);
        Ok(())
    }))
    .await
    .unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 1);
    others_progress(db.read(async |tx| {
        assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 1);
        db.create(plain(3)).await?;
        assert_eq!(tx.raw_query(sum, []).await?.get::<i64>(0, 1)?, 1);
        Ok(())
    }))
    .await
    .unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn l5_a_dropped_long_read_is_interrupted_and_gives_its_connection_back() {
    let place = Place::new();
    let db = place.open("readers=1").await;
    for _ in 0..3 {
        {
            let mut read = pin!(db.raw_query(ENDLESS, []));
            assert!(poll_once(&mut read).await.is_pending());
        }
        assert_eq!(soon(db.find::<Plain>().count()).await.unwrap(), 0);
        {
            let mut read = pin!(db.read(async |tx| {
                assert_eq!(tx.find::<Plain>().count().await?, 0);
                tx.raw_query(ENDLESS, []).await
            }));
            assert!(poll_once(&mut read).await.is_pending());
        }
        assert_eq!(soon(db.find::<Plain>().count()).await.unwrap(), 0);
    }
    // The connection that is left behind has no transaction open: it sees what is new.
    db.create(plain(1)).await.unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 1);
    soon(db.close()).await.unwrap();
}

/// Dropped at the moment at which it may just be done: the next one must not be taken for the dropped one.
#[tokio::test]
async fn l5_a_dropped_long_read_does_not_interrupt_the_next_one() {
    let place = Place::new();
    let db = place.open("readers=1").await;
    let short = [Value::Int(30_000), Value::Text("bound".into())];
    for turns in 0..60 {
        {
            let mut read = pin!(db.raw_query(COUNTING, short.clone()));
            for _ in 0..turns * 20 {
                if poll_once(&mut read).await.is_ready() {
                    break;
                }
            }
        }
        let next = soon(db.raw_query(COUNTING, short.clone())).await.unwrap();
        assert_eq!(next.get::<i64>(0, 0).unwrap(), 30_000);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn l5_a_transaction_dropped_during_a_long_read_is_rolled_back_and_frees_the_writer() {
    let place = Place::new();
    let db = place.open("").await;
    let (db, recorder) = recorded(&db);
    for _ in 0..2 {
        let begun = Notify::new();
        {
            let mut tx = pin!(db.tx(async |tx| {
                tx.create(note("undone")).await?;
                begun.notify_one();
                tx.raw_query(ENDLESS, []).await
            }));
            assert!(poll_once(&mut tx).await.is_pending());
            begun.notified().await;
        }
        soon(db.create(plain(1)).into_future()).await.unwrap();
        assert!(notes(&db).await.is_empty());
        drained(&db).await;
        assert_eq!(recorder.take(), ["rolled back 1"]);
    }
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn l5_a_long_read_that_alone_was_dropped_spoils_the_transaction_around_it() {
    let place = Place::new();
    let db = place.open("").await;
    for (raw, swallowed) in [(true, false), (false, false), (true, true), (false, true)] {
        let spoilt = soon(db.tx(async |tx| {
            tx.create(note("a")).await?;
            if raw {
                let mut read = pin!(tx.raw_query(ENDLESS, []));
                assert!(poll_once(&mut read).await.is_pending());
            } else {
                tx.create((0..30_000).map(plain).collect::<Vec<_>>()).await?;
                let mut read = pin!(tx.find::<Plain>().filter(|p| costly(&p)).count());
                assert!(poll_once(&mut read).await.is_pending());
            }
            if !swallowed {
                let later = tx.create(note("b")).await.unwrap_err();
                assert!(matches!(later.root(), Error::Cancelled(_)), "{later:?}");
            }
            Ok(())
        }))
        .await
        .unwrap_err();
        assert!(matches!(spoilt.root(), Error::Cancelled(_)), "raw: {raw}: {spoilt:?}");
        soon(db.create(note("c")).into_future()).await.unwrap();
        assert_eq!(notes(&db).await, ["c"]);
        db.delete::<Note>().all_rows().await.unwrap();
    }
}

/// A long write by the application's own SQL is part of its transaction like a short one.
#[tokio::test(flavor = "current_thread")]
async fn l2_a_long_write_by_the_applications_own_sql_stays_in_its_transaction() {
    let place = Place::new();
    let db = place.open("").await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
        INSERT INTO plains (n, text) SELECT i, 'x' FROM n";
    let rejected: Result<()> = soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        assert_eq!(tx.raw_execute(sql, []).await?, 40_000);
        assert_eq!(tx.find::<Note>().count().await?, 1, "what came before the long write");
        Err(Error::reject("no"))
    }))
    .await;
    assert!(rejected.unwrap_err().is_rejected());
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        tx.raw_execute(sql, []).await
    }))
    .await
    .unwrap();
    assert_eq!(notes(&db).await, ["a"]);
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 40_000);
}
