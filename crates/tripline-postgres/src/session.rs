//! [`PgSession`]: a leased connection that sends flights, and gives itself back however it ends.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::timeout;
use tripline_core::{
    Access, Begin, BoxFuture, Commit, Durability, End, Error, Flight, Mode, Position, Reply, Result, Session,
    Step,
};

use crate::{
    Lease, Shared,
    commits::{self, TransactionId},
    errors::is_lost,
    flight::{self, Request, ask, fly},
    plan::{Asks, Found, Role, plan},
    steps,
};

/// How long what was left behind may take to end by itself before its connection is closed.
const GRACE: Duration = Duration::from_millis(200);

/// A leased connection.
pub(crate) struct PgSession {
    shared: Arc<Shared>,
    /// `None` once given back.
    lease: Option<Lease>,
    /// The transaction that is open on the server, as far as is known here.
    open: Option<Mode>,
    /// Whether a flight was sent whose answers nobody has read: its future was dropped.
    in_flight: bool,
    /// The open transaction's id, to look it up if the answer to its COMMIT is lost.
    id: Option<TransactionId>,
    /// The connection was lost, with this error.
    lost: Option<Error>,
    /// Whether the primary shall say where its log stands, also after a read.
    pub(crate) asks_position: bool,
    /// Whether a replica shall say how far it has come, and what it said.
    pub(crate) asks_replayed: bool,
    pub(crate) replayed: Option<Position>,
}

impl PgSession {
    pub(crate) fn new(shared: Arc<Shared>, lease: Lease) -> Self {
        PgSession {
            shared,
            lease: Some(lease),
            open: None,
            in_flight: false,
            id: None,
            lost: None,
            asks_position: false,
            asks_replayed: false,
            replayed: None,
        }
    }

    async fn fly(&mut self, flight: Flight<'_, '_>) -> Result<Commit> {
        let Flight { begin, steps, end, transcript } = flight;
        if self.in_flight && end == End::Rollback {
            // A statement that was dropped half-way may run on for long, or wait for whoever waits for this: it is ended
            // when the connection is given back.
            return Ok(Commit::default());
        }
        if steps.is_empty() && begin.transaction.is_none() && self.open.is_none() {
            // The server has ended the transaction already, or it never began.
            return match end {
                End::None | End::Rollback => Ok(Commit::default()),
                _ => Err(self.lost.clone().unwrap_or(Error::Closed)),
            };
        }
        let lease = self.lease.as_mut().ok_or(Error::Closed)?;
        let found = Found {
            version: lease.version,
            open: self.open,
            asks_id: self.shared.options.resolve_commits,
            asks_position: match self.asks_position {
                true => Asks::Always,
                false if self.shared.options.replicas.is_empty() => Asks::Never,
                false => Asks::AfterWrites,
            },
            asks_replayed: self.asks_replayed,
        };
        let plan = match plan(found, &begin, steps, end) {
            Ok(plan) => plan,
            Err(error) => {
                // It stands inside of what it was to open, and whoever goes on counts on that.
                if end == End::None && begin != Begin::default() {
                    let flight = Flight { begin, steps: &mut [], end, transcript: None };
                    Box::pin(self.fly(flight)).await?;
                }
                return Err(error);
            }
        };
        if let Some(transcript) = transcript {
            plan.transcribe(transcript);
        }
        let is_whole = self.open.is_none() && (begin.transaction.is_none() || end == End::Commit);
        self.open = begin.transaction.or(self.open);
        let may_commit = match self.open {
            Some(mode) => end == End::Commit && mode.access == Access::Write,
            None => !steps.iter().all(steps::is_read),
        };
        let stays_open = self.open.is_some() && !matches!(end, End::Commit | End::Rollback);
        let was_closed = lease.client.is_closed();
        let was_in_flight = std::mem::replace(&mut self.in_flight, true);
        let context = self.shared.context();
        let mut replies = match was_in_flight {
            true => behind_dropped(&self.shared, lease, &plan.requests, stays_open).await,
            false => fly(lease, context, &plan.requests, stays_open).await,
        };
        if is_whole && stale(&plan.roles, &replies) {
            // Nothing of it was done, and the statement is prepared anew.
            replies = fly(lease, context, &plan.requests, stays_open).await;
        }
        if self.open.is_none() {
            for (i, reply) in replies.iter_mut().enumerate() {
                // Beside a statement that stands by itself, it was not done.
                if plan.roles[i] == Role::Aside && reply.as_ref().is_err_and(flight::is_stale) {
                    *reply = fly(lease, context, &plan.requests[i..=i], false).await.remove(0);
                }
            }
        }
        self.in_flight = false;
        let is_over = !stays_open && (end != End::Rollback || replies.last().is_some_and(Result::is_ok));
        if is_over {
            // Also if a statement failed: then the server took COMMIT for ROLLBACK.
            self.open = None;
        }
        let roles = plan.roles;
        match self.sort(steps, &roles, replies) {
            Err(error) if is_lost(&error) => {
                self.open = None;
                self.lost = Some(error.clone());
                if may_commit && !was_closed { self.resolve(error).await } else { Err(error) }
            }
            // The answer cannot be read, but what it answers was done.
            Err(error @ Error::Decode(_)) if may_commit => Err(Error::CommitUnknown(Arc::new(error))),
            result => result,
        }
    }

