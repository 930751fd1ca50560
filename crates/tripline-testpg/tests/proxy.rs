//! The proxy: it forwards, delays and cuts. Most of this needs no PostgreSQL: a fake server sends messages back.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tripline_testpg::{Binaries, Cluster, Cut, Direction, Gate, Proxy, Settings, has_text};

/// A client's first packet, without parameters.
const STARTUP: [u8; 8] = [0, 0, 0, 8, 0, 3, 0, 0];
/// For what is to come: long enough for a slow machine.
const LIMIT: Duration = Duration::from_secs(20);

/// A server that sends back each message but the first, and tells which it got.
struct Fake {
    folder: TempDir,
    got: Receiver<Vec<u8>>,
}

impl Fake {
    fn start() -> Fake {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("fake")).expect("a socket");
        let (sender, got) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (mut client, sender) = (client, sender.clone());
                thread::spawn(move || {
                    client.read_exact(&mut [0; 8]).expect("the first packet");
                    while let Some(message) = read_message(&mut client) {
                        sender.send(message.clone()).expect("the test listens");
                        let _ = client.write_all(&message);
                    }
                });
            }
        });
        Fake { folder, got }
    }

    fn proxy(&self, delay: Duration) -> Proxy {
        Proxy::start(&self.folder.path().join("fake"), delay).expect("a proxy")
    }

    fn next(&self) -> Vec<u8> {
        self.got.recv_timeout(LIMIT).expect("a message")
    }

    fn got_no_more(&self) -> bool {
        self.got.try_recv().is_err()
    }
}

fn message(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 5).expect("it is short");
    [b"Q", &length.to_be_bytes()[..], text.as_bytes(), &[0]].concat()
}

fn connect(proxy: &Proxy) -> UnixStream {
    let mut client = UnixStream::connect(proxy.socket()).expect("the proxy listens");
    client.set_read_timeout(Some(LIMIT)).expect("a limit");
    client.write_all(&STARTUP).expect("the proxy reads");
    client
}

fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 5];
    stream.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(message[1..5].try_into().expect("four bytes")) as usize;
    message.resize(length + 1, 0);
    stream.read_exact(&mut message[5..]).ok()?;
    Some(message)
}

/// Whether the other side is closed, with nothing left to read.
fn ends(stream: &mut UnixStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn messages_pass_in_both_directions() {
    for delay in [Duration::ZERO, Duration::from_millis(1)] {
        let fake = Fake::start();
        let proxy = fake.proxy(delay);
        let mut client = connect(&proxy);
        let both = [message("one"), message(&"two".repeat(100_000))];
        client.write_all(&both.concat()).expect("written");
        for message in &both {
            assert!(fake.next() == *message);
            assert!(read_message(&mut client).as_ref() == Some(message));
        }
        client.shutdown(std::net::Shutdown::Write).expect("closed");
        assert!(ends(&mut client));
    }
}

#[test]
fn a_dropped_message_does_not_reach_the_server() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    proxy.cut_when(Direction::ToServer, |message| match has_text(message, "COMMIT") {
        true => Cut::DropAndClose,
        false => Cut::Forward,
    });
    let mut client = connect(&proxy);
    client.write_all(&[message("INSERT"), message("COMMIT"), message("more")].concat()).expect("written");
    assert_eq!(fake.next(), message("INSERT"));
    // The answer to what came before may or may not be on its way.
    while read_message(&mut client).is_some() {}
    assert!(ends(&mut client) && fake.got_no_more());
}

#[test]
fn the_answer_to_a_cut_message_does_not_reach_the_client() {
    for delay in [Duration::ZERO, Duration::from_millis(1)] {
        let fake = Fake::start();
        let proxy = fake.proxy(delay);
        proxy.cut_when(Direction::ToServer, |message| match has_text(message, "COMMIT") {
            true => Cut::ForwardAndClose,
            false => Cut::Forward,
        });
        let mut client = connect(&proxy);
        client.write_all(&message("INSERT")).expect("written");
        assert_eq!(read_message(&mut client), Some(message("INSERT")));
        client.write_all(&message("COMMIT")).expect("written");
        assert!(ends(&mut client));
        assert_eq!([fake.next(), fake.next()], [message("INSERT"), message("COMMIT")]);

        // The proxy goes on for others, and can be told to let all pass.
        proxy.cut_nothing();
        let mut client = connect(&proxy);
        client.write_all(&message("COMMIT")).expect("written");
        assert_eq!(read_message(&mut client), Some(message("COMMIT")));
    }
}

#[test]
fn answers_are_cut_before_or_after_they_pass() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    for (cut, passes) in [(Cut::DropAndClose, false), (Cut::ForwardAndClose, true)] {
        proxy.cut_when(Direction::ToClient, move |_| cut.clone());
        let mut client = connect(&proxy);
        client.write_all(&message("SELECT")).expect("written");
        assert_eq!(fake.next(), message("SELECT"));
        if passes {
            assert_eq!(read_message(&mut client), Some(message("SELECT")));
        }
        assert!(ends(&mut client));
    }
}

