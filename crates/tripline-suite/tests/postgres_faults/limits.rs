//! Limits: of time for statements, locks and connections.

use std::time::Duration;

use tripline::prelude::*;

use crate::common::{Note, Place, Plain, note, noted, notes, plain, recorded, soon};

const LIMIT: Duration = Duration::from_millis(50);

fn timed_out(error: &Error, of: &str) -> bool {
    matches!(error.root(), Error::Timeout { what, limit } if *what == of && *limit == LIMIT)
}

fn is_busy(error: &Error) -> bool {
    matches!(error.root(), Error::Busy(limit) if *limit == LIMIT)
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends_with_an_error_and_its_connection_goes_on() {
    let place = Place::new().await;
    let db = place.open("pool_size=1&statement_timeout=50").await;
    let slow = "SELECT pg_sleep(30)";
    let error = soon(db.raw_query(slow, [])).await.unwrap_err();
    assert!(timed_out(&error, "a statement"), "{error:?}");
    let error =
        soon(db.raw_execute("INSERT INTO plains (n) SELECT 1 FROM pg_sleep(30)", [])).await.unwrap_err();
    assert!(timed_out(&error, "a statement"), "{error:?}");
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    db.create(plain(1)).await.unwrap();
}

#[tokio::test]
async fn l3_in_a_transaction_it_spoils_the_transaction_and_in_a_savepoint_it_can_be_caught() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1&statement_timeout=50").await);
    let slow = "SELECT pg_sleep(30)";
    let error = soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        _ = tx.raw_query(slow, []).await;
        Ok(())
    }))
    .await
    .unwrap_err();
    assert!(timed_out(&error, "a statement") && matches!(error, Error::Poisoned(_)), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    soon(db.tx(async |tx| {
        tx.create(note("b")).await?;
        let caught = tx.tx(async |tx| tx.raw_query(slow, []).await).await.unwrap_err();
        assert!(timed_out(&caught, "a statement"), "{caught:?}");
        tx.create(note("c")).await.map(drop)
    }))
    .await
    .unwrap();
    assert_eq!(notes(&db).await, ["b", "c"]);
}

#[tokio::test]
async fn a_lock_that_is_held_for_too_long_is_busy() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1&lock_timeout=50").await);
    let other = place.open("").await;
    db.create(note("a")).without_hooks().await.unwrap();
    let rename = async |db: &Db| db.update::<Note>().set(|n| n.text.set("b")).all_rows().await;
    other
        .tx(async |tx| {
            tx.update::<Note>().set(|n| n.text.set("held")).all_rows().await?;
            let error = soon(rename(&db)).await.unwrap_err();
            assert!(is_busy(&error), "{error:?}");
            let error = soon(db.tx(async |tx| {
                tx.create(note("c")).await?;
                tx.update::<Note>().set(|n| n.text.set("b")).all_rows().await
            }))
            .await
            .unwrap_err();
            assert!(is_busy(&error), "{error:?}");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert_eq!(notes(&db).await, ["held"]);
    assert_eq!(rename(&db).await.unwrap(), 1);
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_connection_gets_an_error_and_the_next_one_a_connection() {
    let place = Place::new().await;
    let db = place.open("pool_size=1&acquire_timeout=50").await;
    db.tx(async |tx| {
        tx.create(plain(1)).await?;
        let error = soon(db.find::<Plain>().count()).await.unwrap_err();
        assert!(timed_out(&error, "waiting for a connection"), "{error:?}");
        // That one was beside this transaction, which goes on.
        tx.create(plain(2)).await.map(drop)
    })
    .await
    .unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

/// The server takes one connection of this user, and the pool wants more.
#[tokio::test]
async fn a_server_without_room_is_waited_for_and_then_an_error() {
    let place = Place::new().await;
    let name = place.psql("SELECT current_database()");
    place.psql(&format!("CREATE ROLE crowd LOGIN CONNECTION LIMIT 1; GRANT ALL ON DATABASE {name} TO crowd"));
    let db = place.connect("user=crowd&acquire_timeout=200").connect().await.unwrap();
    db.read(async |tx| {
        tx.raw_query("SELECT 1", []).await?;
        let error = soon(db.raw_query("SELECT 1", [])).await.unwrap_err();
        assert_eq!(error.code(), "connection", "{error:?}");
        Ok(())
    })
    .await
    .unwrap();
    db.raw_query("SELECT 1", []).await.unwrap();
}
