//! [`Engine`]: where a case gets its databases from.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;
use tripline::{Connect, Db, StatementLog, TableEntry};

use crate::server::Server;

/// An engine with a place for its databases.
#[derive(Debug)]
pub struct Engine {
    place: Place,
    made: AtomicUsize,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Memory,
    Server(Arc<Server>),
}

/// A database of a case, with the log of its statements.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    /// The statements sent so far.
    pub log: StatementLog,
}

impl Engine {
    /// SQLite in a file.
    pub fn sqlite_file() -> Engine {
        Engine::at(Place::Folder(TempDir::new().expect("a folder for databases")))
    }

    /// SQLite in memory.
    pub fn sqlite_memory() -> Engine {
        Engine::at(Place::Memory)
    }

    /// A PostgreSQL server.
    pub fn postgres(server: Arc<Server>) -> Engine {
        Engine::at(Place::Server(server))
    }

    fn at(place: Place) -> Engine {
        Engine { place, made: AtomicUsize::new(0) }
    }

    /// Whether reads and writes share one connection.
    pub fn is_exclusive(&self) -> bool {
        matches!(self.place, Place::Memory)
    }

    /// Whether it is PostgreSQL; else it is SQLite.
    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Server(_))
    }

    /// The major version of a PostgreSQL server; 0 for SQLite.
    pub fn postgres_version(&self) -> u32 {
        match &self.place {
            Place::Server(server) => server.version(),
            _ => 0,
        }
    }

    /// What is right on this engine: what a case asserts of SQLite, or of PostgreSQL.
    pub fn either<T>(&self, sqlite: T, postgres: T) -> T {
        if self.is_postgres() { postgres } else { sqlite }
    }

    /// This SQL, whose parameters are `?`, as the engine writes them.
    pub fn sql(&self, text: &str) -> String {
        if !self.is_postgres() {
            return text.to_owned();
        }
        let mut parts = text.split('?');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.zip(1..).fold(first, |sql, (part, n)| format!("{sql}${n}{part}"))
    }

    /// The URL of a database that nobody has used.
    pub async fn url(&self) -> String {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        match &self.place {
            Place::Folder(folder) => format!("sqlite://{}/{n}.db", folder.path().display()),
            Place::Memory => "sqlite::memory:".to_owned(),
            Place::Server(server) => server.fresh_database().await,
        }
    }

    /// A fresh database with these tables.
    pub async fn db(&self, tables: Vec<TableEntry>) -> TestDb {
        self.connect(tables, |connect| connect).await
    }

    /// A fresh database with these tables and what `with` adds.
    pub async fn connect(&self, tables: Vec<TableEntry>, with: impl FnOnce(Connect) -> Connect) -> TestDb {
        let log = StatementLog::default();
        let connect = Db::open(&self.url().await).tables(tables).statement_log(log.clone());
        let db = with(connect).connect().await.expect("the database opens");
        db.create_tables().await.expect("the tables are created");
        log.take();
        TestDb { db, log }
    }
}

impl TestDb {
    /// A database that a case has opened itself.
    pub fn new(db: Db, log: StatementLog) -> TestDb {
        TestDb { db, log }
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}
