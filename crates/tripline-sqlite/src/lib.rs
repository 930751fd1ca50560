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
mod explain;
mod foreign_keys;
mod limits;
mod options;
mod raw;
mod readers;
mod session;
mod sync;
mod texts;
mod values;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Mutex as FairMutex, OwnedMutexGuard, oneshot};
use tripline_core::{
    Access, Begin, BoxFuture, Driver, End, Error, Mode, Position, Reply, Result, Schema, Session, Step,
    TableRef, Traits, Transcript,
};
use tripline_sql::Dialect;

use crate::{
    connection::Connection,
    readers::{Asked, Grant, Readers},
    session::{Lease, SqliteSession},
    sync::Syncer,
};
pub use crate::{
    limits::INLINE_BUDGET,
    options::{Durability, Location, Options},
};

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
    pub(crate) readers: Readers,
    pub(crate) syncer: Option<Syncer>,
    pub(crate) closed: Arc<AtomicBool>,
}

impl Sqlite {
    /// Opens the database and its first connections. Blocks on the file system.
    pub fn open(options: Options, tables: &[TableRef]) -> Result<Sqlite> {
        let tables: Arc<[TableRef]> = tables.into();
        let closed = Arc::new(AtomicBool::new(false));
        let writer = Connection::open(&options, &tables, Access::Write)?;
        let syncer = match &options.location {
            Location::File(path) if options.durability == Durability::Grouped => {
                Some(Syncer::new(writer.log_file(path), &options, closed.clone()))
            }
            _ => None,
        };
        let readers = if options.location == Location::Memory { 0 } else { options.readers.max(1) };
        let shared = Shared {
            writer: Arc::new(FairMutex::new(Some(writer))),
            readers: Readers::new(readers),
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

    fn shares_writer(&self, access: Access) -> bool {
        access == Access::Write || self.is_memory()
    }

    /// The lease, if nobody has to be waited for, or where to wait.
    fn lease_now(&self, access: Access) -> Result<Result<Lease, Turn>> {
        let shared = &self.shared;
        if shared.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        if self.shares_writer(access) {
            return Ok(match shared.writer.clone().try_lock_owned() {
                Ok(writer) => Ok(shared.lease_writer(writer)?),
                Err(_) => Err(Turn::Writer),
            });
        }
        Ok(match shared.readers.ask()? {
            Asked::Now(grant) => Ok(shared.lease_reader(grant)?),
            Asked::Wait(turn) => Err(Turn::Reader(ReaderTurn { turn, shared: shared.clone() })),
        })
    }

    async fn lease_later(&self, turn: Turn) -> Result<Lease> {
        match turn {
            Turn::Writer => self.shared.lease_writer(self.shared.writer.clone().lock_owned().await),
            Turn::Reader(mut waiting) => {
                let grant = (&mut waiting.turn).await.map_err(|_| Error::Closed)?;
                self.shared.lease_reader(grant)
            }
        }
    }
}

/// What is waited for.
enum Turn {
    Writer,
    Reader(ReaderTurn),
}

/// A place in the queue for readers. A reader that arrives just when nobody waits any more goes back.
struct ReaderTurn {
    turn: oneshot::Receiver<Grant>,
    shared: Arc<Shared>,
}

impl Drop for ReaderTurn {
    fn drop(&mut self) {
        self.turn.close();
        match self.turn.try_recv() {
            Ok(Grant::Reader(reader)) => self.shared.readers.give_back(reader),
            Ok(Grant::Open) => self.shared.readers.lost(),
            Err(_) => {}
        }
    }
}

impl Shared {
    fn lease_writer(self: &Arc<Self>, writer: OwnedMutexGuard<Option<Connection>>) -> Result<Lease> {
        if writer.is_none() || self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        Ok(Lease::writer(self.clone(), writer))
    }

    fn lease_reader(self: &Arc<Self>, grant: Grant) -> Result<Lease> {
        if let Grant::Reader(reader) = grant {
            return Ok(Lease::reader(self.clone(), reader));
        }
        match Connection::open(&self.options, &self.tables, Access::Read) {
            Ok(reader) => Ok(Lease::reader(self.clone(), Box::new(reader))),
            Err(error) => {
                self.readers.lost();
                Err(error)
            }
        }
    }
}

impl Driver for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn traits(&self) -> Traits {
        Traits { exclusive: self.is_memory(), remote: false, shared: false }
    }

    fn lease(&self, access: Access, _: Option<Position>) -> Reply<'_, Result<Box<dyn Session>>> {
        fn session(lease: Lease) -> Box<dyn Session> {
            Box::new(SqliteSession::new(lease))
        }
        let turn = match self.lease_now(access) {
            Ok(Ok(lease)) => return Reply::now(Ok(session(lease))),
            Ok(Err(turn)) => turn,
            Err(error) => return Reply::now(Err(error)),
        };
        let limit = self.shared.options.acquire_timeout;
        Reply::Later(Box::pin(async move {
            match tokio::time::timeout(limit, self.lease_later(turn)).await {
                Ok(lease) => lease.map(session),
                Err(_) => Err(Error::Timeout { what: "waiting for a connection", limit }),
            }
        }))
    }

    fn explain(
        &self,
        _: Option<Mode>,
        begin: &Begin,
        steps: &[Step<'_>],
        end: End,
        transcript: &mut Transcript,
    ) -> Result<()> {
        explain::explain(begin, steps, end, transcript)
    }

    fn schema<'a>(&'a self, schema: Schema<'a>) -> Reply<'a, Result<Vec<String>>> {
        Reply::now(tripline_sql::create_tables(Dialect::Sqlite, &schema, &|_| false))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            // Readers first: the last connection to close, the writer, moves the log into the database.
            self.shared.closed.store(true, Ordering::Release);
            self.shared.readers.close().await;
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
