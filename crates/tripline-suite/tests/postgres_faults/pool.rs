//! Connections that were ended, and statements that have grown old, while nobody looked.

use tripline::{BoxFuture, prelude::*};

use crate::common::{
    NewPlain, Note, Place, Plain, is_lost, letter, letters, note, noted, notes, plain, recorded, soon,
};

/// Ends all sessions of this name.
fn terminate(place: &Place, application: &str) {
    place.psql(&format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '{application}'"
    ));
}

/// Lets this side see what came while nobody looked.
async fn look() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn idle_connections_that_were_ended_are_replaced() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=3&application_name=idle").await);
    let all_connected = tokio::sync::Barrier::new(3);
    let reading = || {
        db.read(async |tx| {
            let count = tx.find::<Note>().count().await;
            soon(all_connected.wait()).await;
            count
        })
    };
    type Next = fn(&Db) -> BoxFuture<'_, Result<()>>;
    let next: [Next; 4] = [
        |db| Box::pin(async { db.find::<Note>().count().await.map(drop) }),
        |db| Box::pin(async { db.create(note("a")).await.map(drop) }),
        |db| Box::pin(async { db.create(note("a")).without_hooks().await.map(drop) }),
        |db| Box::pin(db.tx(async |tx| tx.create(note("a")).await.map(drop))),
    ];
    for next in next {
        let (a, b, c) = tokio::join!(reading(), reading(), reading());
        assert_eq!(a.unwrap(), b.unwrap().max(c.unwrap()));
        terminate(&place, "idle");
        look().await;
        for _ in 0..3 {
            soon(next(&db)).await.unwrap();
        }
    }
    assert_eq!(noted(&db, &recorder).await, ["committed a"; 6]);
    assert_eq!(notes(&db).await.len(), 9);
}

#[tokio::test]
async fn l5_a_session_that_is_ended_in_a_transaction_is_lost_with_it() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1&application_name=ended").await);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            terminate(&place, "ended");
            tx.create(note("b")).await.map(drop)
        })
        .await
        .unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    // Ended while nothing was sent, and it was seen before COMMIT was.
    let error = db
        .tx(async |tx| {
            tx.create(note("c")).await?;
            terminate(&place, "ended");
            look().await;
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn a_session_that_waits_too_long_in_a_transaction_is_lost() {
    let place = Place::new().await;
    let (db, recorder) =
        recorded(&place.open("pool_size=1&options=-c%20idle_in_transaction_session_timeout=20").await);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            place.until("SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'idle in transaction'");
            look().await;
            tx.create(note("b")).await.map(drop)
        })
        .await
        .unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn statements_that_were_prepared_before_a_table_changed_go_on() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    place.psql("CREATE TABLE changing (n int); INSERT INTO changing VALUES (1)");
    let all = "SELECT * FROM changing";
    let insert = "INSERT INTO changing (n) VALUES (2) RETURNING *";
    for change in [
        "ALTER TABLE changing ADD COLUMN text text DEFAULT 'new'",
        "ALTER TABLE changing ALTER COLUMN n TYPE bigint",
        "ALTER TABLE changing DROP COLUMN text",
    ] {
        db.raw_query(all, []).await.unwrap();
        db.raw_execute(insert, []).await.unwrap();
        place.psql(change);
        let columns = db.raw_query(all, []).await.unwrap().columns().len();
        assert_eq!(columns, if change.contains("DROP") { 1 } else { 2 }, "{change}");
        db.raw_execute(insert, []).await.unwrap();
    }
    assert_eq!(place.psql("SELECT count(*) FROM changing"), "7");
}

#[tokio::test]
async fn finds_go_on_when_a_column_was_added_or_has_another_type() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    db.create(note("a")).without_hooks().await.unwrap();
    for change in
        ["ALTER TABLE notes ADD COLUMN more int", "ALTER TABLE notes ALTER COLUMN text TYPE varchar(9)"]
    {
        assert_eq!(notes(&db).await, ["a"]);
        place.psql(change);
        assert_eq!(notes(&db).await, ["a"], "{change}");
    }
}

/// Nothing was done yet that could not be done again: the flight is all of its transaction.
#[tokio::test]
async fn a_write_that_takes_commit_along_goes_on_when_its_statement_was_forgotten() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    db.create(letter("a")).await.unwrap();
    // As a pooler does that gives the connection to another client in between.
    db.raw_execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$", []).await.unwrap();
    db.create(letter("b")).await.unwrap();
    assert_eq!(noted(&db, &recorder).await, ["committed a", "committed b"]);
    assert_eq!(letters(&db).await, ["a", "b"]);
}

/// The key that the caller gives is noted beside the write, which is done by then and must not be done again.
#[tokio::test]
async fn a_write_goes_on_when_the_statement_beside_it_was_forgotten() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let with_key = |id| NewPlain { id: Id::new(id).into(), ..plain(1) };
    db.create(with_key(10)).await.unwrap();
    let forget = "DO $$ BEGIN EXECUTE (SELECT string_agg('DEALLOCATE ' || name, ';') FROM pg_prepared_statements \
                  WHERE statement LIKE '%setval%'); END $$";
    db.raw_execute(forget, []).await.unwrap();
    assert_eq!(db.create(with_key(11)).await.unwrap().id, Id::new(11));
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

/// As when several processes of an application start at the same time.
#[tokio::test]
async fn tables_can_be_made_by_many_at_once() {
    let place = Place::new().await;
    let mut tasks = Vec::new();
    for round in 0..10 {
        for _ in 0..4 {
            let db = place.open(&format!("pool_size=1&options=-c%20search_path=round{round}")).await;
            place.psql(&format!("CREATE SCHEMA IF NOT EXISTS round{round}"));
            tasks.push(tokio::spawn(async move { db.create_tables().await }));
        }
    }
    for task in tasks {
        soon(task).await.unwrap().unwrap();
    }
}
