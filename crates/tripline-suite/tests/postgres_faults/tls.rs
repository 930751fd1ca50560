//! Encrypted connections to a server with a certificate, and what is refused.

use std::{path::PathBuf, sync::OnceLock};

use tempfile::TempDir;
use tripline::prelude::*;
use tripline_testpg::{Binaries, Cluster, Settings, Tls};

use crate::common::{cluster, soon};

/// A server that speaks nothing but TLS by TCP, its authority's certificate, and that of another one.
struct Encrypted {
    cluster: Cluster,
    authority: PathBuf,
    other: PathBuf,
    _folder: TempDir,
}

/// A self-signed certificate, and its key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn encrypted() -> &'static Encrypted {
    static ENCRYPTED: OnceLock<Encrypted> = OnceLock::new();
    let start = || {
        // Those of version 18 that are fetched are built without.
        let binaries = Binaries::find(15).unwrap();
        assert!(binaries.has_tls(), "the tests need a PostgreSQL 15 with TLS, such as Debian's");
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (own, key) = certificate("localhost");
        let authority = write("authority.crt", &own);
        let other = write("other.crt", &certificate("localhost").0);
        let tls = Tls { certificate: own, key, client_authority: None };
        let hba = vec!["hostnossl all all 127.0.0.1/32 reject".to_owned()];
        let settings = Settings { tcp: true, tls: Some(tls), hba, ..Settings::default() };
        let cluster = Cluster::start(&binaries, settings).unwrap();
        Encrypted { cluster, authority, other, _folder: folder }
    };
    ENCRYPTED.get_or_init(start)
}

impl Encrypted {
    /// Whether the connection is encrypted, or why there is none.
    async fn connect(&self, host: &str, parameters: &str) -> Result<bool> {
        let url = self.cluster.tcp_url("postgres").replace("127.0.0.1", host);
        let db = soon(Db::open(&format!("{url}?{parameters}")).connect()).await?;
        let rows = db.raw_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", []).await?;
        rows.get(0, 0)
    }
}

#[tokio::test]
async fn connections_are_encrypted_as_the_mode_says() {
    let server = encrypted();
    let root = format!("sslrootcert={}", server.authority.display());
    for parameters in [
        "sslmode=prefer".to_owned(),
        "sslmode=require".to_owned(),
        "sslmode=require&channel_binding=require".to_owned(),
        format!("sslmode=verify-ca&{root}"),
        format!("sslmode=verify-full&{root}"),
    ] {
        let encrypted = server.connect("localhost", &parameters).await;
        assert!(matches!(encrypted, Ok(true)), "{parameters}: {encrypted:?}");
    }
    // Then nobody says whose certificate it has to be.
    assert!(server.connect("127.0.0.1", &format!("sslmode=verify-ca&{root}")).await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_not_the_one_is_refused() {
    let server = encrypted();
    let (root, other) = (
        format!("sslrootcert={}", server.authority.display()),
        format!("sslrootcert={}", server.other.display()),
    );
    for (host, parameters) in [
        ("localhost", format!("sslmode=require&{other}")),
        ("localhost", format!("sslmode=verify-ca&{other}")),
        ("localhost", format!("sslmode=verify-full&{other}")),
        ("127.0.0.1", format!("sslmode=verify-full&{root}")),
        ("localhost", "sslmode=disable".to_owned()),
    ] {
        let error = server.connect(host, &parameters).await.unwrap_err();
        assert_eq!(error.code(), "connection", "{parameters}: {error:?}");
        assert!(!format!("{error:?}").contains(server.cluster.password()), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_without_encryption_is_refused_where_it_is_asked_for() {
    let plain = cluster(Settings { tcp: true, ..Settings::default() });
    for parameters in ["sslmode=require", "sslmode=require&channel_binding=require"] {
        let url = format!("{}?{parameters}", plain.tcp_url("postgres"));
        let error = soon(Db::open(&url).connect()).await.unwrap_err();
        assert_eq!(error.code(), "connection", "{error:?}");
        let text = error.to_string();
        assert!(text.contains("does not speak TLS") && text.contains("`sslmode=disable`"), "{text}");
    }
}

#[tokio::test]
async fn files_that_are_not_there_are_a_mistake_of_the_setup() {
    let server = encrypted();
    for parameters in ["sslmode=verify-full&sslrootcert=/nowhere.crt", "sslmode=require&sslcert=/nowhere.crt"]
    {
        let error = server.connect("localhost", parameters).await.unwrap_err();
        assert_eq!(error.code(), "setup", "{parameters}: {error:?}");
    }
}