#[test]
fn a_held_message_waits_for_the_gate_and_all_behind_it() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    let gate = Gate::new();
    let hold = gate.clone();
    proxy.cut_when(Direction::ToServer, move |message| match has_text(message, "COMMIT") {
        true => Cut::Hold(hold.clone()),
        false => Cut::Forward,
    });
    let mut client = connect(&proxy);
    let all = [message("INSERT"), message("COMMIT"), message("BEGIN")];
    client.write_all(&all.concat()).expect("written");
    assert_eq!(fake.next(), all[0]);
    assert!(gate.until_reached(LIMIT) && fake.got_no_more());
    gate.open();
    assert_eq!([fake.next(), fake.next()], [all[1].clone(), all[2].clone()]);
}

#[test]
fn what_is_held_is_lost_when_connections_are_closed() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    let gate = Gate::new();
    let hold = gate.clone();
    proxy.cut_when(Direction::ToServer, move |message| match has_text(message, "COMMIT") {
        true => Cut::Hold(hold.clone()),
        false => Cut::Forward,
    });
    let mut client = connect(&proxy);
    client.write_all(&message("COMMIT")).expect("written");
    assert!(gate.until_reached(LIMIT));
    proxy.close_all();
    assert!(ends(&mut client) && fake.got_no_more());
}

#[test]
fn a_refusing_proxy_is_like_no_server_and_keeps_what_is_open() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    let mut open = connect(&proxy);
    open.write_all(&message("BEGIN")).expect("written");
    assert_eq!(read_message(&mut open), Some(message("BEGIN")));
    proxy.refuse(true).expect("refusing");
    let error = UnixStream::connect(proxy.socket()).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    open.write_all(&message("SELECT")).expect("written");
    assert_eq!(read_message(&mut open), Some(message("SELECT")));
    assert_eq!(proxy.connections(), 1);
    proxy.refuse(false).expect("taking");
    let mut client = connect(&proxy);
    client.write_all(&message("SELECT")).expect("written");
    assert_eq!(read_message(&mut client), Some(message("SELECT")));
}

#[test]
fn a_question_that_panics_ends_the_connection() {
    let fake = Fake::start();
    let proxy = fake.proxy(Duration::ZERO);
    proxy.cut_when(Direction::ToServer, |message| {
        assert!(!has_text(message, "bad"), "this panic is part of the test");
        Cut::Forward
    });
    let mut client = connect(&proxy);
    client.write_all(&message("bad")).expect("written");
    assert!(ends(&mut client) && fake.got_no_more());
}

#[test]
fn messages_on_their_way_do_not_wait_for_one_another() {
    let (fake, delay) = (Fake::start(), Duration::from_millis(20));
    let proxy = fake.proxy(delay);
    let mut client = connect(&proxy);
    let begun = Instant::now();
    for number in 0..20 {
        client.write_all(&message(&number.to_string())).expect("written");
    }
    for number in 0..20 {
        assert_eq!(read_message(&mut client), Some(message(&number.to_string())));
    }
    let took = begun.elapsed();
    assert!((2 * delay..15 * delay).contains(&took), "{took:?}");
}

#[test]
fn a_round_trip_takes_twice_the_delay_longer() {
    let (fake, delay) = (Fake::start(), Duration::from_millis(2));
    let took = fake.proxy(delay).measured_round_trip().expect("measured");
    assert!((2 * delay..5 * delay).contains(&took), "{took:?}");
}

#[test]
fn a_commit_without_an_answer_is_a_commit() {
    let binaries = Binaries::find(15).expect("binaries");
    let cluster = Cluster::start(&binaries, Settings::default()).expect("a server");
    let proxy = cluster.proxy(Duration::ZERO).expect("a proxy");
    let psql = |sql: &str| {
        let mut command = std::process::Command::new(binaries.dir().join("psql"));
        command.args(["-X", "-A", "-t", "-d", &proxy.url("postgres"), "-c", sql]).output().expect("psql")
    };
    assert!(psql("CREATE TABLE kept (n int)").status.success());
    proxy.cut_when(Direction::ToServer, |message| match has_text(message, "COMMIT") {
        true => Cut::ForwardAndClose,
        false => Cut::Forward,
    });
    assert!(!psql("BEGIN; INSERT INTO kept VALUES (7); COMMIT").status.success());
    cluster.until("postgres", "SELECT EXISTS (SELECT FROM kept WHERE n = 7)").expect("committed");

    proxy.cut_when(Direction::ToServer, |message| match has_text(message, "COMMIT") {
        true => Cut::DropAndClose,
        false => Cut::Forward,
    });
    assert!(!psql("BEGIN; INSERT INTO kept VALUES (8); COMMIT").status.success());
    assert_eq!(psql("SELECT n FROM kept").stdout, b"7\n");
    drop((cluster, proxy));
}
