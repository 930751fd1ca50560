//! The pool of connections: `deadpool`, with a manager that sends nothing when a connection is taken or given back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts},
};
use tokio::time::Instant;
use tripline_core::{ConnectionErrorKind, Error, Result};

use crate::{Options, connection::Connection, tls::Tls};

/// A connection that goes back to the pool when dropped.
pub(crate) type Pooled = Object<Maker>;

/// The connections of one server.
pub(crate) type Connections = Pool<Maker>;

/// The first pause between attempts to connect; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Maker {
    options: Arc<Options>,
    tls: Tls,
    /// Whether a server that was reached before is waited for if it goes away.
    patient: bool,
    reached: AtomicBool,
}

/// A pool without connections yet.
pub(crate) fn pool(options: &Arc<Options>, tls: Tls, patient: bool) -> Result<Connections> {
    let maker = Maker { options: options.clone(), tls, patient, reached: AtomicBool::new(false) };
    Pool::builder(maker)
        .max_size(options.pool_size)
        .timeouts(Timeouts { wait: Some(options.acquire_timeout), create: None, recycle: None })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Setup(format!("the pool of connections: {error}").into()))
}

/// A connection, in the order of asking.
pub(crate) async fn take(pool: &Connections, limit: Duration) -> Result<Pooled> {
    // Most often there is one, and no clock need be set.
    let at_once = Timeouts { wait: Some(Duration::ZERO), create: None, recycle: None };
    let taken = match pool.timeout_get(&at_once).await {
        Err(PoolError::Timeout(_)) => pool.get().await,
        taken => taken,
    };
    taken.map_err(|error| match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(_) => Error::Timeout { what: "waiting for a connection", limit },
        PoolError::Closed => Error::Closed,
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            Error::Setup("the pool of connections lacks its runtime".into())
        }
    })
}

impl Manager for Maker {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        let deadline = Instant::now() + self.options.acquire_timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match Connection::open(&self.options, &self.tls).await {
                Ok(connection) => {
                    self.reached.store(true, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(error) => error,
            };
            let passes = matches!(&error, Error::Connection(c) if c.kind == ConnectionErrorKind::Unreachable);
            let waits = passes && self.patient && self.reached.load(Ordering::Relaxed);
            if !waits || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        match connection.client.is_closed() {
            true => Err(RecycleError::message("the connection was closed")),
            false => Ok(()),
        }
    }
}
