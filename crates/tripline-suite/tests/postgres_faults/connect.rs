//! Databases that cannot be reached, and URLs that make no sense: each is a typed error, and none shows the password.

use std::{fmt::Debug, net::TcpListener, sync::OnceLock, time::Duration};

use tripline::{Connect, ConnectionErrorKind, prelude::*};
use tripline_testpg::{Cluster, Settings, Stop};

use crate::common::{Note, cluster, connect, is_lost, note, notes, soon};

/// The password of the user `ann`.
const PASSWORD: &str = "sekret";

/// A server that asks for passwords.
fn strict() -> &'static Cluster {
    static STRICT: OnceLock<Cluster> = OnceLock::new();
    STRICT.get_or_init(|| {
        let strict = cluster(Settings { tcp: true, ..Settings::default() });
        strict.psql("postgres", &format!("CREATE ROLE ann LOGIN SUPERUSER PASSWORD '{PASSWORD}'")).unwrap();
        strict
    })
}

fn opening(user: &str, password: &str, port: u16, rest: &str) -> Connect {
    Db::open(&format!("postgres://{user}:{password}@127.0.0.1:{port}/{rest}")).tables(tables![Note])
}

/// What is shown of something.
fn shown(what: &(impl Debug + ?Sized)) -> String {
    format!("{what:?} {what:#?}")
}

/// The error of a connection that cannot be made, all of whose forms are looked through.
async fn refused(connect: Connect) -> Error {
    let mut text = shown(&connect);
    let error = soon(connect.connect()).await.unwrap_err();
    text += &format!("{error} {}", shown(&error));
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &format!("{cause} {}", shown(cause));
        source = cause.source();
    }
    assert!(!text.contains(PASSWORD), "{text}");
    error
}

fn is(error: &Error, kind: ConnectionErrorKind) -> bool {
    matches!(error, Error::Connection(error) if error.kind == kind)
}

