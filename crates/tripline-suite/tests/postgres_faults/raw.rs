//! SQL of the application's own: it neither ends transactions nor changes the connection, and reads do not write.

use tripline::prelude::*;

use crate::common::{Note, Place, note, noted, notes, plain, recorded};

fn is_invalid(error: &Error) -> bool {
    matches!(error.root(), Error::Invalid(_))
}

/// What belongs to the engine, also behind comments, which the server reads in its own way.
const REFUSED: [&str; 17] = [
    "COMMIT",
    "rollback",
    "  END",
    "BEGIN",
    "START TRANSACTION",
    "SAVEPOINT x",
    "RELEASE s1",
    "ROLLBACK TO s1",
    "ABORT",
    "SET search_path = other",
    "RESET ALL",
    "DISCARD ALL",
    "-- a comment\nCOMMIT",
    "/* one /* in another */ */ ROLLBACK",
    ";\n; COMMIT",
    // A line ends with a carriage return, too.
    "-- a comment\rCOMMIT --\nWORK",
    "--\rSET --\nsearch_path = other",
];

#[tokio::test]
async fn transactions_and_settings_are_the_engines_outside_of_transactions() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    for sql in REFUSED {
        let error = db.raw_execute(sql, []).await.expect_err(sql);
        assert!(is_invalid(&error), "{sql:?}: {error:?}");
        let error = db.raw_query(sql, []).await.expect_err(sql);
        assert!(is_invalid(&error), "{sql:?}: {error:?}");
    }
    let path = db.raw_query("SHOW search_path", []).await.unwrap();
    assert!(!path.get::<String>(0, 0).unwrap().contains("other"));
}

#[tokio::test]
async fn l3_inside_of_transactions_they_spoil_them() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    for sql in REFUSED {
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                let refused = tx.raw_execute(sql, []).await.expect_err(sql);
                assert!(is_invalid(&refused), "{sql:?}: {refused:?}");
                Ok(())
            })
            .await
            .expect_err(sql);
        assert!(matches!(error, Error::Poisoned(_)) && is_invalid(&error), "{sql:?}: {error:?}");
        assert_eq!(noted(&db, &recorder).await, ["rolled back 1"], "{sql:?}");
    }
    assert!(notes(&db).await.is_empty());
}

/// The server takes one command at a time, so COMMIT does not get in behind another one; nor from inside of one.
#[tokio::test]
async fn l3_no_commit_gets_in_behind_another_command() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    for sql in ["SELECT 1; COMMIT", "DO $$ BEGIN COMMIT; END $$", "DO $$ BEGIN ROLLBACK; END $$"] {
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                tx.raw_execute(sql, []).await.map(drop)
            })
            .await
            .expect_err(sql);
        assert_eq!(error.code(), "database", "{sql:?}: {error:?}");
        assert_eq!(noted(&db, &recorder).await, ["rolled back 1"], "{sql:?}");
    }
    assert!(notes(&db).await.is_empty());
}

/// Ways to write where only reading was asked for.
const WRITES: [&str; 4] = [
    "INSERT INTO notes (text) VALUES ('by a read') RETURNING id",
    "WITH w AS (INSERT INTO notes (text) VALUES ('by a read') RETURNING id) SELECT * FROM w",
    "CREATE TABLE made_by_a_read (n int)",
    "SELECT nextval(pg_get_serial_sequence('notes', 'id'))",
];

#[tokio::test]
async fn a_query_that_writes_is_refused() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    for sql in WRITES {
        let error = db.raw_query(sql, []).await.expect_err(sql);
        assert!(is_invalid(&error), "{sql}: {error:?}");
        let error = db.read(async |tx| tx.raw_query(sql, []).await).await.expect_err(sql);
        assert!(is_invalid(&error), "{sql}: {error:?}");
    }
    // The connection is not left so that it only reads.
    db.create(note("a")).await.unwrap();
    assert_eq!(notes(&db).await, ["a"]);
}

#[tokio::test]
async fn l3_l4_a_query_that_writes_spoils_its_transaction_or_savepoint() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    for sql in WRITES {
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                _ = tx.raw_query(sql, []).await;
                Ok(())
            })
            .await
            .expect_err(sql);
        assert!(matches!(error, Error::Poisoned(_)) && is_invalid(&error), "{sql}: {error:?}");
        assert_eq!(noted(&db, &recorder).await, ["rolled back 1"], "{sql}");
        db.tx(async |tx| {
            let caught = tx.tx(async |tx| tx.raw_query(sql, []).await).await.expect_err(sql);
            assert!(is_invalid(&caught), "{sql}: {caught:?}");
            tx.create(plain(1)).await.map(drop)
        })
        .await
        .unwrap();
    }
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn a_query_in_a_transaction_sees_its_writes_and_the_transaction_writes_on() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    db.tx(async |tx| {
        tx.raw_query("SELECT 1", []).await?;
        tx.create(note("a")).await?;
        let seen = tx.raw_query("SELECT count(*) FROM notes", []).await?;
        assert_eq!(seen.get::<i64>(0, 0)?, 1);
        tx.create(note("b")).await.map(drop)
    })
    .await
    .unwrap();
    assert_eq!(noted(&db, &recorder).await, ["committed a", "committed b"]);
    assert_eq!(db.find::<Note>().count().await.unwrap(), 2);
}
