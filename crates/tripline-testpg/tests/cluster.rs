//! Clusters: they answer, stop, start again, follow one another, and end with their process.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tripline_testpg::{Binaries, Cluster, Settings, Stop};

/// The versions that test runs use.
const VERSIONS: [u32; 2] = [15, 18];
/// Tells a copy of this test program that it is the one to be killed.
const VICTIM: &str = "TRIPLINE_TESTPG_VICTIM";

fn cluster(major: u32) -> Cluster {
    let binaries = Binaries::find(major).expect("binaries");
    Cluster::start(&binaries, Settings::default()).expect("a server")
}

#[test]
fn servers_of_each_version_answer() {
    for major in VERSIONS {
        let cluster = cluster(major);
        let said = cluster.psql("postgres", "SHOW server_version").expect("an answer");
        assert!(said.starts_with(&format!("{major}.")), "{said}");
        assert_eq!(cluster.binaries().major(), major);
        let socket = cluster.socket();
        assert!(socket.exists() && socket.as_os_str().len() < 60, "{}", socket.display());
        let set =
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = 'postgres'";
        assert_eq!(cluster.psql("postgres", set).expect("an answer"), "UTF8|C");
    }
}

#[test]
fn the_newest_server_has_vectors() {
    let cluster = cluster(18);
    let sql = "CREATE EXTENSION vector; SELECT '[3,4]'::vector <-> '[0,0]'";
    assert_eq!(cluster.psql("postgres", sql).expect("an answer"), "5");
}

#[test]
fn a_failure_of_sql_is_an_error_with_its_message() {
    let error = cluster(15).psql("postgres", "SELECT missing").expect_err("no such column");
    assert!(error.to_string().contains("\"missing\" does not exist"), "{error}");
}

#[test]
fn data_survives_each_way_to_stop() {
    for major in VERSIONS {
        let mut cluster = cluster(major);
        cluster.psql("postgres", "CREATE TABLE kept (how text)").expect("a table");
        for how in [Stop::Fast, Stop::Immediate, Stop::Kill] {
            cluster.psql("postgres", &format!("INSERT INTO kept VALUES ('{how:?}')")).expect("a row");
            cluster.stop(how).expect("stopped");
            cluster.psql("postgres", "SELECT 1").expect_err("nobody is there");
            cluster.start_again().expect("started");
        }
        let kept = cluster.psql("postgres", "SELECT how FROM kept").expect("rows");
        assert_eq!(kept, "Fast\nImmediate\nKill");
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let binaries = Binaries::find(15).expect("binaries");
    let settings = Settings { config: vec!["no_such_setting = 1".to_owned()], ..Settings::default() };
    let error = Cluster::start(&binaries, settings).expect_err("it cannot start");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_dropped_cluster_leaves_nothing() {
    let cluster = cluster(15);
    let (folder, pid) = (cluster.socket_dir().to_owned(), cluster.pid().expect("it runs"));
    drop(cluster);
    assert!(!folder.exists() && !is_alive(pid));
}

#[test]
fn tcp_asks_for_the_password() {
    let binaries = Binaries::find(15).expect("binaries");
    let settings = Settings { tcp: true, ..Settings::default() };
    let cluster = Cluster::start(&binaries, settings).expect("a server");
    let psql = |url: &str| {
        let mut command = Command::new(binaries.dir().join("psql"));
        command.args(["-X", "-A", "-t", "-w", "-d", url, "-c", "SELECT 'let in'"]).output().expect("psql")
    };
    assert_eq!(psql(&cluster.tcp_url("postgres")).stdout, b"let in\n");
    let without = cluster.tcp_url("postgres").replace(cluster.password(), "");
    assert!(!psql(&without).status.success());
}

#[test]
fn a_replica_shows_what_is_committed_and_can_be_paused() {
    for major in VERSIONS {
        let first = cluster(major);
        let replica = first.replica(Settings::default()).expect("a replica");
        first.psql("postgres", "CREATE TABLE sent AS SELECT 1 AS n").expect("a row");
        first.until_replayed(&replica).expect("replayed");
        assert_eq!(replica.psql("postgres", "SELECT n FROM sent").expect("a row"), "1");

        replica.pause_replay().expect("paused");
        first.psql("postgres", "INSERT INTO sent VALUES (2)").expect("a row");
        let received = "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()";
        replica.until("postgres", received).expect("received");
        assert_eq!(replica.psql("postgres", "SELECT count(*) FROM sent").expect("a number"), "1");

        replica.resume_replay().expect("resumed");
        first.until_replayed(&replica).expect("replayed");
        assert_eq!(replica.psql("postgres", "SELECT count(*) FROM sent").expect("a number"), "2");
    }
}

#[test]
fn the_server_of_a_killed_process_ends() {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "victim", "--nocapture"]).env(VICTIM, "1");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a copy of this program");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut lines = output.lines().map(|line| line.expect("a line"));
    let mut said = lines.find_map(|line| Some(line.split_once("started ")?.1.to_owned())).expect("it starts");
    let pid: u32 = said.split_off(said.find(' ').expect("two words")).trim().parse().expect("a number");
    let folder = Path::new(&said);
    assert!(folder.exists() && is_alive(pid));

    child.kill().expect("killed");
    // The keeper has this output as well: its end is that of all who could still do something.
    let mut rest = String::new();
    child.stderr.take().expect("its messages").read_to_string(&mut rest).expect("text");
    assert!(!folder.exists() && !is_alive(pid), "{rest}");
    child.wait().expect("its end");
}

/// The process that is killed: not a test of its own.
#[test]
fn victim() {
    if env::var_os(VICTIM).is_none() {
        return;
    }
    let cluster = cluster(15);
    // Its folder is in the cluster's, and must not keep that from being removed.
    let _proxy = cluster.proxy(Duration::ZERO).expect("a proxy");
    println!("started {} {}", cluster.socket_dir().display(), cluster.pid().expect("it runs"));
    std::io::stdin().read_to_end(&mut Vec::new()).expect("it is killed before");
}

fn is_alive(pid: u32) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("kill -0 {pid}")]).stderr(Stdio::null());
    command.status().expect("a shell").success()
}
