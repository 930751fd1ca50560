//! Transactions that cannot commit, and a COMMIT that the server refuses: no hook says otherwise.

use std::sync::Arc;

use tripline::{Value, prelude::*};
use tripline_suite::Recorder;

use crate::common::{
    NewLetter, Note, Place, Plain, database_code, letter, letters, note, noted, notes, plain, recorded,
};

/// The name of a constraint that is looked at by COMMIT.
const LATE: &str = "late";

/// A database with one connection, where two notes or letters with the same text, or two plains with the same number,
/// are refused by COMMIT alone.
async fn with_late_constraints() -> (Place, Db, Recorder) {
    let place = Place::new().await;
    for (table, column) in [("notes", "text"), ("letters", "text"), ("plains", "n")] {
        place.psql(&format!(
            "ALTER TABLE {table} ADD CONSTRAINT {LATE}_{table} UNIQUE ({column}) DEFERRABLE INITIALLY DEFERRED"
        ));
    }
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    db.create(note("a")).await.unwrap();
    db.create(letter("a")).await.unwrap();
    db.create(plain(1)).await.unwrap();
    assert_eq!(noted(&db, &recorder).await, ["committed a"; 2]);
    (place, db, recorder)
}

/// Whether COMMIT refused, by the late constraint of this table.
fn is_late(error: &Error, table: &str) -> bool {
    matches!(error, Error::Unique(v) if v.table == table && v.constraint == Some(format!("{LATE}_{table}")))
}

/// That the one connection is as good as new, and nothing is stored but what was there at first.
async fn assert_untouched(db: &Db) {
    assert_eq!((notes(db).await, letters(db).await), (vec!["a".to_owned()], vec!["a".to_owned()]));
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 1);
    let open = db.raw_query("SELECT pg_current_xact_id_if_assigned() IS NOT NULL", []).await.unwrap();
    assert!(!open.get::<bool>(0, 0).unwrap(), "a transaction is still open");
}

#[tokio::test]
async fn l6_an_sql_error_that_is_swallowed_spoils_the_commit() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let in_vain = recorder.clone();
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            tx.on_commit(async move {
                in_vain.note("committed after all");
                Ok(())
            });
            let first = tx.raw_query("SELECT 1 / $1", [Value::Int(0)]).await.unwrap_err();
            assert_eq!(database_code(&first), "PostgreSQL 22012");
            let next = tx.create(note("b")).await.unwrap_err();
            assert!(matches!(next, Error::Poisoned(_)), "{next:?}");
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Poisoned(_)), "{error:?}");
    assert_eq!(database_code(&error), "PostgreSQL 22012");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn l6_a_pipelined_write_that_fails_with_the_commit_spoils_it() {
    let place = Place::new().await;
    place.psql("ALTER TABLE plains ADD UNIQUE (n)");
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            tx.create(plain(1)).pipelined().await?;
            tx.create(plain(1)).pipelined().await
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unique(_)), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
}

/// A statement is prepared beside its first execution. Where that fails alone, nothing else would tell that the server
/// has given the transaction up, and takes COMMIT for ROLLBACK.
#[tokio::test]
async fn l6_a_statement_that_ran_and_could_not_be_prepared_spoils_the_commit() {
    let place = Place::new().await;
    place.psql("CREATE FUNCTION once() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP FUNCTION once(); RETURN 1; END $$");
    let sql = "INSERT INTO plains (n) SELECT once()";
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            tx.raw_execute(sql, []).await.map(drop)
        })
        .await
        .unwrap_err();
    assert_eq!(database_code(&error), "PostgreSQL 42883");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
    // By itself it has committed by then.
    db.raw_execute(sql, []).await.unwrap();
}

#[tokio::test]
async fn l7_a_commit_that_is_refused_is_rolled_back_and_nothing_runs_that_says_otherwise() {
    let (_place, db, recorder) = with_late_constraints().await;
    let in_vain = recorder.clone();
    let error = db
        .tx(async |tx| {
            tx.create(vec![note("a"), note("b")]).await?;
            tx.on_commit(async move {
                in_vain.note("committed after all");
                Ok(())
            });
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(is_late(&error, "notes"), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 2"]);
    assert_untouched(&db).await;
}

#[tokio::test]
async fn l7_it_is_the_same_for_an_operation_with_a_hook_of_its_own() {
    let (_place, db, recorder) = with_late_constraints().await;
    let error = db.create(note("a")).await.unwrap_err();
    assert!(is_late(&error, "notes"), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    let error = db.create(letter("a")).after_create(async |_, _| Ok(())).await.unwrap_err();
    assert!(is_late(&error, "letters"), "{error:?}");
    assert!(noted(&db, &recorder).await.is_empty());
    assert_untouched(&db).await;
}

/// The write and COMMIT are one flight then, and the answer to the write says that all is well.
#[tokio::test]
async fn l7_it_is_the_same_where_commit_travels_with_the_write() {
    let (_place, db, recorder) = with_late_constraints().await;
    let error = db.create(letter("a")).await.unwrap_err();
    assert!(is_late(&error, "letters"), "{error:?}");
    let before = async |tx: &mut Tx<'_>, _: &mut [NewLetter]| tx.create(plain(2)).await.map(drop);
    let error = db.create(letter("a")).before_create(before).await.unwrap_err();
    assert!(is_late(&error, "letters"), "{error:?}");
    assert!(noted(&db, &recorder).await.is_empty());
    assert_untouched(&db).await;
}

#[tokio::test]
async fn l7_a_statement_that_commits_itself_fails_if_its_commit_does() {
    let (_place, db, _) = with_late_constraints().await;
    let error = db.create(plain(1)).await.unwrap_err();
    assert!(is_late(&error, "plains"), "{error:?}");
    let error = db.create(vec![plain(2), plain(1)]).await.unwrap_err();
    assert!(is_late(&error, "plains"), "{error:?}");
    let error = db.raw_execute("INSERT INTO plains (n) VALUES (1)", []).await.unwrap_err();
    assert!(is_late(&error, "plains"), "{error:?}");
    assert_untouched(&db).await;
}

/// It comes out of the closure, from another database perhaps: of this transaction all is known.
#[tokio::test]
async fn l54_somebody_elses_unknown_commit_is_an_error_like_any_other() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("").await);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            Err::<(), _>(Error::CommitUnknown(Arc::new(Error::Closed)))
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn a_late_constraint_that_is_fulfilled_in_the_end_commits() {
    let (_place, db, recorder) = with_late_constraints().await;
    db.tx(async |tx| {
        tx.create(note("a")).await?;
        tx.delete::<Note>().by_key(Id::new(1)).await
    })
    .await
    .unwrap();
    assert_eq!(noted(&db, &recorder).await, ["committed a"]);
    assert_eq!(notes(&db).await, ["a"]);
}

/// The first statement is prepared behind the second one, which has failed.
#[tokio::test]
async fn l3_the_error_is_that_of_the_statement_also_where_all_are_new_to_the_connection() {
    let place = Place::new().await;
    place.psql("ALTER TABLE plains ADD UNIQUE (n)");
    for pipelined in [true, false] {
        let db = place.open("pool_size=1").await;
        let error = db
            .tx(async |tx| {
                if pipelined {
                    tx.create(note("a")).without_hooks().pipelined().await?;
                    tx.raw_execute("INSERT INTO plains (n) VALUES (1), (1)", []).await?;
                } else {
                    tx.create((0..4_000).map(|n| plain(n % 3_500)).collect::<Vec<_>>()).await?;
                }
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unique(_)), "{error:?}");
        assert!(notes(&db).await.is_empty());
        assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    }
}
