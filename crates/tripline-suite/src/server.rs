//! [`Server`]: a PostgreSQL server that gives each case a database of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{Client, NoTls};

/// A PostgreSQL server.
#[derive(Debug)]
pub struct Server {
    /// The URL of a database from which others can be made.
    url: String,
    version: u32,
    made: AtomicUsize,
}

impl Server {
    /// The server behind this URL; its version decides what cases expect.
    pub fn new(url: impl Into<String>, version: u32) -> Server {
        Server { url: url.into(), version, made: AtomicUsize::new(0) }
    }

    /// The major version of servers that tests start, stop and cut; `cargo xtask test` asks for each.
    pub fn version_of_faults() -> u32 {
        let asked = std::env::var("TRIPLINE_TEST_FAULTS_VERSION").ok();
        asked.map_or(15, |version| version.parse().expect("TRIPLINE_TEST_FAULTS_VERSION is a number"))
    }

    /// The server's major version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Makes a database, in some 7 ms; gives its URL.
    pub async fn fresh_database(&self) -> String {
        let name = self.name(self.made.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy");
        self.admin().await.batch_execute(&sql).await.expect("a database is made");
        self.url_of(&name)
    }

    /// Drops all databases that were made.
    pub async fn drop_databases(&self) {
        let admin = self.admin().await;
        for n in 0..self.made.load(Ordering::Relaxed) {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name(n));
            admin.batch_execute(&sql).await.expect("a database is dropped");
        }
    }

    /// The same server's URL with another database.
    pub fn url_of(&self, database: &str) -> String {
        let (before, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (authority, _) = before.rsplit_once('/').expect("the URL names a database");
        format!("{authority}/{database}?{query}")
    }

    fn name(&self, n: usize) -> String {
        // Several test programs may use one server.
        format!("case_{}_{n}", std::process::id())
    }

    async fn admin(&self) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url, NoTls).await.expect("the server can be reached");
        tokio::spawn(connection);
        client
    }
}
