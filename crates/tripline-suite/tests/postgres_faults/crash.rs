//! Servers that end in the middle of transactions and commits, and start again.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tripline::prelude::*;
use tripline_testpg::{Cluster, Cut, Direction, Gate, Settings, Stop, has_text};

use crate::common::{cluster, connect, is_lost, letter, letters, note, noted, notes, plain, recorded, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_a_server_that_ends_takes_open_transactions_along_and_nothing_else() {
    let mut cluster = cluster(Settings { fsync: true, ..Settings::default() });
    let (db, recorder) = recorded(&connect(&cluster.url("postgres"), "").connect().await.unwrap());
    db.create_tables().await.unwrap();
    let mut acknowledged = Vec::new();
    for (how, text) in [(Stop::Kill, "kill"), (Stop::Immediate, "immediate"), (Stop::Fast, "fast")] {
        db.create(note(text)).await.unwrap();
        acknowledged.push(text);
        assert_eq!(noted(&db, &recorder).await, [format!("committed {text}")]);
        let error = soon(db.tx(async |tx| {
            tx.create(note("never")).await?;
            cluster.stop(how).unwrap();
            let lost = tx.create(note("too late")).await.unwrap_err();
            assert!(is_lost(&lost), "{how:?}: {lost:?}");
            Err::<(), _>(lost)
        }))
        .await
        .unwrap_err();
        assert!(is_lost(&error), "{how:?}: {error:?}");
        assert_eq!(noted(&db, &recorder).await, ["rolled back 1"], "{how:?}");
        cluster.start_again().unwrap();
        // By the same `Db`, which nobody has told.
        assert_eq!(soon(notes(&db)).await, acknowledged, "{how:?}");
    }
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Acknowledged,
    Lost,
    Unknown,
}

/// Writes, one after the other, until it is told to stop: notes, whose COMMIT is a flight of its own, or letters.
async fn write(
    db: Db,
    writer: usize,
    stop: Arc<AtomicBool>,
    acknowledged: watch::Sender<usize>,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    while !stop.load(Ordering::Acquire) {
        let text = format!("{writer}/{}", outcomes.len());
        let result = match writer % 2 {
            0 => db.create(note(text)).await.map(drop),
            _ => db.create(letter(text)).await.map(drop),
        };
        outcomes.push(match result {
            Ok(()) => Outcome::Acknowledged,
            Err(Error::CommitUnknown(_)) => Outcome::Unknown,
            Err(Error::Connection(_)) => Outcome::Lost,
            Err(other) => panic!("{other:?}"),
        });
        acknowledged.send_modify(|count| *count += usize::from(result.is_ok()));
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_l50_after_a_kill_what_was_acknowledged_is_there_and_hooks_say_what_is_there() {
    let mut cluster = cluster(Settings { fsync: true, ..Settings::default() });
    let url = cluster.url("postgres");
    let (db, recorder) =
        recorded(&connect(&url, "pool_size=4&resolve_commits=true").connect().await.unwrap());
    db.create_tables().await.unwrap();
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(0));
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write(db.clone(), writer, stop.clone(), acknowledged.clone())))
        .collect();
    for round in 1..=3 {
        soon(acknowledged.subscribe().wait_for(|count| *count >= round * 100)).await.unwrap();
        cluster.stop(Stop::Kill).unwrap();
        cluster.start_again().unwrap();
    }
    soon(acknowledged.subscribe().wait_for(|count| *count >= 400)).await.unwrap();
    stop.store(true, Ordering::Release);
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.push(soon(writer).await.unwrap());
    }
    let said = noted(&db, &recorder).await;
    let stored = [notes(&db).await, letters(&db).await].concat();
    for (writer, outcomes) in outcomes.iter().enumerate() {
        for (n, outcome) in outcomes.iter().enumerate() {
            let text = format!("{writer}/{n}");
            let count = stored.iter().filter(|stored| **stored == text).count();
            let hooks = said.iter().filter(|said| **said == format!("committed {text}")).count();
            match outcome {
                Outcome::Acknowledged => assert_eq!((count, hooks), (1, 1), "{text}"),
                Outcome::Lost => assert_eq!((count, hooks), (0, 0), "{text}"),
                Outcome::Unknown => assert!(count <= 1 && hooks == 0, "{text}"),
            }
        }
    }
}

/// After a crash a server gives the ids of transactions of which it had written nothing to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_somebody_elses_commit_with_the_same_id_is_not_taken_for_the_lost_one() {
    let config = vec!["wal_writer_delay = '10s'".to_owned()];
    let cluster = cluster(Settings { config, ..Settings::default() });
    let proxy = cluster.proxy(Duration::ZERO).unwrap();
    let parameters = "resolve_commits=true&pool_size=1&application_name=lost";
    let (db, recorder) = recorded(&connect(&proxy.url("postgres"), parameters).connect().await.unwrap());
    db.create_tables().await.unwrap();
    let reached = Gate::new();
    let hold = reached.clone();
    proxy.cut_when(Direction::ToServer, move |message| match has_text(message, "COMMIT") {
        true => Cut::Hold(hold.clone()),
        false => Cut::Forward,
    });
    let writer = db.clone();
    let (says_id, id) = tokio::sync::oneshot::channel();
    let writing = tokio::spawn(async move {
        let transaction = writer.tx(async |tx| {
            tx.create(note("lost")).await?;
            let id = tx.raw_query("SELECT pg_current_xact_id()::text::int8", []).await?.get::<i64>(0, 0)?;
            says_id.send(id).map_err(|_| Error::reject("nobody listens"))
        });
        transaction.await
    });
    let id = soon(id).await.unwrap();
    assert!(reached.until_reached(Duration::from_secs(20)));
    proxy.refuse(true).unwrap();
    crash(&cluster);
    let other = connect(&cluster.url("postgres"), "pool_size=1").connect().await.unwrap();
    let mut last = 0;
    while last < id {
        let rows = other.tx(async |tx| {
            tx.create(plain(1)).await?;
            tx.raw_query("SELECT pg_current_xact_id()::text::int8", []).await
        });
        last = rows.await.unwrap().get::<i64>(0, 0).unwrap();
    }
    assert_eq!(last, id, "the id was not given again");
    proxy.cut_nothing();
    proxy.refuse(false).unwrap();
    let error = soon(writing).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert!(noted(&db, &recorder).await.is_empty());
    assert!(notes(&db).await.is_empty());
}

/// Kills a session, as the system does that needs its memory: the server ends all others, and starts again by itself.
fn crash(cluster: &Cluster) {
    let processes = |kind: &str| {
        let pids = format!("SELECT pid FROM pg_stat_activity WHERE {kind}");
        cluster.psql("postgres", &pids).ok().filter(|pids| !pids.is_empty())
    };
    let checkpointer = || processes("backend_type = 'checkpointer'");
    let (before, begun) = (checkpointer(), Instant::now());
    let session = processes("application_name = 'lost'").unwrap();
    assert!(Command::new("kill").args(["-KILL", &session]).status().unwrap().success());
    while matches!(checkpointer(), now if now.is_none() || now == before) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", cluster.log_tail());
    }
}
