//! Reads on replicas: servers that follow the primary, some way behind it.
//!
//! A read says which position of the primary's log it must see: that of the last commit of the handle that asks. How
//! far a replica has come is asked in the same flight, before the read; a replica that has not come far enough, or
//! fails in any way, is passed over, and at last the primary answers. A replica that cannot be reached is left out
//! until a probe, off the way of all reads, reaches it again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tripline_core::{Answer, Begin, BoxFuture, Commit, End, Flight, Position, Reply, Result, Session, Step};

use crate::{Shared, flight::ask, session::PgSession};

/// How long a replica may take to give a connection before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a replica is left out at first; it doubles with each probe that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two probes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A server that follows the primary.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) shared: Arc<Shared>,
    left_out: Mutex<Option<LeftOut>>,
}

/// Why a replica is not asked.
#[derive(Clone, Copy, Debug)]
struct LeftOut {
    until: Instant,
    pause: Duration,
    probed: bool,
}

impl Replica {
    pub(crate) fn new(shared: Arc<Shared>) -> Replica {
        Replica { shared, left_out: Mutex::new(None) }
    }

    /// Whether it is asked. One whose time has come is probed, and asked once that has gone well.
    pub(crate) fn is_in(self: &Arc<Self>) -> bool {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(out) = &mut *left_out else { return true };
        if !out.probed && Instant::now() >= out.until {
            out.probed = true;
            self.shared.runtime.spawn(self.clone().probe());
        }
        false
    }

    async fn probe(self: Arc<Self>) {
        let reached = async {
            let lease = self.shared.lease().await?;
            ask(&lease, self.shared.context(), "SELECT 1").await
        };
        match tokio::time::timeout(self.shared.options.connect_timeout, reached).await {
            Ok(Ok(_)) => *self.left_out.lock().unwrap_or_else(PoisonError::into_inner) = None,
            _ => self.leave_out(),
        }
    }

    fn leave_out(&self) {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = left_out.map_or(FIRST_PAUSE, |out| (out.pause * 2).min(LONGEST_PAUSE));
        *left_out = Some(LeftOut { until: Instant::now() + pause, pause, probed: false });
    }

    /// Answers the read, if it has come far enough.
    async fn read(&self, steps: &mut [Step<'_>], seen: Position) -> bool {
        let Ok(Ok(lease)) = tokio::time::timeout(PATIENCE, self.shared.lease()).await else {
            self.leave_out();
            return false;
        };
        let far_enough = lease.replayed >= seen.0;
        let mut session = PgSession::new(self.shared.clone(), lease);
        session.asks_replayed = !far_enough;
        let sent =
            session.send(Flight { begin: Begin::default(), steps, end: End::None, transcript: None }).await;
        sent.is_ok() && (far_enough || session.replayed >= Some(seen))
    }
}

/// One read outside of transactions.
pub(crate) struct ReadSession {
    pub(crate) primary: Arc<Shared>,
    /// In the order in which they are asked.
    pub(crate) replicas: Vec<Arc<Replica>>,
    pub(crate) seen: Position,
}

impl ReadSession {
    async fn read(&mut self, flight: Flight<'_, '_>) -> Result<Commit> {
        // No replica is known to have come far enough; but how far that is, the primary can say.
        let is_unknown = self.seen == Position::UNKNOWN;
        for replica in self.replicas.iter().filter(|_| !is_unknown) {
            if replica.read(flight.steps, self.seen).await {
                return Ok(Commit::default());
            }
            flight.steps.iter_mut().for_each(|step| step.answer = Answer::default());
        }
        let lease = self.primary.lease().await?;
        let mut session = PgSession::new(self.primary.clone(), lease);
        session.asks_position = is_unknown;
        session.send(flight).await
    }
}

impl Session for ReadSession {
    fn send<'a, 's: 'a>(&'a mut self, flight: Flight<'a, 's>) -> Reply<'a, Result<Commit>> {
        Reply::Later(Box::pin(self.read(flight)))
    }

    fn abandon(self: Box<Self>) -> Option<BoxFuture<'static, ()>> {
        None
    }
}
