//! COMMIT that fails since another transaction was in the way, and transactions that are run again.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{sync::oneshot, task::JoinHandle};
use tripline::{Isolation, TxOptions, prelude::*};
use tripline_suite::Recorder;

use crate::common::{Note, Place, note, noted, notes, recorded, soon};

/// Who wants to be the only note, as long as there is none.
async fn write_if_alone(tx: &mut Tx<'_>, text: &str) -> Result<()> {
    match tx.find::<Note>().count().await? {
        0 => tx.create(note(text)).await.map(drop),
        _ => tx.create(note(format!("{text}, not alone"))).await.map(drop),
    }
}

fn serializable(retries: u32) -> TxOptions {
    TxOptions { isolation: Isolation::Serializable, retries, ..Default::default() }
}

/// Another program's transaction. It reads and writes at once, and commits when it is told to.
struct Rival {
    wrote: oneshot::Receiver<()>,
    may_commit: oneshot::Sender<()>,
    committed: JoinHandle<Result<()>>,
}

impl Rival {
    fn start(db: Db) -> Rival {
        let ((says_wrote, wrote), (may_commit, told)) = (oneshot::channel(), oneshot::channel());
        let steps = Mutex::new(Some((says_wrote, told)));
        let committed = tokio::spawn(async move {
            db.tx_with(serializable(0), async move |tx| {
                let (says_wrote, told) = steps.lock().unwrap().take().expect("it runs once");
                write_if_alone(tx, "rival").await?;
                says_wrote.send(()).expect("someone waits for this");
                told.await.map_err(Error::custom)
            })
            .await
        });
        Rival { wrote, may_commit, committed }
    }

    async fn commit(self) {
        self.may_commit.send(()).expect("it waits for this");
        soon(self.committed).await.unwrap().unwrap();
    }
}

/// Runs a transaction that a rival commits in the way of, the first time; gives how often it ran.
async fn run_with_a_rival(place: &Place, db: &Db, recorder: &Recorder, retries: u32) -> (usize, Result<()>) {
    let ran = Arc::new(AtomicUsize::new(0));
    let (other, recorder, runs) = (place.open("pool_size=1").await, recorder.clone(), ran.clone());
    let transaction = async move |tx: &mut Tx<'_>| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        let at_commit = recorder.clone();
        tx.on_commit(async move {
            at_commit.note(format!("on commit of run {run}"));
            Ok(())
        });
        if run > 0 {
            return write_if_alone(tx, "ours").await;
        }
        // Each has read before the other one writes, and has written before the other one commits.
        assert_eq!(tx.find::<Note>().count().await?, 0);
        let mut rival = Rival::start(other.clone());
        soon(&mut rival.wrote).await.expect("it writes");
        write_if_alone(tx, "ours").await?;
        rival.commit().await;
        Ok(())
    };
    let result = soon(db.tx_with(serializable(retries), transaction)).await;
    (ran.load(Ordering::SeqCst), result)
}

#[tokio::test]
async fn l7_a_serialization_failure_by_commit_is_rolled_back() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let (ran, result) = run_with_a_rival(&place, &db, &recorder, 0).await;
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Serialization(_)) && error.is_transient(), "{error:?}");
    assert_eq!(ran, 1);
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert_eq!(notes(&db).await, ["rival"]);
}

#[tokio::test]
async fn l50_l54_nothing_follows_an_attempt_that_is_run_again() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let (ran, result) = run_with_a_rival(&place, &db, &recorder, 3).await;
    result.unwrap();
    assert_eq!(ran, 2);
    assert_eq!(noted(&db, &recorder).await, ["on commit of run 1", "committed ours, not alone"]);
    assert_eq!(notes(&db).await, ["rival", "ours, not alone"]);
}

#[tokio::test]
async fn l54_what_follows_the_last_attempt_follows_once() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("pool_size=1").await);
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let error = db
        .tx_with(serializable(2), async move |tx: &mut Tx<'_>| {
            counted.fetch_add(1, Ordering::SeqCst);
            tx.create(note("a")).await?;
            let failure = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$";
            tx.raw_execute(failure, []).await.map(drop)
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Serialization(_)), "{error:?}");
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert!(notes(&db).await.is_empty());
}

/// Both wait for each other's row: the server ends one of them, which is run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_run_again_and_both_commit() {
    let place = Place::new().await;
    let (db, recorder) = recorded(&place.open("options=-c%20deadlock_timeout=50").await);
    let rows = db.create(vec![note("x"), note("y")]).without_hooks().await.unwrap();
    let both_hold_one = Arc::new(tokio::sync::Barrier::new(2));
    let mut tasks = Vec::new();
    for (first, second) in [(rows[0].id, rows[1].id), (rows[1].id, rows[0].id)] {
        let (db, barrier) = (db.clone(), both_hold_one.clone());
        let ran = AtomicUsize::new(0);
        tasks.push(tokio::spawn(async move {
            db.tx_with(TxOptions { retries: 5, ..Default::default() }, async move |tx: &mut Tx<'_>| {
                tx.update::<Note>().by_key(first).set(|n| n.text.set("held")).await?;
                if ran.fetch_add(1, Ordering::SeqCst) == 0 {
                    soon(barrier.wait()).await;
                }
                tx.update::<Note>().by_key(second).set(|n| n.text.set("both")).await?;
                tx.create(note("done")).await.map(drop)
            })
            .await
        }));
    }
    for task in tasks {
        soon(task).await.unwrap().unwrap();
    }
    assert_eq!(noted(&db, &recorder).await, ["committed done", "committed done"]);
}
