//! A database that is full.

use tripline::prelude::*;

use crate::common::{NewPlain, Note, Place, Plain, drained, note, notes, plain, recorded, soon};

fn large(n: i64) -> NewPlain {
    NewPlain { text: "x".repeat(2_000).into(), ..plain(n) }
}

fn many() -> Vec<NewPlain> {
    (0..200).map(large).collect()
}

const SMALL: &str = "max_page_count=60";

#[tokio::test]
async fn l5_l54_a_full_database_refuses_the_whole_operation() {
    let place = Place::new();
    let db = place.open(SMALL).await;
    let (db, recorder) = recorded(&db);
    let error = db.create(many()).await.unwrap_err();
    assert!(matches!(error.root(), Error::Full), "{error:?}");
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 0);
    let error = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            let error = tx.create(many()).await.unwrap_err();
            assert!(matches!(error.root(), Error::Full), "{error:?}");
            // SQLite has rolled back already: nothing may be written that would stay.
            let later = tx.create(note("b")).await.unwrap_err();
            assert!(matches!(&later, Error::Poisoned(_)), "{later:?}");
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(matches!(error.root(), Error::Full), "{error:?}");
    assert!(notes(&db).await.is_empty());
    drained(&db).await;
    assert_eq!(recorder.take(), ["rolled back 1"]);
    db.create(note("c")).await.unwrap();
    assert_eq!(notes(&db).await, ["c"]);
}

#[tokio::test]
async fn l3_l4_in_a_savepoint_a_full_database_spoils_the_outermost_transaction() {
    let place = Place::new();
    let db = place.open(SMALL).await;
    for deep in [false, true] {
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                let inner = tx
                    .tx(async |tx| {
                        tx.create(note("b")).await?;
                        match deep {
                            false => tx.create(many()).await,
                            true => tx.create(many()).savepoint().await,
                        }
                    })
                    .await
                    .unwrap_err();
                assert!(matches!(inner.root(), Error::Full), "{inner:?}");
                let later = tx.create(note("c")).await;
                assert!(matches!(later, Err(Error::Poisoned(_))), "{later:?}");
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(matches!(error.root(), Error::Full), "{error:?}");
        assert!(notes(&db).await.is_empty());
    }
}

#[tokio::test]
async fn a_full_database_can_be_read_and_emptied_and_filled_again() {
    let place = Place::new();
    let db = place.open(SMALL).await;
    let mut rows = 0;
    let error = loop {
        match db.create(large(rows)).await {
            Ok(_) => rows += 1,
            Err(error) => break error,
        }
        assert!(rows < 200);
    };
    assert!(matches!(error, Error::Full), "{error:?}");
    assert_eq!(db.find::<Plain>().count().await.unwrap(), rows as u64);
    let error = db.update::<Plain>().set(|p| p.text.set("y".repeat(8_000))).all_rows().await.unwrap_err();
    assert!(matches!(error, Error::Full), "{error:?}");
    assert_eq!(db.find::<Plain>().filter(|p| p.text.starts_with("x")).count().await.unwrap(), rows as u64);
    db.delete::<Plain>().filter(|p| p.n.lt(rows / 2)).await.unwrap();
    db.create((0..rows / 4).map(large).collect::<Vec<_>>()).await.unwrap();
    db.create(note("a")).await.unwrap();
    soon(db.close()).await.unwrap();
    let db = place.open("").await;
    assert_eq!(db.find::<Plain>().count().await.unwrap(), (rows - rows / 2 + rows / 4) as u64);
    assert_eq!(db.find::<Note>().count().await.unwrap(), 1);
}

/// The process whose files may not grow: another run of this test binary.
#[tokio::test]
#[ignore = "started by another test, which limits the size of its files"]
async fn process() {
    let Ok(durability) = std::env::var("TRIPLINE_SMALL_FILES") else { return };
    let place = Place::new();
    let db = place.open(&format!("durability={durability}")).await;
    let (db, recorder) = recorded(&db);
    db.create(note("before")).await.unwrap();
    let mut rows = 0;
    let error = loop {
        match db.create(large(rows)).await {
            Ok(_) => rows += 1,
            Err(error) => break error,
        }
        assert!(rows < 5_000, "the log has no limit");
    };
    assert!(matches!(error, Error::Database(_) | Error::Full), "{error:?}");
    // Small enough for SQLite to keep it in memory until COMMIT.
    let error = db.tx(async |tx| tx.create(note("x".repeat(20_000))).await).await.unwrap_err();
    assert!(matches!(error, Error::Database(_) | Error::Full), "{error:?}");
    drained(&db).await;
    assert_eq!(recorder.take(), ["committed before", "rolled back 1"]);
    for db in [db, place.open("").await] {
        assert_eq!(db.find::<Plain>().count().await.unwrap(), rows as u64);
        assert_eq!(notes(&db).await, ["before"]);
        let sound = db.raw_query("PRAGMA integrity_check", []).await.unwrap();
        assert_eq!(sound.get::<String>(0, 0).unwrap(), "ok");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn l7_l54_a_commit_that_the_log_has_no_room_for_is_rolled_back() {
    for durability in ["grouped", "strict"] {
        let script = "trap '' XFSZ; ulimit -f 1000; exec \"$0\" full::process --exact --ignored";
        let process = std::process::Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env("TRIPLINE_SMALL_FILES", durability)
            .output();
        let output = process.unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }
}