    /// Puts each reply where it belongs, up to the first error.
    fn sort(
        &mut self,
        steps: &mut [Step<'_>],
        roles: &[Role],
        replies: Vec<Result<flight::Reply>>,
    ) -> Result<Commit> {
        let (mut position, mut aside) = (None, None);
        let mut rest = roles.iter().zip(replies);
        while let Some((role, reply)) = rest.next() {
            match (role, reply) {
                // What is committed is committed, wherever it stands.
                (Role::Position, reply) => {
                    let known = reply.ok().and_then(|reply| reply.text).and_then(|text| log_position(&text));
                    // No replica is known to be that far then.
                    position = Some(known.unwrap_or(Position::UNKNOWN));
                }
                // What goes beside a step is not the step, but in a transaction it takes all with it.
                (Role::Aside, Err(error)) => aside = Some(error),
                // What came behind it may have been done all the same, each statement by itself. Whether anything is
                // open now is not known; ROLLBACK is right in either case.
                (Role::Begin, Err(error)) if !is_lost(&error) => {
                    let done = |(role, reply): (&Role, Result<_>)| match role {
                        Role::Step(i) => reply.is_ok() && !steps::is_read(&steps[*i]),
                        _ => false,
                    };
                    return Err(if rest.any(done) { Error::CommitUnknown(Arc::new(error)) } else { error });
                }
                (_, Err(error)) => return Err(aside.filter(|_| is_aborted(&error)).unwrap_or(error)),
                (Role::Replayed, Ok(reply)) => {
                    self.replayed = reply.text.and_then(|text| log_position(&text));
                    if let (Some(lease), Some(Position(replayed))) = (&mut self.lease, self.replayed) {
                        lease.replayed = replayed;
                    }
                }
                (Role::Begin, Ok(reply)) => self.id = reply.text.map(TransactionId),
                (Role::Step(i), Ok(reply)) => steps::answer(&mut steps[*i], reply),
                (Role::Control | Role::Commit | Role::Aside, Ok(_)) => {}
            }
        }
        steps.iter().try_for_each(steps::complete)?;
        match aside {
            // It could not be prepared, and that came after all else.
            Some(error) if self.open.is_some() => Err(error),
            _ => Ok(Commit { durability: Durability::Now, position }),
        }
    }

    /// After a connection was lost when something was being committed (L7).
    async fn resolve(&mut self, error: Error) -> Result<Commit> {
        match (self.id.take(), &mut self.lease) {
            (Some(id), Some(lease)) => commits::resolve(&self.shared, lease, &id, error).await,
            _ => Err(Error::CommitUnknown(Arc::new(error))),
        }
    }

    /// Gives the connection back; what of that takes time is the future.
    fn give_back(&mut self) -> Option<BoxFuture<'static, ()>> {
        let lease = self.lease.take()?;
        if self.open.is_none() && !self.in_flight {
            return None;
        }
        Some(Box::pin(leave(self.shared.clone(), lease)))
    }
}

