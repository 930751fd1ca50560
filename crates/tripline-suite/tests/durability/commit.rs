//! A COMMIT that fails, and statements that commit by themselves unless they fail.

use tripline::prelude::*;

use crate::common::{Note, Place, drained, note, notes, recorded, soon};

const ORPHAN: &str = "INSERT INTO late_children (parent) VALUES (7)";

async fn with_late_keys(place: &Place) -> Db {
    let db = place.open("").await;
    db.raw_execute("CREATE TABLE late_parents (id INTEGER PRIMARY KEY) STRICT", []).await.unwrap();
    let children = "CREATE TABLE late_children (
        parent INTEGER NOT NULL REFERENCES late_parents DEFERRABLE INITIALLY DEFERRED) STRICT";
    db.raw_execute(children, []).await.unwrap();
    db
}

#[tokio::test]
async fn l7_a_commit_that_fails_is_rolled_back_and_nothing_runs_that_says_otherwise() {
    let place = Place::new();
    let db = with_late_keys(&place).await;
    let (db, recorder) = recorded(&db);
    let in_vain = recorder.clone();
    let error = db
        .tx(async |tx| {
            tx.create(vec![note("a"), note("b")]).await?;
            tx.raw_execute(ORPHAN, []).await?;
            tx.on_commit(async move {
                in_vain.note("committed after all");
                Ok(())
            });
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ForeignKey(_)), "{error:?}");
    drained(&db).await;
    assert_eq!(recorder.take(), ["rolled back 2"]);
    assert!(notes(&db).await.is_empty());
    // The writer is free, and the transaction gone.
    soon(db.create(note("c")).into_future()).await.unwrap();
    assert_eq!(notes(&db).await, ["c"]);
    soon(db.close()).await.unwrap();
}

#[tokio::test]
async fn l7_it_is_the_same_for_an_operation_with_a_hook_of_its_own() {
    let place = Place::new();
    let db = with_late_keys(&place).await;
    let (db, recorder) = recorded(&db);
    let create = db.create(note("a")).after_create(async |tx, _| tx.raw_execute(ORPHAN, []).await.map(drop));
    let error = create.await.unwrap_err();
    assert!(matches!(error, Error::ForeignKey(_)), "{error:?}");
    drained(&db).await;
    assert_eq!(recorder.take(), ["rolled back 1"]);
    assert_eq!(db.find::<Note>().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_deferred_key_that_is_there_in_the_end_commits() {
    let place = Place::new();
    let db = with_late_keys(&place).await;
    db.tx(async |tx| {
        tx.tx(async |tx| tx.raw_execute(ORPHAN, []).await).await?;
        tx.raw_execute("INSERT INTO late_parents (id) VALUES (7)", []).await
    })
    .await
    .unwrap();
}

/// A value that another program has written, and that is none of the column's type.
async fn with_an_unreadable_row(place: &Place) -> Db {
    let connect = Db::open(&format!("sqlite://{}", place.file().display())).tables(tables![Day]);
    let db = connect.connect().await.unwrap();
    db.create_tables().await.unwrap();
    db.raw_execute(
        "INSERT INTO days (n, day) VALUES (1, '2013-01-31'), (1, 'rubbish'), (1, '2013-02-01')",
        [],
    )
    .await
    .unwrap();
    db
}

#[derive(Table, Clone, Debug)]
#[table(name = "days")]
struct Day {
    #[key]
    id: Id<Day>,
    n: i64,
    day: jiff::civil::Date,
}

#[tokio::test]
async fn a_single_statement_whose_rows_cannot_be_read_is_undone() {
    let place = Place::new();
    let db = with_an_unreadable_row(&place).await;
    let untouched = async || db.find::<Day>().filter(|d| d.n.eq(1)).count().await.unwrap() == 3;
    for _ in 0..2 {
        let error = db.update::<Day>().set(|d| d.n.set(2)).all_rows().rows::<Day>().await.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        assert!(untouched().await);
        let error = db.delete::<Day>().all_rows().rows::<Day>().await.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        assert!(untouched().await);
    }
    // In a transaction, a savepoint can still be kept apart.
    db.tx(async |tx| {
        let all = tx.update::<Day>().set(|d| d.n.set(2)).all_rows().rows::<Day>().savepoint().await;
        assert!(matches!(all, Err(Error::Decode(_))), "{all:?}");
        tx.update::<Day>().set(|d| d.n.set(3)).all_rows().await.map(drop)
    })
    .await
    .unwrap();
    assert_eq!(db.find::<Day>().filter(|d| d.n.eq(3)).count().await.unwrap(), 3);
}
