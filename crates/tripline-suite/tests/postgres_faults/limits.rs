//! Limits: of time for statements, locks and connections.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tripline::{postgres::SlowStatement, prelude::*};

use tripline_testpg::Settings;

use crate::common::{Note, Place, Plain, cluster, connect, note, noted, notes, plain, recorded, soon};

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
        assert!(error.to_string().contains("`pool_size`"), "{error}");
        // That one was beside this transaction, which goes on.
        tx.create(plain(2)).await.map(drop)
    })
    .await
    .unwrap();
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

/// A role of which the server takes so many connections.
fn crowd(place: &Place, role: &str, limit: u32) {
    let name = place.psql("SELECT current_database()");
    place.psql(&format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT {limit}"));
    place.psql(&format!("GRANT ALL ON DATABASE {name} TO {role}"));
}

/// The server takes one connection of this user, and the pool wants more.
#[tokio::test]
async fn a_server_without_room_is_waited_for_and_then_an_error() {
    let place = Place::new().await;
    crowd(&place, "crowd", 1);
    let db = place.connect("user=crowd&acquire_timeout=200&pool_size=7").connect().await.unwrap();
    db.read(async |tx| {
        tx.raw_query("SELECT 1", []).await?;
        let error = soon(db.raw_query("SELECT 1", [])).await.unwrap_err();
        assert_eq!(error.code(), "connection", "{error:?}");
        let text = error.to_string();
        assert!(text.contains("ask for 7 (`pool_size`)") && text.contains("`max_connections`"), "{text}");
        // Who comes later waits for the one that there is, and is told the same.
        let error = soon(db.raw_query("SELECT 1", [])).await.unwrap_err();
        assert_eq!(error.to_string(), text);
        Ok(())
    })
    .await
    .unwrap();
    db.raw_query("SELECT 1", []).await.unwrap();
}

#[tokio::test]
async fn where_the_server_takes_no_more_connections_those_that_come_back_are_taken() {
    let place = Place::new().await;
    crowd(&place, "pair", 2);
    let db = place.connect("user=pair&pool_size=10").connect().await.unwrap();
    let (first, second) = (db.clone(), db.clone());
    let (end_first, first_ends) = tokio::sync::oneshot::channel::<()>();
    let (end_second, second_ends) = tokio::sync::oneshot::channel::<()>();
    let both_are_out = Arc::new(tokio::sync::Barrier::new(3));
    let hold = |db: Db, ends: tokio::sync::oneshot::Receiver<()>| {
        let both_are_out = both_are_out.clone();
        tokio::spawn(async move {
            db.read(async |tx| {
                tx.raw_query("SELECT 1", []).await?;
                both_are_out.wait().await;
                ends.await.map_err(Error::custom)
            })
            .await
        })
    };
    let (first, second) = (hold(first, first_ends), hold(second, second_ends));
    both_are_out.wait().await;
    // It asks the server first, which has no room as long as both are there, idle or not.
    let third = db.raw_query("SELECT 1", []);
    let (answered, ended) = soon(async { tokio::join!(third, async { end_first.send(()) }) }).await;
    ended.unwrap();
    answered.unwrap();
    end_second.send(()).unwrap();
    soon(first).await.unwrap().unwrap();
    soon(second).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pool_that_is_larger_than_the_server_serves_everybody() {
    let small = cluster(Settings { max_connections: 8, ..Settings::default() });
    let db = connect(&small.url("postgres"), "pool_size=20").connect().await.unwrap();
    db.create_tables().await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                db.tx(async |tx| {
                    tx.create(plain(n)).await?;
                    tx.raw_query("SELECT pg_sleep(0.02)", []).await.map(drop)
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap().unwrap();
    }
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 40);
}

/// Also one that fails for being slow. Statements of a flight do not count for those behind them.
#[tokio::test]
async fn a_slow_statement_is_told_with_its_own_time() {
    let place = Place::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = told.clone();
    let connect = place.connect("pool_size=1&statement_timeout=400").postgres_options(|options| {
        options.slow_statement = Some(Duration::from_millis(100));
        options.on_slow = Arc::new(move |slow: &SlowStatement| list.lock().unwrap().push(slow.clone()));
    });
    let db = connect.connect().await.unwrap();
    db.create(plain(1)).await.unwrap();
    let slow = "INSERT INTO plains (n) SELECT 2 FROM pg_sleep(0.2)";
    soon(db.tx(async |tx| {
        tx.create(plain(1)).pipelined().await?;
        tx.raw_execute(slow, []).await?;
        tx.create(plain(3)).pipelined().await
    }))
    .await
    .unwrap();
    let too_slow = "SELECT pg_sleep(30)";
    soon(db.raw_query(too_slow, [])).await.unwrap_err();
    let told = told.lock().unwrap();
    let sql: Vec<&str> = told.iter().map(|slow| slow.sql.as_str()).collect();
    assert_eq!(sql, [slow, too_slow]);
    assert!(told[0].elapsed < told[1].elapsed, "{told:?}");
}

/// Of the role, the database, or whoever runs the server.
#[tokio::test]
async fn limits_that_the_server_has_are_the_same_errors() {
    let place = Place::new().await;
    let db = place.open("pool_size=1&options=-c%20statement_timeout%3D50").await;
    let error = soon(db.raw_query("SELECT pg_sleep(30)", [])).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("timeout", "a statement took more than the server allows")
    );
    let db = place.open("pool_size=1&options=-c%20lock_timeout%3D50").await;
    let holder = place.open("pool_size=1").await;
    let held = db.create(plain(1)).await.unwrap().id;
    holder
        .tx(async |tx| {
            tx.update::<Plain>().by_key(held).set(|p| p.n.set(2)).await?;
            let error =
                soon(db.update::<Plain>().by_key(held).set(|p| p.n.set(3)).into_future()).await.unwrap_err();
            assert_eq!(error.code(), "busy");
            assert!(error.to_string().ends_with("more than the server allows"), "{error}");
            Ok(())
        })
        .await
        .unwrap();
}
