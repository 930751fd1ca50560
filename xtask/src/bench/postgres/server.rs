//! The server that is measured, near and far away.

use std::{path::Path, time::Duration};

use tripline_testpg::{Binaries, Cluster, Proxy, Settings};

use crate::Result;

/// What every peer has a fresh copy of, for each request.
const SETUP: &str = include_str!("../../../../bench/protocol-postgres/setup.sql");
const TEMPLATE: &str = "bench_template";
const DATABASE: &str = "bench";
/// How long what is sent to the server that is far away is on its way, and so is each answer.
const ONE_WAY: Duration = Duration::from_micros(500);
/// The settings that decide how fast it is and what a commit promises.
const SHOWN: [&str; 7] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "autovacuum",
];

/// How a peer gets to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The server's socket.
    Socket,
    /// A delay line before the socket, as if the server were on another machine.
    Delayed,
}

/// A server of this process alone, and the delay line to it.
pub(super) struct Server {
    cluster: Cluster,
    proxy: Proxy,
    /// What the delay line adds to a round trip, as measured.
    pub(super) added: Duration,
}

impl Server {
    /// Starts a server as durable as PostgreSQL is by default, and makes the database that all start from.
    pub(super) fn start(version: u32) -> Result<Server> {
        eprintln!("starting PostgreSQL {version}");
        // The other values are PostgreSQL's own, which those for tests are not.
        let settings = Settings {
            fsync: true,
            max_connections: 100,
            shared_buffers: "128MB".to_owned(),
            ..Settings::default()
        };
        let cluster = Cluster::start(&Binaries::find(version)?, settings)?;
        let proxy = cluster.proxy(ONE_WAY)?;
        let added = proxy.measured_round_trip()?;
        eprintln!("the delay line adds {added:?} to a round trip");
        let server = Server { cluster, proxy, added };
        server.administer(&format!("CREATE DATABASE {TEMPLATE}"))?;
        server.cluster.psql(TEMPLATE, SETUP)?;
        // What would otherwise be the first readers' work, and the background's at any time.
        server.cluster.psql(TEMPLATE, "VACUUM (FREEZE, ANALYZE)")?;
        Ok(server)
    }

    /// Makes the database anew. All is on the disk then, so that no checkpoint is due soon.
    pub(super) fn refresh(&self) -> Result<()> {
        // The connections of the last request may not be gone yet.
        self.administer(&format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))?;
        self.administer(&format!("CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}"))?;
        self.administer("CHECKPOINT")
    }

    /// An error if this is not true of the database: what was not done was not fast.
    pub(super) fn expect(&self, truth: &str) -> Result<()> {
        match self.cluster.psql(DATABASE, truth)?.as_str() {
            "t" => Ok(()),
            _ => Err(format!("the database is not as it should be: {truth}").into()),
        }
    }

    /// The URL of the database.
    pub(super) fn url(&self, link: Link) -> String {
        match link {
            Link::Socket => self.cluster.url(DATABASE),
            Link::Delayed => self.proxy.url(DATABASE),
        }
    }

    /// The server's whole version.
    pub(super) fn version(&self) -> &str {
        self.cluster.version()
    }

    /// A folder on the disk of its data.
    pub(super) fn folder(&self) -> &Path {
        self.cluster.socket_dir()
    }

    /// The settings that matter, as the server says them: `fsync = on, ..`.
    pub(super) fn settings(&self) -> Result<String> {
        let mut shown = Vec::new();
        for name in SHOWN {
            shown.push(format!("{name} = {}", self.cluster.psql("postgres", &format!("SHOW {name}"))?));
        }
        Ok(shown.join(", "))
    }

    fn administer(&self, sql: &str) -> Result<()> {
        self.cluster.psql("postgres", sql)?;
        Ok(())
    }
}
