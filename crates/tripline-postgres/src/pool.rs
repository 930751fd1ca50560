//! The pool of connections: `deadpool`, with a manager that sends nothing when a connection is taken or given back.
//!
//! How many may be out is counted beside it ([`Room`]), for a server may take fewer than the pool has: then those that
//! are there go round, in the order of asking.

mod room;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use tokio::time::Instant;
use tripline_core::{Error, Result};

use self::room::Room;
use crate::{Options, connection::Connection, refusals::Refusal, tls::Tls};

/// A connection that goes back to the pool when dropped.
pub(crate) type Pooled = Object<Maker>;

/// The first pause between attempts to connect; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longer than anyone waits.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// The connections of one server.
#[derive(Debug)]
pub(crate) struct Connections {
    pool: Pool<Maker>,
    room: Room,
    /// How many are out.
    leased: AtomicUsize,
    limit: Duration,
    /// Whether a server that was reached before is waited for if it goes away.
    patient: bool,
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Maker {
    options: Arc<Options>,
    tls: Tls,
    reached: AtomicBool,
}

impl Connections {
    /// None yet.
    pub(crate) fn new(options: &Arc<Options>, tls: Tls, patient: bool) -> Result<Connections> {
        let maker = Maker { options: options.clone(), tls, reached: AtomicBool::new(false) };
        let pool = Pool::builder(maker).max_size(options.pool_size).build();
        Ok(Connections {
            pool: pool.map_err(|error| Error::Setup(format!("the pool of connections: {error}").into()))?,
            room: Room::new(options.pool_size),
            leased: AtomicUsize::new(0),
            limit: options.acquire_timeout,
            patient,
        })
    }

    /// A connection, in the order of asking. It is to be given back with [`give_back`](Connections::give_back).
    pub(crate) async fn take(&self) -> Result<Pooled> {
        let deadline = Instant::now() + self.limit.min(FOR_EVER);
        let mut pause = FIRST_PAUSE;
        let mut place = self.room.place(deadline, self.limit).await?;
        loop {
            let refusal = match self.pool.get().await {
                Ok(connection) => {
                    place.forget();
                    self.leased.fetch_add(1, Ordering::AcqRel);
                    return Ok(connection);
                }
                Err(PoolError::Backend(refusal)) => refusal,
                Err(PoolError::Closed) => return Err(Error::Closed),
                // What else there is needs limits and hooks of its own, which this one has not.
                Err(_) => return Err(Error::Setup("the pool of connections is not set up".into())),
            };
            let there = self.pool.status().size;
            if refusal.lacks_room && there > 0 {
                let idle = there.saturating_sub(self.leased.load(Ordering::Acquire));
                self.room.shrink(place, idle, refusal.into());
                place = self.room.place(deadline, self.limit).await?;
                continue;
            }
            let reached = self.pool.manager().reached.load(Ordering::Relaxed);
            let waits = self.patient && reached && refusal.may_pass();
            if !waits || Instant::now() + pause >= deadline {
                return Err(refusal.into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives a connection back that was taken, or the place of one that was closed. Whether none is out any more.
    pub(crate) fn give_back(&self, connection: Option<Pooled>) -> bool {
        drop(connection);
        let is_last = self.leased.fetch_sub(1, Ordering::AcqRel) == 1;
        // Last of all: who gets the place finds the connection.
        self.room.leave();
        is_last
    }

    /// How many are out.
    pub(crate) fn leased(&self) -> usize {
        self.leased.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.room.close();
        self.pool.close();
    }
}

impl Manager for Maker {
    type Type = Connection;
    type Error = Refusal;

    async fn create(&self) -> Result<Connection, Refusal> {
        let connection = Connection::open(&self.options, &self.tls).await?;
        self.reached.store(true, Ordering::Relaxed);
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Refusal> {
        match connection.client.is_closed() {
            true => Err(RecycleError::message("the connection was closed")),
            false => Ok(()),
        }
    }
}
