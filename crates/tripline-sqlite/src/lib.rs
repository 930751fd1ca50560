//! The SQLite driver of Tripline.
//!
//! # Theory of operation
//!
//! SQLite is a library, so the cheapest way to call it is to call it: statements run inline on the task that owns
//! the session, and nothing of SQLite's (statement, rows, borrowed connection) lives across an await. There is one
//! writer connection, leased in the order of asking, and a pool of reader connections; WAL lets them work at once.
//!
//! A read that turns out to be long is interrupted after [`INLINE_BUDGET`] and run again on a blocking thread, so
//! that it does not hold up the runtime. Another process that holds the write lock is waited for with timers, not
//! by blocking.
//!
//! With [`Durability::Grouped`] a commit is written without a sync of its own; one thread syncs the log for all
//! that wait (`sync.rs`). An open transaction is rolled back when its lease is dropped, however that comes about.
//!
//! Applications use this crate through `tripline`.

mod connection;
mod errors;
mod execute;
mod foreign_keys;
mod limits;
mod options;
mod session;
mod sync;
mod values;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Mutex as FairMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tripline_core::{Access, BoxFuture, Driver, Error, Reply, Result, Session, TableRef};
use tripline_sql::Dialect;

use crate::{connection::Connection, session::Lease, sync::Syncer};
pub use crate::{limits::INLINE_BUDGET, options::{Durability, Location, Options}};

/// The version of the SQLite library that is compiled in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// A SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// What the driver and its leases share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) tables: Arc<[TableRef]>,
    /// `None` once closed. Tokio's mutex is fair: the writer is leased in the order of asking.
    writer: Arc<FairMutex<Option<Connection>>>,
    idle_readers: Mutex<Vec<Connection>>,
    reader_permits: Arc<Semaphore>,
    pub(crate) syncer: Option<Syncer>,
    pub(crate) closed: Arc<AtomicBool>,
}

impl Sqlite {
    /// Opens the database and its first connections. Blocks on the file system.
    pub fn open(options: Options, tables: &[TableRef]) -> Result<Sqlite> {
        let tables: Arc<[TableRef]> = tables.into();
        let closed = Arc::new(AtomicBool::new(false));
        let writer = Connection::open(&options, &tables, Access::Write)?;
        let syncer = options.syncs_in_groups().map(|path| Syncer::new(path, &options, closed.clone()));
        let readers = if options.location == Location::Memory { 0 } else { options.readers.max(1) };
        let shared = Shared {
            writer: Arc::new(FairMutex::new(Some(writer))),
            idle_readers: Mutex::new(Vec::with_capacity(readers)),
            reader_permits: Arc::new(Semaphore::new(readers)),
            syncer,
            closed,
            options,
            tables,
        };
        Ok(Sqlite { shared: Arc::new(shared) })
    }

    fn is_memory(&self) -> bool {
        self.shared.options.location == Location::Memory
    }

    /// The lease, if nobody has to be waited for.
    fn lease_now(&self, access: Access) -> Option<Result<Box<dyn Session>>> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Some(Err(Error::Closed));
        }
        if access == Access::Write || self.is_memory() {
            let writer = self.shared.writer.clone().try_lock_owned().ok()?;
            return Some(self.shared.writer_session(writer));
        }
        let permit = self.shared.reader_permits.clone().try_acquire_owned().ok()?;
        Some(self.shared.reader_session(permit))
    }

    async fn lease_later(&self, access: Access) -> Result<Box<dyn Session>> {
        if access == Access::Write || self.is_memory() {
            self.shared.writer_session(self.shared.writer.clone().lock_owned().await)
        } else {
            let permit = self.shared.reader_permits.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
            self.shared.reader_session(permit)
        }
    }
}

impl Shared {
    fn writer_session(self: &Arc<Self>, writer: OwnedMutexGuard<Option<Connection>>) -> Result<Box<dyn Session>> {
        if writer.is_none() || self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        Ok(Box::new(session::SqliteSession::new(Lease::writer(self.clone(), writer))))
    }

    fn reader_session(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Result<Box<dyn Session>> {
        let idle = self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Connection::open(&self.options, &self.tables, Access::Read)?,
        };
        Ok(Box::new(session::SqliteSession::new(Lease::reader(self.clone(), reader, permit))))
    }

    pub(crate) fn give_back_reader(&self, reader: Connection) {
        if !self.closed.load(Ordering::Acquire) {
            self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        }
    }
}

impl Driver for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn is_exclusive(&self) -> bool {
        self.is_memory()
    }

    fn lease(&self, access: Access) -> Reply<'_, Result<Box<dyn Session>>> {
        if let Some(session) = self.lease_now(access) {
            return Reply::now(session);
        }
        let limit = self.shared.options.acquire_timeout;
        Reply::Later(Box::pin(async move {
            match tokio::time::timeout(limit, self.lease_later(access)).await {
                Ok(session) => session,
                Err(_) => Err(Error::Timeout { what: "waiting for a connection", limit }),
            }
        }))
    }

    fn schema(&self, tables: &[TableRef]) -> Result<Vec<String>> {
        tripline_sql::create_tables(Dialect::Sqlite, tables)
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            // Readers first: the last connection to close, the writer, moves the log into the database.
            self.shared.closed.store(true, Ordering::Release);
            let readers = self.shared.options.readers.max(1) as u32;
            if !self.is_memory() {
                let permits = self.shared.reader_permits.acquire_many(readers).await;
                self.shared.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
                drop(permits);
            }
            let writer = self.shared.writer.lock().await.take();
            if let Some(syncer) = &self.shared.syncer {
                syncer.finish().await?;
            }
            match writer {
                Some(writer) => writer.close(),
                None => Ok(()),
            }
        })
    }
}
