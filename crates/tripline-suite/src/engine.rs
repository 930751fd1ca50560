//! [`Engine`]: where a case gets its databases from.

use std::{
    ops::Deref,
    sync::atomic::{AtomicUsize, Ordering},
};

use tempfile::TempDir;
use tripline::{Connect, Db, StatementLog, TableEntry};

/// An engine with a place for its databases.
#[derive(Debug)]
pub struct Engine {
    /// None for memory.
    folder: Option<TempDir>,
    made: AtomicUsize,
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
        Engine { folder: Some(TempDir::new().expect("a folder for databases")), made: AtomicUsize::new(0) }
    }

    /// SQLite in memory.
    pub fn sqlite_memory() -> Engine {
        Engine { folder: None, made: AtomicUsize::new(0) }
    }

    /// Whether reads and writes share one connection.
    pub fn is_exclusive(&self) -> bool {
        self.folder.is_none()
    }

    /// The URL of a database that nobody has used.
    pub fn url(&self) -> String {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        match &self.folder {
            Some(folder) => format!("sqlite://{}/{n}.db", folder.path().display()),
            None => "sqlite::memory:".to_owned(),
        }
    }

    /// A fresh database with these tables.
    pub async fn db(&self, tables: Vec<TableEntry>) -> TestDb {
        self.connect(tables, |connect| connect).await
    }

    /// A fresh database with these tables and what `with` adds.
    pub async fn connect(&self, tables: Vec<TableEntry>, with: impl FnOnce(Connect) -> Connect) -> TestDb {
        let log = StatementLog::default();
        let connect = Db::open(&self.url()).tables(tables).statement_log(log.clone());
        let db = with(connect).connect().await.expect("the database opens");
        db.create_tables().await.expect("the tables are created");
        log.take();
        TestDb { db, log }
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}
