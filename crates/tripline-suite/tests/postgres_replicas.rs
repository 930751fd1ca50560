//! Reads on replicas: a primary and two servers that follow it, started by this program.

use std::{
    collections::HashSet,
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, MutexGuard};
use tripline::{StatementLog, prelude::*};
use tripline_suite::Server;
use tripline_testpg::{Binaries, Cluster, Cut, Direction, Settings, Stop, has_text};

#[derive(Table, Clone, Debug, PartialEq)]
struct Note {
    #[key]
    id: Id<Note>,
    text: String,
}

/// A primary and its replicas.
struct Servers {
    primary: Cluster,
    replicas: [Cluster; 2],
}

/// The servers, for one test at a time: they stop replicas and hold them back.
async fn servers() -> MutexGuard<'static, Servers> {
    static SERVERS: OnceLock<Mutex<Servers>> = OnceLock::new();
    let start = || {
        let binaries = Binaries::find(Server::version_of_faults()).expect("PostgreSQL");
        let primary = Cluster::start(&binaries, Settings::default()).expect("a primary");
        let replica = || primary.replica(Settings::default()).expect("a replica");
        let replicas = [replica(), replica()];
        Mutex::new(Servers { primary, replicas })
    };
    SERVERS.get_or_init(start).lock().await
}

impl Servers {
    /// A fresh table, also on the replicas, and a handle that reads from them.
    async fn db(&self) -> Db {
        let urls = self.replicas.iter().map(|replica| replica.url("postgres"));
        let open = Db::open(&self.primary.url("postgres")).tables(tables![Note]).replicas(urls);
        let db = open.connect().await.expect("the database opens");
        self.primary.psql("postgres", "DROP TABLE IF EXISTS notes").expect("the table is dropped");
        db.create_tables().await.expect("the table is made");
        for replica in &self.replicas {
            self.primary.until_replayed(replica).expect("the replica follows");
        }
        db
    }

    fn folder(cluster: &Cluster) -> String {
        cluster.socket_dir().display().to_string()
    }
}

/// Which server answers a read of this handle.
async fn answering(db: &Db) -> String {
    let rows = db.raw_query("SHOW unix_socket_directories", []).await.expect("an answer");
    rows.get::<String>(0, 0).expect("a folder")
}

/// The servers that answer some reads in a row.
async fn all_answering(db: &Db) -> HashSet<String> {
    let mut all = HashSet::new();
    for _ in 0..8 {
        all.insert(answering(db).await);
    }
    all
}

