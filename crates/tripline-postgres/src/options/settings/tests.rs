use std::path::{Path, PathBuf};

use super::*;

/// Reads a URL where these variables are set and these files exist.
fn read_with(url: &str, variables: &[(&str, &str)], files: &[&str]) -> Result<Options, String> {
    let variable =
        |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let exists = |path: &Path| files.iter().any(|file| path == Path::new(file));
    options(url, &Environment { variable: &variable, exists: &exists })
}

fn read(url: &str) -> Options {
    read_with(url, &[("USER", "os")], &[]).unwrap()
}

fn hosts(options: &Options) -> String {
    options.hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_url_alone_is_enough() {
    let options = read("postgres://ann:se%20cret@h1:5433,h2/shop");
    assert_eq!(hosts(&options), "h1:5433 h2:5432");
    assert_eq!((&*options.user, options.password.as_deref()), ("ann", Some("se cret")));
    assert_eq!((&*options.database, &*options.application_name), ("shop", "tripline"));
    assert_eq!((options.sslmode, options.sslrootcert, options.passfile), (SslMode::Prefer, None, None));
}

#[test]
fn an_empty_url_takes_the_usual() {
    let options = read("postgres://");
    assert_eq!((hosts(&options), &*options.user, &*options.database), ("localhost:5432".into(), "os", "os"));
    let files = ["/var/run/postgresql", "/home/os/.pgpass"];
    let options = read_with("postgres://", &[("LOGNAME", "os"), ("HOME", "/home/os")], &files).unwrap();
    assert_eq!(hosts(&options), "/var/run/postgresql/.s.PGSQL.5432");
    assert_eq!(options.passfile, Some(PathBuf::from("/home/os/.pgpass")));
    let why = read_with("postgres://", &[], &[]).unwrap_err();
    assert!(why.contains("PGUSER"), "{why}");
}

#[test]
fn the_environment_stands_in_for_what_the_url_does_not_say() {
    let variables = [
        ("PGHOST", "e1,/run/e2"),
        ("PGPORT", "7"),
        ("PGUSER", "eve"),
        ("PGPASSWORD", "secret"),
        ("PGDATABASE", "edb"),
        ("PGSSLMODE", "require"),
        ("PGSSLROOTCERT", "/e/root.crt"),
        ("PGSSLCERT", "/e/c.crt"),
        ("PGSSLKEY", "/e/c.key"),
        ("PGAPPNAME", "eapp"),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGOPTIONS", "-c geqo=off"),
        ("PGTARGETSESSIONATTRS", "read-write"),
        ("PGCHANNELBINDING", "require"),
        ("PGPASSFILE", "/e/pass"),
        ("USER", "os"),
    ];
    let options = read_with("postgres://", &variables, &[]).unwrap();
    assert_eq!(hosts(&options), "e1:7 /run/e2/.s.PGSQL.7");
    assert_eq!(
        (&*options.user, options.password.as_deref(), &*options.database),
        ("eve", Some("secret"), "edb")
    );
    assert_eq!(
        (options.sslmode, options.sslrootcert),
        (SslMode::Require, Some(RootCert::File("/e/root.crt".into())))
    );
    assert_eq!((options.sslcert, options.sslkey), (Some("/e/c.crt".into()), Some("/e/c.key".into())));
    assert_eq!((&*options.application_name, &*options.options), ("eapp", "-c geqo=off"));
    assert_eq!(options.connect_timeout, Duration::from_secs(3));
    assert_eq!(options.target_session_attrs, TargetSession::ReadWrite);
    assert_eq!(
        (options.channel_binding, options.passfile),
        (ChannelBinding::Require, Some("/e/pass".into()))
    );

    let url = "postgres://ann:mine@h:8/db?sslmode=disable&application_name=app&connect_timeout=4&options=-c%20a%3Db";
    let options = read_with(url, &variables, &[]).unwrap();
    assert_eq!(
        (hosts(&options), &*options.user, options.password.as_deref()),
        ("h:8".into(), "ann", Some("mine"))
    );
    assert_eq!(
        (&*options.database, options.sslmode, &*options.application_name),
        ("db", SslMode::Disable, "app")
    );
    assert_eq!((options.connect_timeout, &*options.options), (Duration::from_secs(4), "-c a=b"));
}

#[test]
fn hosts_and_ports_belong_together() {
    let shown = |url, variables: &[_]| read_with(url, variables, &["/var/run/postgresql"]).map(|o| hosts(&o));
    let with_user = |more| [("USER", "os"), more];
    let none = [("USER", "os")];
    assert_eq!(shown("postgres://h", &with_user(("PGPORT", "7"))).unwrap(), "h:7");
    assert_eq!(shown("postgres://h:8", &with_user(("PGPORT", "7"))).unwrap(), "h:8");
    assert_eq!(shown("postgres://a,b:8", &with_user(("PGPORT", "7"))).unwrap(), "a:5432 b:8");
    assert_eq!(shown("postgres:///?host=a,b&port=1,2", &none).unwrap(), "a:1 b:2");
    assert_eq!(
        shown("postgres:///?host=a,,c&port=1", &none).unwrap(),
        "a:1 /var/run/postgresql/.s.PGSQL.1 c:1"
    );
    assert_eq!(shown("postgres://:9", &none).unwrap(), "/var/run/postgresql/.s.PGSQL.9");
    assert_eq!(shown("postgres://%2Frun%2Fpg/db", &none).unwrap(), "/run/pg/.s.PGSQL.5432");
    assert_eq!(shown("postgres://[::1]:9", &none).unwrap(), "[::1]:9");
    let why = shown("postgres:///?host=a,b&port=1,2,3", &none).unwrap_err();
    assert!(why.contains("2 hosts, but 3 ports"), "{why}");
}

#[test]
fn our_own_parameters_are_read() {
    let options = read(
        "postgres://h?pool_size=3&acquire_timeout=250&statement_timeout=1000&lock_timeout=0&slow_statement=50\
         &statement_cache=0&resolve_commits=false&keepalives_idle=5&keepalives_interval=2&keepalives_count=3",
    );
    assert_eq!((options.pool_size, options.statement_cache, options.resolve_commits), (3, 0, false));
    assert_eq!(options.acquire_timeout, Duration::from_millis(250));
    assert_eq!(options.statement_timeout, Some(Duration::from_secs(1)));
    assert_eq!(
        (options.lock_timeout, options.slow_statement),
        (Some(Duration::ZERO), Some(Duration::from_millis(50)))
    );
    let (idle, interval) = (Duration::from_secs(5), Duration::from_secs(2));
    assert_eq!(options.keepalives, Some(Keepalives { idle, interval, count: 3 }));
    assert_eq!(read("postgres://h?keepalives=0").keepalives, None);
    assert_eq!(read("postgres://h?connect_timeout=0").connect_timeout, Duration::MAX);
}

#[test]
fn certificates_at_home_are_found() {
    let home = [("USER", "os"), ("HOME", "/h")];
    let files = ["/h/.postgresql/root.crt", "/h/.postgresql/postgresql.crt", "/h/.postgresql/postgresql.key"];
    let options = read_with("postgres://x", &home, &files).unwrap();
    assert_eq!(
        (options.sslmode, options.sslrootcert),
        (SslMode::Prefer, Some(RootCert::File(files[0].into())))
    );
    assert_eq!((options.sslcert, options.sslkey), (Some(files[1].into()), Some(files[2].into())));
    let options = read_with("postgres://x?sslcert=/c&sslkey=/k", &home, &files[..1]).unwrap();
    assert_eq!((options.sslcert, options.sslkey), (Some("/c".into()), Some("/k".into())));
    assert_eq!(read_with("postgres://x", &home, &files[2..]).unwrap().sslkey, None);
    let options = read_with("postgres://x?sslrootcert=system", &home, &files).unwrap();
    assert_eq!((options.sslmode, options.sslrootcert), (SslMode::VerifyFull, Some(RootCert::System)));
}

#[test]
fn a_wrong_setting_says_what_would_be_right_and_shows_no_secret() {
    for (url, needle) in [
        ("postgres://zoe:secret@h?sslmod=require", "unknown parameter `sslmod`; there are host, port"),
        ("postgres://h/db?a=b&sec=ret@x/", "unknown parameter; there are"),
        ("postgres://zoe:secret@h?sslmode=secret", "disable, prefer, require, verify-ca or verify-full"),
        ("postgres://zoe:secret@h?pool_size=0", "from 1 on"),
        (
            "postgres://zoe:secret@h?pool_size=secret",
            "the parameter `pool_size` of the database's URL: a number",
        ),
        ("postgres://zoe:secret@h?statement_timeout=1s", "milliseconds"),
        ("postgres://zoe:secret@h?connect_timeout=x", "a number of seconds"),
        ("postgres://zoe:secret@h?keepalives_idle=0", "from 1 on"),
        ("postgres://zoe:secret@h?resolve_commits=maybe", "true or false"),
        ("postgres://zoe:secret@h?target_session_attrs=primary", "read-write"),
        ("postgres://zoe:secret@h?channel_binding=x", "disable, prefer or require"),
        ("postgres://zoe:secret@h:0", "from 1 to 65535"),
        ("postgres://zoe:secret@h:65536", "from 1 to 65535"),
        ("postgres://zoe:sec/ret@h", "the database's URL is wrong"),
    ] {
        let why = read_with(url, &[("USER", "os")], &[]).unwrap_err();
        assert!(why.contains(needle), "{url}: {why}");
        assert!(!["secret", "zoe", "sec=", "ret@"].iter().any(|part| why.contains(part)), "{url}: {why}");
    }
    let why = read_with("postgres://h", &[("USER", "os"), ("PGSSLMODE", "allow")], &[]).unwrap_err();
    assert!(why.starts_with("the environment variable `PGSSLMODE`: it has to be one of disable"), "{why}");
}

#[test]
fn the_environment_of_the_process_is_read_and_errors_are_of_setup() {
    let error = Options::from_url("postgres://zoe:secret@h?x=y").unwrap_err();
    assert_eq!(error.code(), "setup");
    assert_eq!(Options::from_url("postgres://ann@h:5433/db").unwrap().user, "ann");
}
