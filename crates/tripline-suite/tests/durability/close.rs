//! Closing: waits for what is open, refuses what comes later, leaves one file.

use std::{pin::pin, sync::Arc};

use tokio::sync::Notify;
use tripline::prelude::*;

use crate::common::{Disk, Note, Place, Plain, note, notes, plain, poll_once, recorded, soon};

#[tokio::test]
async fn close_waits_for_an_open_transaction_and_refuses_what_comes_later() {
    let place = Place::new();
    let db = place.open("").await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let task = {
        let (db, begun, go) = (db.clone(), begun.clone(), go.clone());
        tokio::spawn(async move {
            db.tx(async move |tx| {
                tx.create(plain(1)).await?;
                begun.notify_one();
                go.notified().await;
                tx.create(plain(2)).await.map(drop)
            })
            .await
        })
    };
    begun.notified().await;
    let mut close = pin!(db.close());
    assert!(poll_once(&mut close).await.is_pending());
    assert!(matches!(db.create(plain(3)).await, Err(Error::Closed)));
    assert!(matches!(db.find::<Plain>().await, Err(Error::Closed)));
    go.notify_one();
    soon(close).await.unwrap();
    task.await.unwrap().unwrap();
    for result in [
        db.create(plain(3)).await.map(drop),
        db.find::<Plain>().await.map(drop),
        db.tx(async |tx| tx.find::<Plain>().await).await.map(drop),
        db.read(async |tx| tx.find::<Plain>().await).await.map(drop),
        db.ping().await,
    ] {
        assert!(matches!(result, Err(Error::Closed)), "{result:?}");
    }
    assert!(!place.log().exists());
    soon(db.close()).await.unwrap();
    let db = place.open("").await;
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
}

#[tokio::test]
async fn close_waits_for_readers_too_and_those_in_line_get_an_answer() {
    let place = Place::new();
    let db = place.open("readers=1").await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let reader = {
        let (db, begun, go) = (db.clone(), begun.clone(), go.clone());
        tokio::spawn(async move {
            db.read(async move |tx| {
                tx.find::<Plain>().count().await?;
                begun.notify_one();
                go.notified().await;
                tx.find::<Plain>().count().await
            })
            .await
        })
    };
    begun.notified().await;
    let mut in_line = pin!(db.find::<Plain>().count());
    assert!(poll_once(&mut in_line).await.is_pending());
    let mut close = pin!(db.close());
    assert!(poll_once(&mut close).await.is_pending());
    go.notify_one();
    assert_eq!(soon(reader).await.unwrap().unwrap(), 0);
    let (in_line, closed) = soon(async { tokio::join!(in_line, close) }).await;
    assert!(matches!(in_line, Ok(0) | Err(Error::Closed)), "{in_line:?}");
    closed.unwrap();
    assert!(!place.log().exists());
}

#[tokio::test]
async fn writers_in_line_get_an_answer_when_the_database_is_closed() {
    let place = Place::new();
    let db = place.open("").await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let first = {
        let (db, begun, go) = (db.clone(), begun.clone(), go.clone());
        tokio::spawn(async move {
            db.tx(async move |tx| {
                tx.create(plain(1)).await?;
                begun.notify_one();
                go.notified().await;
                Ok(())
            })
            .await
        })
    };
    begun.notified().await;
    let mut before = pin!(db.create(plain(2)).into_future());
    assert!(poll_once(&mut before).await.is_pending());
    let mut close = pin!(db.close());
    assert!(poll_once(&mut close).await.is_pending());
    go.notify_one();
    let (before, closed) = soon(async { tokio::join!(before, close) }).await;
    closed.unwrap();
    soon(first).await.unwrap().unwrap();
    let db = place.open("").await;
    let rows = db.find::<Plain>().count().await.unwrap();
    match before {
        Ok(_) => assert_eq!(rows, 2),
        Err(error) => assert!(matches!(error, Error::Closed) && rows == 1, "{error:?}, {rows} rows"),
    }
}

#[tokio::test]
async fn l51_close_waits_for_hooks_after_the_commit() {
    let place = Place::new();
    let db = place.open("").await;
    let (db, recorder) = recorded(&db);
    for i in 0..20 {
        db.create(note(i.to_string())).await.unwrap();
    }
    soon(db.close()).await.unwrap();
    assert_eq!(recorder.take().len(), 20);
}

#[tokio::test]
async fn close_waits_for_commits_that_wait_for_their_sync() {
    let (place, disk) = (Place::new(), Arc::new(Disk::default()));
    let db = place.open_on(&disk, "").await;
    disk.hold();
    let mut create = pin!(db.create(plain(1)).into_future());
    assert!(poll_once(&mut create).await.is_pending());
    let mut close = pin!(db.close());
    assert!(poll_once(&mut close).await.is_pending());
    disk.release();
    soon(async { tokio::join!(create, close) }).await.1.unwrap();
    assert!(!place.log().exists());
    assert_eq!(place.open("").await.find::<Plain>().count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_database_that_nobody_closed_can_be_opened_again() {
    let place = Place::new();
    let db = place.open("").await;
    db.create(note("a")).await.unwrap();
    let again = place.open("").await;
    again.create(note("b")).await.unwrap();
    drop(db);
    again.create(note("c")).await.unwrap();
    drop(again);
    let db = place.open("mode=rw").await;
    assert_eq!(db.find::<Note>().count().await.unwrap(), 3);
}

#[tokio::test]
async fn close_waits_for_a_dropped_read_to_end() {
    let place = Place::new();
    let db = place.open("").await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    {
        let mut read = pin!(db.raw_query(endless, []));
        assert!(poll_once(&mut read).await.is_pending());
        let mut in_tx = pin!(db.tx(async |tx| tx.raw_query(endless, []).await));
        assert!(poll_once(&mut in_tx).await.is_pending());
    }
    soon(db.close()).await.unwrap();
    assert!(!place.log().exists());
}

/// Also for those of a transaction that was still open when it was called: they can write, and are waited for.
#[tokio::test]
async fn l51_close_waits_for_hooks_of_the_transaction_that_it_waited_for() {
    let place = Place::new();
    let db = place.open("").await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let task = {
        let (db, begun, go) = (db.clone(), begun.clone(), go.clone());
        tokio::spawn(async move {
            let followed = db.clone();
            db.tx(async move |tx| {
                tx.create(plain(1)).await?;
                tx.on_commit(async move {
                    tokio::task::yield_now().await;
                    followed.create(note("followed")).await.map(drop)
                });
                begun.notify_one();
                go.notified().await;
                Ok(())
            })
            .await
        })
    };
    begun.notified().await;
    let mut close = pin!(db.close());
    assert!(poll_once(&mut close).await.is_pending());
    go.notify_one();
    soon(close).await.unwrap();
    soon(task).await.unwrap().unwrap();
    assert_eq!(notes(&place.open("").await).await, ["followed"]);
}