fn note(text: &str) -> NewNote {
    NewNote { text: text.into(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_outside_of_transactions_go_to_all_replicas_in_turn() {
    let servers = servers().await;
    let db = servers.db().await;
    let replicas: HashSet<String> = servers.replicas.iter().map(Servers::folder).collect();
    assert_eq!(all_answering(&db).await, replicas);
    // Transactions, those that only read as well, are the primary's.
    let primary = Servers::folder(&servers.primary);
    let in_read = db.read(async |read| read.raw_query("SHOW unix_socket_directories", []).await).await;
    assert_eq!(in_read.unwrap().get::<String>(0, 0).unwrap(), primary);
    let in_tx = db.tx(async |tx| tx.raw_query("SHOW unix_socket_directories", []).await).await;
    assert_eq!(in_tx.unwrap().get::<String>(0, 0).unwrap(), primary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_and_its_clones_read_what_they_have_written() {
    let servers = servers().await;
    let db = servers.db().await;
    let (clone, other) = (db.clone(), db.session());
    servers.replicas.iter().for_each(|replica| replica.pause_replay().expect("the replica waits"));
    // Each way to write: alone, by a hooked or explicit transaction, by SQL of one's own.
    for write in 0..3 {
        match write {
            0 => drop(db.create(note("a")).await.unwrap()),
            1 => drop(db.tx(async |tx| tx.create(note("b")).await).await.unwrap()),
            _ => drop(db.raw_execute("INSERT INTO notes (text) VALUES ('c')", []).await.unwrap()),
        }
        assert_eq!(clone.find::<Note>().count().await.unwrap(), write + 1);
        assert_eq!(answering(&db).await, Servers::folder(&servers.primary));
    }
    // Who has written nothing does not wait for it, and does not see it yet.
    assert_eq!(other.find::<Note>().count().await.unwrap(), 0);
    // A session that is taken now knows of it.
    assert_eq!(db.session().find::<Note>().count().await.unwrap(), 3);
    for replica in &servers.replicas {
        replica.resume_replay().expect("the replica goes on");
        servers.primary.until_replayed(replica).expect("the replica follows");
    }
    assert!(!all_answering(&db).await.contains(&Servers::folder(&servers.primary)));
    assert_eq!(db.find::<Note>().count().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_that_is_behind_is_passed_over() {
    let servers = servers().await;
    let db = servers.db().await;
    let [ahead, behind] = &servers.replicas;
    behind.pause_replay().expect("the replica waits");
    db.create(note("a")).await.unwrap();
    servers.primary.until_replayed(ahead).expect("the replica follows");
    for _ in 0..4 {
        assert_eq!(db.find::<Note>().count().await.unwrap(), 1);
    }
    let answering = all_answering(&db).await;
    assert!(answering.contains(&Servers::folder(ahead)) && !answering.contains(&Servers::folder(behind)));
    behind.resume_replay().expect("the replica goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_replica_is_left_out_and_comes_back() {
    let mut servers = servers().await;
    let db = servers.db().await;
    db.create(note("a")).await.unwrap();
    let (dead, other) = (Servers::folder(&servers.replicas[0]), Servers::folder(&servers.replicas[1]));
    assert!(!all_answering(&db).await.is_empty());
    servers.replicas[0].stop(Stop::Kill).expect("the replica is killed");
    for _ in 0..8 {
        assert_eq!(db.find::<Note>().count().await.unwrap(), 1);
    }
    servers.replicas[1].stop(Stop::Kill).expect("the replica is killed");
    assert_eq!(all_answering(&db).await, HashSet::from([Servers::folder(&servers.primary)]));
    for replica in &mut servers.replicas {
        replica.start_again().expect("the replica starts");
    }
    let (limit, mut seen) = (Instant::now() + Duration::from_secs(20), HashSet::new());
    while !(seen.contains(&dead) && seen.contains(&other)) {
        assert!(Instant::now() < limit, "only {seen:?} answer");
        seen.insert(answering(&db).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_never_there_does_not_keep_the_database_from_opening() {
    let servers = servers().await;
    let open = Db::open(&servers.primary.url("postgres")).tables(tables![Note]);
    let db = open.replicas(["postgres:///postgres?host=/nowhere&user=nobody"]).connect().await.unwrap();
    assert_eq!(answering(&db).await, Servers::folder(&servers.primary));
    db.close().await.unwrap();
}

/// Nobody knows how far a replica has to be that has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_after_a_commit_with_an_unknown_outcome_the_primary_is_asked() {
    let servers = servers().await;
    servers.db().await;
    let primary = Servers::folder(&servers.primary);
    for alone in [true, false] {
        let proxy = servers.primary.proxy(Duration::ZERO).expect("a proxy");
        let urls = servers.replicas.iter().map(|replica| replica.url("postgres"));
        let open = Db::open(&proxy.url("postgres")).tables(tables![Note]).replicas(urls);
        let db = open.postgres_options(|o| o.resolve_commits = false).connect().await.expect("it opens");
        assert!(!all_answering(&db).await.contains(&primary));
        let answer = if alone { "INSERT" } else { "COMMIT" };
        proxy.cut_when(Direction::ToClient, move |message| match message.first() {
            Some(b'C') if has_text(message, answer) => Cut::DropAndClose,
            _ => Cut::Forward,
        });
        let error = match alone {
            true => db.create(note("a")).await.map(drop),
            false => db.tx(async |tx| tx.create(note("a")).await.map(drop)).await,
        };
        assert_eq!(error.unwrap_err().code(), "commit_unknown");
        proxy.cut_nothing();
        assert_eq!(answering(&db).await, primary);
        // By then it is known how far a replica has to be.
        for replica in &servers.replicas {
            servers.primary.until_replayed(replica).expect("the replica follows");
        }
        assert!(!all_answering(&db).await.contains(&primary));
    }
}

/// The position travels with what is sent anyway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_follow_a_handles_writes_costs_no_flight() {
    let servers = servers().await;
    servers.db().await;
    let log = StatementLog::default();
    let urls = servers.replicas.iter().map(|replica| replica.url("postgres"));
    let open = Db::open(&servers.primary.url("postgres")).tables(tables![Note]).replicas(urls);
    let db = open.statement_log(log.clone()).connect().await.expect("it opens");
    log.take();
    db.create(note("a")).await.unwrap();
    assert_eq!(log.take_flights().len(), 1);
    db.tx(async |tx| tx.create(note("b")).await.map(drop)).await.unwrap();
    assert_eq!(log.take_flights().len(), 2);
    assert_eq!(db.find::<Note>().count().await.unwrap(), 2);
    // A replica that is behind is asked, and does not count.
    assert!((1..=3).contains(&log.take_flights().len()));
}

/// BEGIN is done and the transaction's id refused there: half of what begins it.
#[tokio::test]
async fn a_server_that_only_follows_refuses_to_write_and_its_connection_goes_on() {
    let servers = servers().await;
    servers.db().await.create(note("a")).await.unwrap();
    let follower = &servers.replicas[0];
    servers.primary.until_replayed(follower).expect("the replica follows");
    let open = Db::open(&format!("{}&pool_size=1", follower.url("postgres"))).tables(tables![Note]);
    let db = open.postgres_options(|options| options.resolve_commits = true).connect().await.unwrap();
    for _ in 0..2 {
        let error = db.tx(async |tx| tx.create(note("b")).await).await.unwrap_err();
        assert!(matches!(error.root(), Error::Database(_)), "{error:?}");
        let error = db.create(vec![note("b"), note("c")]).await.unwrap_err();
        assert!(matches!(error.root(), Error::Database(_)), "{error:?}");
        assert_eq!(db.find::<Note>().count().await.unwrap(), 1);
        assert_eq!(db.read(async |read| read.find::<Note>().count().await).await.unwrap(), 1);
    }
}
