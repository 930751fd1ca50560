//! The PostgreSQL driver of Tripline.
//!
//! # Theory of operation
//!
//! Round trips decide: all requests of a flight are sent before the first answer is waited for (`flight.rs`). What a
//! flight becomes is decided in `plan.rs` (begin, savepoints, end) and `steps.rs` (statements). A statement is
//! prepared on each connection in the flight that first uses it, so preparing costs no round trip either.
//!
//! Connections come from a pool that sends nothing when one is taken or given back (`pool.rs`). A session whose
//! transaction is open when it is dropped, or whose answers nobody has read, is rolled back by a task of the
//! runtime, and its connection closed if that does not go through at once (`session.rs`).
//!
//! The driver never believes COMMIT of a transaction in which a statement has failed, and asks what became of a
//! commit whose answer was lost (`commits.rs`).
//!
//! Reads outside of transactions may go to replicas (`replicas.rs`).
//!
//! Applications use this crate through `tripline`.

mod catalog;
mod commits;
mod connection;
mod errors;
mod flight;
mod hints;
mod options;
mod plan;
mod pool;
mod raw;
mod refusals;
mod replicas;
mod session;
mod steps;
mod tls;
mod values;

use std::{
    collections::HashSet,
    ops::{Deref, DerefMut},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{runtime::Handle, sync::Notify};
use tripline_core::{
    Access, Begin, BoxFuture, Driver, End, Error, Mode, Position, Reply, Result, Schema, Session, Step,
    TableRef, Traits, Transcript,
};
use tripline_sql::Dialect;

pub use crate::options::{
    ChannelBinding, Host, Keepalives, OnSlow, Options, RootCert, SlowStatement, SslMode, TargetSession,
};
use crate::{
    connection::Connection,
    errors::Context,
    plan::{Asks, Found, plan},
    pool::{Connections, Pooled},
    replicas::{ReadSession, Replica},
    session::PgSession,
    tls::Tls,
};

/// A PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    shared: Arc<Shared>,
    version: u32,
    replicas: Vec<Arc<Replica>>,
    /// Which replica is asked first; each in its turn.
    turn: AtomicUsize,
}

/// What the driver and its sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Arc<Options>,
    pub(crate) tables: Arc<[TableRef]>,
    pub(crate) tls: Tls,
    pub(crate) runtime: Handle,
    /// The tables whose statements are described before they are sent: their rows have types to be asked for.
    described: OnceLock<HashSet<&'static str>>,
    connections: Connections,
    /// Told when none is leased any more, once the database is to be closed.
    unused: Notify,
    closed: AtomicBool,
}

/// A connection that is counted as leased until it goes back.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: Option<Pooled>,
    shared: Arc<Shared>,
}

impl Postgres {
    /// Connects to the database. Replicas are connected to when they are first read from.
    pub async fn open(options: Options, tables: &[TableRef]) -> Result<Postgres> {
        let options = Arc::new(options);
        let shared = Shared::new(options.clone(), tables.into(), true)?;
        let first = shared.lease().await?;
        let version = first.version;
        tripline_sql::check_names(Dialect::Postgres { version }, tables)?;
        if first.encoding != "UTF8" {
            // The order of texts and the length of a character would be others.
            return Err(Error::Setup(
                format!("the database stores text as {}: it has to be UTF8", first.encoding).into(),
            ));
        }
        if version < 15 {
            return Err(Error::Setup(
                format!("PostgreSQL 15 or newer is needed, the server's version is {version}").into(),
            ));
        }
        // Once, for they hardly change while a program runs.
        _ = shared.described.set(catalog::with_types_of_their_own(&first.client, shared.context()).await?);
        drop(first);
        let mut replicas = Vec::with_capacity(options.replicas.len());
        for replica in &options.replicas {
            let log = replica.log.clone().or_else(|| options.log.clone());
            let replica = Arc::new(Options { log, replicas: Vec::new(), ..replica.clone() });
            // One that is gone is not waited for: others can answer.
            let replica = Shared::new(replica, shared.tables.clone(), false)?;
            _ = replica.described.set(shared.described.get().cloned().unwrap_or_default());
            replicas.push(Arc::new(Replica::new(replica)));
        }
        Ok(Postgres { shared, version, replicas, turn: AtomicUsize::new(0) })
    }

