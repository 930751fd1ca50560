//! On PostgreSQL the same data gives the same numbers.

use tripline::Db;
use tripline_testpg::TestServers;

use crate::{
    january::known,
    support::{JANUARY, run},
};

/// Does this with the URL of a fresh database on each server that the environment names.
fn on_each_server(test: impl Fn(&str)) {
    let servers = TestServers::from_env().unwrap_or_else(|error| panic!("{error}"));
    for (n, server) in servers.iter().enumerate() {
        let name = format!("flights_{}_{n}", std::process::id());
        admin(server.url(), &format!("CREATE DATABASE {name}"));
        let (before, query) = server.url().split_once('?').unwrap_or((server.url(), ""));
        let (authority, _) = before.rsplit_once('/').expect("the URL names a database");
        test(&format!("{authority}/{name}?{query}"));
        admin(server.url(), &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn admin(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Db::open(url).connect().await.expect("the server can be reached");
        db.raw_execute(sql, []).await.expect("the server does it");
        db.close().await.expect("it closes");
    });
}

#[test]
fn january_gives_the_same_json_as_on_sqlite_also_a_second_time() {
    on_each_server(|url| {
        let load = |options: &[&str]| {
            run(&[&["--data", JANUARY, "--database", url, "--json"], options].concat()).json()
        };
        assert_eq!(load(&["--batch", "777"]), known());
        assert_eq!(load(&["--fresh"]), known());
    });
}

#[test]
fn a_password_is_not_shown_when_the_server_cannot_be_reached() {
    let run =
        run(&["--data", JANUARY, "--database", "postgres://zoe:sekret@127.0.0.1:1/shop?password=sekret"]);
    run.fails_saying(&["postgres://127.0.0.1:1/shop"]);
    assert!(!run.stderr.contains("sekret"), "{}", run.stderr);
}
