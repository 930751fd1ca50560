//! Which database is used, what becomes of what it held, and what happens when it is full.

use crate::support::{Data, JANUARY, LINE, holds_whole_flights, number, run, texts};

#[test]
fn a_database_that_holds_rows_is_refused() {
    let data = Data::with(LINE);
    let first = data.load(&[]).json();
    data.load(&[]).fails_saying(&["test.db", "--fresh"]);
    holds_whole_flights(&data.url(), 1);
    assert_eq!(first["flights"], 1);
}

#[test]
fn a_database_that_holds_only_a_plane_is_refused_too() {
    let data = Data::with("");
    assert_eq!(data.load(&[]).code, Some(0));
    for table in ["flights", "airports", "airlines"] {
        assert_eq!(execute(&data.url(), &format!("DELETE FROM {table}")), Ok(()));
    }
    data.load(&[]).fails_saying(&["--fresh"]);
}

#[test]
fn fresh_loads_a_database_anew() {
    let data = Data::with([LINE, &LINE.replace("N14228", "N1UNHEARD")].concat());
    let first = data.load(&[]).json();
    assert_eq!(data.load(&["--fresh"]).json(), first);
    assert_eq!(number(&data.url(), "SELECT count(*) FROM planes"), 2);
}

#[test]
fn fresh_leaves_other_tables_alone() {
    let data = Data::with(LINE);
    assert_eq!(execute(&data.url(), "CREATE TABLE notes (note TEXT)"), Ok(()));
    assert_eq!(execute(&data.url(), "INSERT INTO notes VALUES ('keep me')"), Ok(()));
    data.load(&["--fresh"]).json();
    data.load(&["--fresh"]).json();
    assert_eq!(texts(&data.url(), "SELECT note FROM notes"), ["keep me"]);
}

#[test]
fn totals_that_are_not_those_of_the_flights_fail_the_run() {
    let data = Data::with(LINE);
    assert_eq!(data.load(&[]).code, Some(0));
    // Something past the hooks that counts as well, as a trigger that was left in a database would.
    let spoil = "CREATE TRIGGER spoil AFTER INSERT ON flights BEGIN
        UPDATE airlines SET flights = flights + 1 WHERE carrier = NEW.carrier; END";
    assert_eq!(execute(&data.url(), spoil), Ok(()));
    let run = data.load(&["--fresh"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains(r#""verified":false"#) && run.stderr.contains("totals"), "{run:?}");
}

#[test]
fn without_a_database_each_run_starts_afresh() {
    let data = Data::with(LINE);
    let path = data.path().to_str().expect("UTF-8");
    for _ in 0..2 {
        assert_eq!(run(&["--data", path, "--json"]).json()["flights"], 1);
    }
}

#[test]
fn a_database_in_memory_will_do() {
    let data = Data::with(LINE);
    let path = data.path().to_str().expect("UTF-8");
    let report = run(&["--data", path, "--json", "--database", "sqlite::memory:"]).json();
    assert_eq!(report["flights"], 1);
}

#[test]
fn a_url_that_makes_no_sense_is_an_error() {
    let data = Data::with(LINE);
    let path = data.path().to_str().expect("UTF-8");
    run(&["--data", path, "--json", "--database", "mysql://x"]).fails_saying(&["mysql"]);
    run(&["--data", path, "--json", "--database", "sqlite://x?pages=1"]).fails_saying(&["pages"]);
    let nowhere = format!("sqlite://{path}/no/such/directory/test.db");
    run(&["--data", path, "--json", "--database", &nowhere]).fails_saying(&["no/such/directory"]);
}

#[test]
fn a_full_disk_keeps_the_batches_before() {
    let room = Data::with("");
    let full = format!("{}?max_page_count=600", room.url());
    let run = run(&["--data", JANUARY, "--database", &full, "--json", "--batch", "500"]);
    run.fails_saying(&["flights.csv.zip: flights.csv:", "the disk or the database is full"]);
    let flights = number(&room.url(), "SELECT count(*) FROM flights");
    assert!(flights >= 500 && flights % 500 == 0, "{flights}");
    holds_whole_flights(&room.url(), flights);
    assert_eq!(texts(&room.url(), "PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn a_disk_too_full_for_the_small_tables_leaves_them_empty() {
    let room = Data::with("");
    let full = format!("{}?max_page_count=60", room.url());
    let run = run(&["--data", JANUARY, "--database", &full, "--json"]);
    run.fails_saying(&["the disk or the database is full"]);
    assert_eq!(number(&room.url(), "SELECT count(*) FROM airlines"), 0);
    holds_whole_flights(&room.url(), 0);
}

/// Runs SQL past the program.
fn execute(url: &str, sql: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = tripline::Db::open(url).connect().await.map_err(|error| error.to_string())?;
        db.raw_execute(sql, []).await.map_err(|error| error.to_string())?;
        db.close().await.map_err(|error| error.to_string())
    })
}