    /// Where a read goes that may be answered by a replica.
    fn read_session(&self, seen: Position) -> ReadSession {
        let mut replicas: Vec<Arc<Replica>> = self.replicas.iter().filter(|r| r.is_in()).cloned().collect();
        if replicas.len() > 1 {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % replicas.len();
            replicas.rotate_left(first);
        }
        ReadSession { primary: self.shared.clone(), replicas, seen }
    }
}

impl Shared {
    fn new(options: Arc<Options>, tables: Arc<[TableRef]>, patient: bool) -> Result<Arc<Shared>> {
        let tls = tls::connector(&options)?;
        let runtime = Handle::try_current()
            .map_err(|_| Error::Setup("a connection to PostgreSQL needs a tokio runtime".into()))?;
        Ok(Arc::new(Shared {
            described: OnceLock::new(),
            connections: Connections::new(&options, tls.clone(), patient)?,
            options,
            tables,
            tls,
            runtime,
            unused: Notify::new(),
            closed: AtomicBool::new(false),
        }))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        while self.connections.leased() > 0 {
            // It keeps a permit, so one who gives the last connection back before this waits is not missed.
            self.unused.notified().await;
        }
        // Another one may wait for the same.
        self.unused.notify_one();
        self.connections.close();
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { tables: &self.tables, options: &self.options, described: self.described.get() }
    }

    /// A connection, in the order of asking.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let connection = self.connections.take().await?;
        Ok(Lease { connection: Some(connection), shared: self.clone() })
    }
}

impl Lease {
    /// Closes the connection; the pool makes another one when it is needed.
    pub(crate) fn close(mut self) {
        drop(self.connection.take().map(Pooled::take));
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a lease has its connection until it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a lease has its connection until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let was_last = self.shared.connections.give_back(self.connection.take());
        if was_last && self.shared.closed.load(Ordering::Acquire) {
            self.shared.unused.notify_one();
        }
    }
}

impl Driver for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn traits(&self) -> Traits {
        Traits { exclusive: false, remote: true, shared: true }
    }

    fn lease(&self, _access: Access, seen: Option<Position>) -> Reply<'_, Result<Box<dyn Session>>> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Reply::now(Err(Error::Closed));
        }
        if let Some(seen) = seen.filter(|_| !self.replicas.is_empty()) {
            return Reply::now(Ok(Box::new(self.read_session(seen))));
        }
        Reply::Later(Box::pin(async move {
            let lease = self.shared.lease().await?;
            Ok(Box::new(PgSession::new(self.shared.clone(), lease)) as Box<dyn Session>)
        }))
    }

    fn explain(
        &self,
        inside: Option<Mode>,
        begin: &Begin,
        steps: &[Step<'_>],
        end: End,
        transcript: &mut Transcript,
    ) -> Result<()> {
        let found = Found {
            version: self.version,
            open: inside,
            asks_id: self.shared.options.resolve_commits,
            asks_position: Asks::Never,
            asks_replayed: false,
        };
        plan(found, begin, steps, end)?.transcribe(transcript);
        Ok(())
    }

    fn schema<'a>(&'a self, schema: Schema<'a>) -> Reply<'a, Result<Vec<String>>> {
        Reply::Later(Box::pin(async move {
            let names = tripline_sql::made_names(schema.tables);
            let lease = self.shared.lease().await?;
            let existing = catalog::existing(&lease.client, self.shared.context(), &names).await?;
            tripline_sql::create_tables(Dialect::Postgres { version: self.version }, &schema, &|name| {
                existing.contains(name)
            })
        }))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.shared.close().await;
            for replica in &self.replicas {
                replica.shared.close().await;
            }
            Ok(())
        })
    }
}
