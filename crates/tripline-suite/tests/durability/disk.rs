//! Grouped durability: commits wait for a sync that they share, and for none that failed.

use std::{pin::pin, sync::Arc};

use tokio::sync::oneshot;
use tripline::prelude::*;

use crate::common::{Disk, Note, Place, Plain, drained, note, notes, plain, poll_once, recorded, soon};

#[tokio::test]
async fn l7_a_sync_that_fails_leaves_the_commit_unknown_and_closes_the_database() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    let (db, recorder) = recorded(&db);
    disk.fail_at(&[1]);
    let failed = soon(db.create(note("a")).into_future()).await;
    assert!(matches!(failed, Err(Error::CommitUnknown(_))), "{failed:?}");
    drained(&db).await;
    assert!(recorder.take().is_empty());

    let closed = [
        db.create(note("b")).await.map(drop),
        db.create(plain(1)).await.map(drop),
        db.find::<Note>().await.map(drop),
        db.raw_query("SELECT 1", []).await.map(drop),
        db.raw_execute("DELETE FROM notes", []).await.map(drop),
        db.tx(async |tx| tx.create(note("b")).await).await.map(drop),
        db.read(async |tx| tx.find::<Note>().await).await.map(drop),
    ];
    for result in closed {
        assert!(matches!(result, Err(Error::Closed)), "{result:?}");
    }
    assert_eq!(disk.calls(), 1);
    _ = soon(db.close()).await;
    // Whichever way it went, the database is whole.
    let db = place.open("").await;
    assert!(matches!(notes(&db).await.len(), 0 | 1));
}

#[tokio::test]
async fn l7_it_is_the_same_for_a_single_statement_and_for_the_applications_own_sql() {
    for raw in [false, true] {
        let (place, disk) = (Place::new(), Arc::new(Disk::default()));
        let db = place.open_on(&disk, "").await;
        disk.fail_at(&[1]);
        let failed = match raw {
            false => soon(db.create(plain(1)).into_future()).await.map(drop),
            true => soon(db.raw_execute("INSERT INTO notes (text) VALUES ('a')", [])).await.map(drop),
        };
        assert!(matches!(failed, Err(Error::CommitUnknown(_))), "{failed:?}");
        assert!(matches!(db.find::<Plain>().await, Err(Error::Closed)));
    }
}

#[tokio::test]
async fn l7_a_sync_that_fails_later_takes_back_nothing_that_was_acknowledged() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    let (db, recorder) = recorded(&db);
    disk.fail_at(&[2]);
    soon(db.create(note("a")).into_future()).await.unwrap();
    let failed = soon(db.create(note("b")).into_future()).await;
    assert!(matches!(failed, Err(Error::CommitUnknown(_))), "{failed:?}");
    assert!(matches!(db.create(note("c")).await, Err(Error::Closed)));
    drained(&db).await;
    assert_eq!(recorder.take(), ["committed a"]);
    _ = soon(db.close()).await;
    let db = place.open("").await;
    assert_eq!(notes(&db).await[0], "a");
}

/// After a sync that failed, the system may have dropped what it could not write: that the next sync succeeds does
/// not mean that all of the log is on the disk.
#[tokio::test]
async fn l7_after_a_sync_that_failed_no_commit_is_acknowledged() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    let (db, recorder) = recorded(&db);
    disk.fail_at(&[1]);
    disk.hold();
    let spawn_create = |text: &'static str| {
        let db = db.clone();
        tokio::spawn(async move { db.create(note(text)).await })
    };
    // One commit in the sync that will fail, one that waits for the next, one in an open transaction.
    let first = spawn_create("first");
    disk.call(1).await;
    let second = spawn_create("second");
    while notes(&db).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    let third = soon(db.tx(async |tx| {
        tx.create(note("third")).await?;
        disk.release();
        let first = soon(first).await.unwrap();
        assert!(matches!(first, Err(Error::CommitUnknown(_))), "{first:?}");
        Ok(())
    }))
    .await;
    let second = soon(second).await.unwrap();
    assert!(matches!(second, Err(Error::CommitUnknown(_))), "{second:?}");
    assert!(matches!(third, Err(Error::CommitUnknown(_) | Error::Closed)), "{third:?}");
    drained(&db).await;
    let noted = recorder.take();
    assert!(noted.iter().all(|n| !n.starts_with("committed")), "{noted:?}");
}

#[tokio::test]
async fn l50_a_commit_is_acknowledged_after_its_sync_and_seen_before() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    let (db, recorder) = recorded(&db);
    disk.hold();
    let mut create = pin!(db.create(note("a")).into_future());
    assert!(poll_once(&mut create).await.is_pending());
    disk.call(1).await;
    assert!(poll_once(&mut create).await.is_pending());
    assert_eq!(notes(&db).await, ["a"]);
    assert!(recorder.take().is_empty());
    disk.release();
    soon(create).await.unwrap();
    drained(&db).await;
    assert_eq!(recorder.take(), ["committed a"]);
}

