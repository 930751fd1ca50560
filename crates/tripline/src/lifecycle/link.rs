//! [`Link`]: where an operation's statements go.

use tripline_core::{Access, Begin, Durability, End, Error, Flight, Kind, Position, Result, Step, Traits};

use super::is_write;
use crate::{Db, Tx};

/// Where an operation's statements go.
pub(crate) enum Link<'a, 't> {
    /// Into an open transaction.
    Tx(&'a mut Tx<'t>),
    /// To the database; each statement is a transaction of its own.
    Db(&'a Db),
}

impl Link<'_, '_> {
    pub(super) fn traits(&self) -> Traits {
        self.db().inner.traits
    }

    /// Whether it is only explained.
    pub(super) fn is_dry(&self) -> bool {
        matches!(self, Link::Tx(tx) if tx.state.is_dry())
    }

    pub(crate) fn db(&self) -> &Db {
        match self {
            Link::Tx(tx) => &tx.state.db,
            Link::Db(db) => db,
        }
    }

    /// Sends one statement.
    pub(crate) async fn send(&mut self, step: &mut Step<'_>, kind: Kind) -> Result<()> {
        match self {
            Link::Tx(tx) => tx.state.send(std::slice::from_mut(step)).await,
            Link::Db(db) => {
                let access = if is_write(kind) { Access::Write } else { Access::Read };
                send_alone(db, step, access).await
            }
        }
    }

    /// Sends a statement whose answer is a number or a key, and after which the operation sends no other.
    pub(super) async fn send_last(&mut self, step: &mut Step<'_>, kind: Kind) -> Result<()> {
        match self {
            Link::Tx(tx) => tx.state.send_last(step).await,
            Link::Db(_) => self.send(step, kind).await,
        }
    }
}

/// Sends one statement outside of transactions.
pub(crate) async fn send_alone(db: &Db, step: &mut Step<'_>, access: Access) -> Result<()> {
    let seen = (access == Access::Read).then(|| db.seen());
    let mut session = db.inner.driver.lease(access, seen).await?;
    let steps = std::slice::from_mut(step);
    let flight = Flight { begin: Begin::default(), steps, end: End::None, transcript: None };
    let sent = session.send(flight).await;
    if let Err(Error::CommitUnknown(_)) = sent {
        // Whoever looks whether it was must not ask a copy that is behind.
        db.saw(Some(Position::UNKNOWN));
    }
    let commit = sent?;
    // Others may write while this commit becomes durable.
    drop(session);
    match seen {
        Some(Position::UNKNOWN) => db.found(commit.position),
        _ => db.saw(commit.position),
    }
    match commit.durability {
        Durability::Now => Ok(()),
        Durability::Later(durable) => durable.await,
    }
}
