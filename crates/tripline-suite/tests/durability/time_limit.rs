//! A limit for the time of one statement, and what must not be taken for one.

use std::time::{Duration, Instant};

use tripline::prelude::*;

use crate::common::{Note, Place, Plain, drained, note, notes, plain, recorded, soon};

/// A statement without an end.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

fn timed_out(error: &Error) -> bool {
    matches!(error.root(), Error::Timeout { limit, .. } if *limit == Duration::from_millis(50))
}

#[tokio::test(flavor = "current_thread")]
async fn a_statement_that_takes_too_long_ends_with_an_error_and_its_connection_goes_on() {
    let place = Place::new();
    let db = place.open("statement_timeout=50&readers=1").await;
    for _ in 0..2 {
        let error = soon(db.raw_query(ENDLESS, [])).await.unwrap_err();
        assert!(timed_out(&error), "{error:?}");
        assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    }
    let read: Result<()> = soon(db.read(async |tx| {
        assert_eq!(tx.find::<Plain>().count().await?, 0);
        tx.raw_query(ENDLESS, []).await.map(drop)
    }))
    .await;
    assert!(timed_out(&read.unwrap_err()));
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn l3_in_a_transaction_it_spoils_the_transaction() {
    let place = Place::new();
    let db = place.open("statement_timeout=50").await;
    let (db, recorder) = recorded(&db);
    let endless_write =
        format!("INSERT INTO plains (n, text) SELECT n, '' FROM (SELECT 1 AS n WHERE ({ENDLESS}) > 0)");
    for read in [true, false] {
        let spoilt = soon(db.tx(async |tx| {
            tx.create(note("a")).await?;
            let error = match read {
                true => tx.raw_query(ENDLESS, []).await.unwrap_err(),
                false => tx.raw_execute(&endless_write, []).await.unwrap_err(),
            };
            assert!(timed_out(&error), "{error:?}");
            let later = tx.create(note("b")).await.unwrap_err();
            assert!(matches!(&later, Error::Poisoned(_)) && timed_out(&later), "{later:?}");
            Ok(())
        }))
        .await
        .unwrap_err();
        assert!(matches!(&spoilt, Error::Poisoned(_)) && timed_out(&spoilt), "{spoilt:?}");
        drained(&db).await;
        assert_eq!(recorder.take(), ["rolled back 1"]);
        assert!(notes(&db).await.is_empty());
    }
    let error = soon(db.raw_execute(&endless_write, [])).await.unwrap_err();
    assert!(timed_out(&error), "{error:?}");
    db.create(note("c")).await.unwrap();
    assert_eq!(notes(&db).await, ["c"]);
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
}

/// SQLite rolls back all of the transaction when a write is interrupted, not just the savepoint.
#[tokio::test(flavor = "current_thread")]
async fn l3_l4_in_a_savepoint_an_interrupted_write_spoils_the_outermost_transaction() {
    let place = Place::new();
    let db = place.open("statement_timeout=50").await;
    let endless_write =
        format!("INSERT INTO plains (n, text) SELECT n, '' FROM (SELECT 1 AS n WHERE ({ENDLESS}) > 0)");
    let spoilt = soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        let inner = tx.tx(async |tx| tx.raw_execute(&endless_write, []).await).await;
        assert!(timed_out(&inner.unwrap_err()));
        let later = tx.create(note("b")).await.unwrap_err();
        assert!(timed_out(&later), "{later:?}");
        Ok(())
    }))
    .await
    .unwrap_err();
    assert!(timed_out(&spoilt), "{spoilt:?}");
    assert!(notes(&db).await.is_empty());
    db.create(note("c")).await.unwrap();
    assert_eq!(db.find::<Note>().count().await.unwrap(), 1);
}

/// An interrupted read, in a savepoint, is undone with it.
#[tokio::test(flavor = "current_thread")]
async fn l4_in_a_savepoint_an_interrupted_read_can_be_caught() {
    let place = Place::new();
    let db = place.open("statement_timeout=50").await;
    soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        let inner = tx.tx(async |tx| {
            tx.create(note("b")).await?;
            tx.raw_query(ENDLESS, []).await
        });
        assert!(timed_out(&inner.await.unwrap_err()));
        tx.create(note("c")).await.map(drop)
    }))
    .await
    .unwrap();
    assert_eq!(notes(&db).await, ["a", "c"]);
}

/// The limits are a statement's. Between statements the application may take its time, and COMMIT is none of them:
/// a commit must not be reported as failed because of a read that was long ago. SQLite looks at the limits after a
/// certain number of steps, also of COMMIT; so it takes many commits to meet one.
#[tokio::test(flavor = "current_thread")]
async fn the_end_of_a_transaction_is_not_measured_by_the_limits_of_an_earlier_statement() {
    let place = Place::new();
    let db = place.open("durability=relaxed").await;
    let longer = Duration::from_micros(2_100);
    let read =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT max(i) FROM n";
    for n in 0..800 {
        let transaction = db.tx(async |tx| {
            tx.create(plain(n)).await?;
            tx.raw_query(read, []).await?;
            let began = Instant::now();
            while began.elapsed() < longer {
                std::hint::spin_loop();
            }
            Ok(())
        });
        if let Err(error) = transaction.await {
            let count = db.find::<Plain>().count().await.unwrap();
            panic!("transaction {n}: {error:?}; {count} rows are there");
        }
    }
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 800);
}