impl Session for PgSession {
    fn send<'a, 's: 'a>(&'a mut self, flight: Flight<'a, 's>) -> Reply<'a, Result<Commit>> {
        Reply::Later(Box::pin(self.fly(flight)))
    }

    fn abandon(mut self: Box<Self>) -> Option<BoxFuture<'static, ()>> {
        self.give_back()
    }
}

impl Drop for PgSession {
    fn drop(&mut self) {
        if let Some(leaving) = self.give_back() {
            self.shared.runtime.spawn(leaving);
        }
    }
}

/// Sends behind a flight whose future was dropped. Its statement may run for long, or wait for a lock of whoever waits
/// for this; so before long it is cancelled. Should that meet what is sent here, it fails, and takes all with it.
async fn behind_dropped(
    shared: &Shared,
    lease: &mut Lease,
    requests: &[Request<'_>],
    stays_open: bool,
) -> Vec<Result<flight::Reply>> {
    let cancel = lease.client.cancel_token();
    let mut sent = pin!(fly(lease, shared.context(), requests, stays_open));
    if let Ok(replies) = timeout(GRACE, &mut sent).await {
        return replies;
    }
    _ = timeout(shared.options.connect_timeout, cancel.cancel_query(shared.tls.clone())).await;
    sent.await
}

/// Whether a flight that is all of its transaction came to nothing by a statement prepared before its table changed.
fn stale(roles: &[Role], replies: &[Result<flight::Reply>]) -> bool {
    let failed = replies.iter().find_map(|reply| reply.as_ref().err());
    // Without COMMIT each step is by itself, and stays done.
    let is_done = |(role, reply): (&Role, &Result<_>)| matches!(role, Role::Step(_)) && reply.is_ok();
    failed.is_some_and(flight::is_stale)
        && (roles.contains(&Role::Commit) || !roles.iter().zip(replies).any(is_done))
}

/// Whether a statement was not looked at, since one before it in its transaction had failed.
fn is_aborted(error: &Error) -> bool {
    matches!(error, Error::Database(database) if database.code == "PostgreSQL 25P02")
}

/// Rolls back what was left open; what does not end soon, since it waits for a lock perhaps, is cancelled, and its
/// connection closed, so that a late cancellation meets nobody else.
async fn leave(shared: Arc<Shared>, lease: Lease) {
    let rolled_back = timeout(GRACE, ask(&lease, shared.context(), "ROLLBACK")).await;
    if let Ok(Ok(_)) = rolled_back {
        return;
    }
    if lease.client.is_closed() {
        return;
    }
    let token = lease.client.cancel_token();
    _ = timeout(shared.options.connect_timeout, token.cancel_query(shared.tls.clone())).await;
    lease.close();
}

/// `16/B374D848`: the position's upper and lower half.
pub(crate) fn log_position(text: &str) -> Option<Position> {
    let (high, low) = text.split_once('/')?;
    let half = |text| u64::from_str_radix(text, 16).ok();
    Some(Position(half(high)? << 32 | half(low)?))
}

#[cfg(test)]
mod tests {
    use tripline_core::Position;

    use super::log_position;

    #[test]
    fn positions_are_read_as_the_server_writes_them() {
        assert_eq!(log_position("16/B374D848"), Some(Position(0x16_B374_D848)));
        assert_eq!(log_position("0/0"), Some(Position(0)));
        assert_eq!(log_position("nowhere"), None);
    }
}