#[tokio::test]
async fn who_is_not_let_in_is_denied() {
    let port = strict().port();
    for (user, password) in [("ann", "sekret2"), ("ann", ""), ("nobody", PASSWORD)] {
        let error = refused(opening(user, password, port, "postgres?passfile=/nowhere")).await;
        assert!(is(&error, ConnectionErrorKind::Denied), "{user}, {password}: {error:?}");
        assert!(error.to_string().contains(&format!(": 127.0.0.1:{port}: ")), "{error}");
        let shows_how = error.to_string().contains("postgres://user:PASSWORD@host");
        assert_eq!(shows_how, password.is_empty(), "{error}");
    }
    strict().psql("postgres", "CREATE ROLE locked PASSWORD 'sekret'").unwrap();
    let error = refused(opening("locked", PASSWORD, port, "postgres")).await;
    assert!(is(&error, ConnectionErrorKind::Denied), "{error:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error_of_its_own() {
    let error = refused(opening("ann", PASSWORD, strict().port(), "missing")).await;
    assert!(is(&error, ConnectionErrorKind::NoDatabase), "{error:?}");
    assert!(error.to_string().contains("`createdb missing`"), "{error}");
}

#[tokio::test]
async fn where_nobody_listens_is_unreachable_at_once() {
    for (rest, place) in [
        ("postgres", "127.0.0.1:1: "),
        ("postgres?host=/nowhere", "/nowhere/.s.PGSQL.1: "),
        ("postgres?host=no-such-host.invalid", "no-such-host.invalid:1: "),
    ] {
        let error = refused(opening("ann", PASSWORD, 1, rest)).await;
        assert!(is(&error, ConnectionErrorKind::Unreachable), "{rest}: {error:?}");
        assert!(
            error.to_string().starts_with(&format!("the database cannot be reached: {place}")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn of_several_hosts_each_has_its_reason() {
    let hosts = format!("postgres?host=127.0.0.1,/nowhere,127.0.0.1&port=1,2,{}", strict().port());
    let error = refused(opening("ann", "wrong", 1, &hosts)).await;
    assert!(is(&error, ConnectionErrorKind::Denied), "{error:?}");
    let text = error.to_string();
    let places = ["127.0.0.1:1: ", "; /nowhere/.s.PGSQL.2: ", &format!("; 127.0.0.1:{}: ", strict().port())];
    assert!(places.iter().all(|place| text.contains(*place)), "{text}");
}

#[tokio::test]
async fn whoever_does_not_answer_is_unreachable_after_a_while() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let quick = opening("ann", PASSWORD, port, "postgres")
        .postgres_options(|options| options.connect_timeout = Duration::from_millis(50));
    let error = refused(quick).await;
    assert!(is(&error, ConnectionErrorKind::Unreachable), "{error:?}");
}

#[tokio::test]
async fn whoever_speaks_another_language_is_unreachable() {
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port();
    let speaking = tokio::spawn(async move {
        loop {
            let (stream, _) = other.accept().await.unwrap();
            stream.writable().await.unwrap();
            stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    let error = refused(opening("ann", PASSWORD, port, "postgres?sslmode=disable")).await;
    assert!(is(&error, ConnectionErrorKind::Unreachable), "{error:?}");
    speaking.abort();
}

#[tokio::test]
async fn a_url_that_makes_no_sense_is_a_mistake_of_the_setup() {
    for rest in [
        "db?poolsize=3",
        "db?pool_size=0",
        "db?pool_size=many",
        "db?sslmode=maybe",
        "db?acquire_timeout=soon",
        "db?resolve_commits=perhaps",
        "db?sslrootcert=/nowhere.crt&sslmode=verify-ca",
        "db?port=70000",
        "db?pool_size",
        "db?user=%zz",
    ] {
        let error = refused(opening("ann", PASSWORD, 1, rest)).await;
        assert_eq!(error.code(), "setup", "{rest}: {error:?}");
    }
    let error = refused(Db::open("host=localhost user=ann password=sekret")).await;
    assert!(error.code() == "setup" && error.to_string().contains("`postgres://user:"), "{error}");
    for url in ["postgres://ann:sek/sekret@host/db", "postgres://ann:sekret@host:port/db", "postgres:sekret"]
    {
        let error = refused(Db::open(url)).await;
        assert!(["setup", "connection"].contains(&error.code()), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_that_is_shown_has_the_password() {
    let connect = opening("ann", PASSWORD, strict().port(), "postgres?pool_size=1&application_name=shown");
    let db = connect.connect().await.unwrap();
    let mut text = shown(&db);
    // All that the server and the engine say on the way.
    let error = db.raw_query("SELECT missing", []).await.unwrap_err();
    text += &shown(&error);
    let error = db
        .tx(async |tx| {
            tx.raw_query("SELECT 1", []).await?;
            let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                       WHERE application_name = 'shown'";
            strict().psql("postgres", end).unwrap();
            text += &shown(tx);
            tx.raw_query("SELECT 1", []).await
        })
        .await
        .unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    text += &format!("{error} {}", shown(&error));
    assert!(!text.contains(PASSWORD), "{text}");
    db.raw_query("SELECT 1", []).await.unwrap();
}

/// It was there before, so it may come back.
#[tokio::test]
async fn a_server_that_went_away_is_waited_for_up_to_a_limit() {
    let mut cluster = cluster(Settings::default());
    let url = cluster.url("postgres");
    let db = connect(&url, "acquire_timeout=300&pool_size=2").connect().await.unwrap();
    db.create_tables().await.unwrap();
    db.create(note("a")).await.unwrap();
    cluster.stop(Stop::Fast).unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let error = soon(db.find::<Note>().count()).await.unwrap_err();
    assert!(is(&error, ConnectionErrorKind::Unreachable), "{error:?}");
    let error = soon(db.create(note("b")).into_future()).await.unwrap_err();
    assert!(is(&error, ConnectionErrorKind::Unreachable), "{error:?}");
    let error = refused(connect(&url, "")).await;
    assert!(is(&error, ConnectionErrorKind::Unreachable), "{error:?}");
    cluster.start_again().unwrap();
    assert_eq!(soon(notes(&db)).await, ["a"]);
}