#[tokio::test]
async fn l5_l50_a_caller_that_leaves_after_the_commit_does_not_keep_its_hooks_from_running() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    let (db, recorder) = recorded(&db);
    disk.hold();
    {
        let mut create = pin!(db.create(note("a")).into_future());
        assert!(poll_once(&mut create).await.is_pending());
    }
    // Nor does it keep the writer.
    let mut other = pin!(db.create(note("b")).into_future());
    assert!(poll_once(&mut other).await.is_pending());
    assert_eq!(notes(&db).await, ["a", "b"]);
    assert!(recorder.take().is_empty());
    disk.release();
    soon(other).await.unwrap();
    drained(&db).await;
    let mut noted = recorder.take();
    noted.sort();
    assert_eq!(noted, ["committed a", "committed b"]);
}

/// On one thread, so that a commit that can be seen has also asked for its sync.
#[tokio::test(flavor = "current_thread")]
async fn commits_that_wait_share_one_sync() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    disk.hold();
    let create = |n: i64| {
        let db = db.clone();
        // Every path by which a commit comes about.
        tokio::spawn(async move {
            match n % 4 {
                0 => db.create(plain(n)).await.map(drop),
                1 => db.create(vec![plain(n)]).await.map(drop),
                2 => db.tx(async |tx| tx.create(plain(n)).await).await.map(drop),
                _ => db.raw_execute("INSERT INTO plains (n, text) VALUES (1, '')", []).await.map(drop),
            }
        })
    };
    let first = create(0);
    disk.call(1).await;
    let rest: Vec<_> = (0..24).map(create).collect();
    while db.find::<Plain>().count().await.unwrap() < 25 {
        tokio::task::yield_now().await;
    }
    assert_eq!(disk.calls(), 1);
    assert!(!first.is_finished() && rest.iter().all(|task| !task.is_finished()));
    disk.release();
    soon(first).await.unwrap().unwrap();
    for task in rest {
        soon(task).await.unwrap().unwrap();
    }
    assert_eq!(disk.calls(), 2);
}

#[tokio::test]
async fn strict_and_relaxed_do_not_share_syncs_and_reads_need_none() {
    for parameters in ["durability=strict", "durability=relaxed"] {
        let (place, disk) = (Place::new(), Arc::new(Disk::default()));
        let db = place.open_on(&disk, parameters).await;
        db.create(note("a")).await.unwrap();
        db.create(plain(1)).await.unwrap();
        db.tx(async |tx| tx.create(note("b")).await).await.unwrap();
        db.close().await.unwrap();
        assert_eq!(disk.calls(), 0, "{parameters}");
    }
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    db.find::<Note>().await.unwrap();
    db.read(async |tx| tx.find::<Note>().await).await.unwrap();
    db.raw_query("SELECT count(*) FROM notes", []).await.unwrap();
    let rejected: Result<()> = db
        .tx(async |tx| {
            tx.create(note("a")).await?;
            Err(Error::reject("no"))
        })
        .await;
    assert!(rejected.is_err());
    assert_eq!(disk.calls(), 0);
}

/// A statement that takes longer than reads may take on the runtime's thread commits like any other.
#[tokio::test]
async fn a_long_write_by_the_applications_own_sql_waits_for_its_sync() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    disk.hold();
    let (task, begun) = (db.clone(), oneshot::channel());
    let write = tokio::spawn(async move {
        begun.0.send(()).unwrap();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
            INSERT INTO plains (n, text) SELECT i, 'x' FROM n";
        task.raw_execute(sql, []).await
    });
    begun.1.await.unwrap();
    disk.call(1).await;
    assert!(!write.is_finished());
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 30_000);
    disk.release();
    assert_eq!(soon(write).await.unwrap().unwrap(), 30_000);
}

/// SQLite keeps the log beside the file itself, not beside a link to it.
#[cfg(unix)]
#[tokio::test]
async fn a_database_behind_a_symbolic_link_is_synced_too() {
    let place = Place::new();
    let link = place.folder().join("link.db");
    std::os::unix::fs::symlink(place.file(), &link).unwrap();
    let db = crate::common::connect(&link, "").connect().await.unwrap();
    db.create_tables().await.unwrap();
    soon(db.create(note("a")).into_future()).await.unwrap();
    assert_eq!(notes(&db).await, ["a"]);
    db.close().await.unwrap();
    assert_eq!(notes(&place.open("").await).await, ["a"]);
}
