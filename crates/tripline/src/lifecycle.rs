//! The lifecycle of an operation, phase by phase.
//!
//! A phase is a function from one state of the [`Run`] to the next, so none can be left out; only a checked run can
//! be written. Nothing here is generic over tables: typed rows exist in the glue of hooks and at the builders.

mod after;
mod before;
mod check;
pub(crate) mod committed;
mod guard;
pub(crate) mod local;
mod old;
pub(crate) mod origin;
mod plan;
mod run;
mod write;

use tripline_core::{Access, Begin, Durability, End, Flight, Kind, Result, Step};

use self::run::{Asked, Run, Written};
pub(crate) use self::run::{Columns, Inner, Reads};
use crate::{Db, On, Tx, beside, tx::TxState};

/// Where an operation's statements go.
pub(crate) enum Link<'a, 't> {
    /// Into an open transaction.
    Tx(&'a mut Tx<'t>),
    /// To the database; each statement is a transaction of its own.
    Db(&'a Db),
}

/// Runs an operation; its body then has what the caller asked for.
pub(crate) async fn run(on: On<'_>, ask: Box<Inner>) -> Result<Box<Inner>> {
    // An embedded database answers at once, so without this a loop of operations would never give way to others.
    tokio::task::coop::consume_budget().await;
    match on {
        On::Tx(mut tx) if ask.savepoint => {
            Box::pin(async move { tx.tx(async move |tx| joined(tx, ask).await).await }).await
        }
        On::Tx(mut tx) => joined(&mut tx, ask).await,
        On::Db(db) => {
            db.usable()?;
            let asked = Run::asked(db, ask)?;
            if asked.is_write() || db.inner.driver.is_exclusive() {
                beside::check(db.id(), Some(asked.op.kept()))?;
            }
            if asked.needs_transaction() {
                Box::pin(alone(db, asked)).await
            } else {
                phases(&mut Link::Db(db), asked, 0).await.map(Run::into_inner)
            }
        }
    }
}

/// An operation that is a transaction of its own.
async fn alone(db: &Db, asked: Run<Asked>) -> Result<Box<Inner>> {
    let mut state = TxState::new(db, Access::Write);
    let result = operation(&mut Tx::outermost(&mut state, db), asked).await;
    state.end(result).await
}

/// An operation inside an open transaction.
async fn joined(tx: &mut Tx<'_>, ask: Box<Inner>) -> Result<Box<Inner>> {
    tx.settle()?;
    let asked = Run::asked(&tx.state.db, ask);
    match asked {
        Ok(asked) => operation(tx, asked).await,
        Err(error) => {
            let depth = tx.frame.map_or(0, |frame| frame.depth);
            tx.state.end_operation(depth, Err(error))
        }
    }
}

async fn operation(tx: &mut Tx<'_>, asked: Run<Asked>) -> Result<Box<Inner>> {
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    tx.state.begin_operation(asked.op.kept());
    let result = in_transaction(tx, asked, depth + 1).await;
    tx.state.end_operation(depth, result)
}

async fn in_transaction(tx: &mut Tx<'_>, asked: Run<Asked>, depth: usize) -> Result<Box<Inner>> {
    let run = phases(&mut Link::Tx(tx), asked, depth).await?;
    let mut run = after::after(tx, run, depth).await?;
    // A committed write is never reported as failed: what the caller gets is decoded before.
    if let Some(decode) = run.decode {
        decode(&mut run.body)?;
    }
    Ok(run)
}

/// The phases up to the write: the table in the design, as code (L10).
async fn phases(link: &mut Link<'_, '_>, run: Run<Asked>, depth: usize) -> Result<Run<Written>> {
    let run = guard::guard(link, run, depth)?;
    let run = before::before(link, run, depth).await?;
    let run = plan::plan(link.db(), run)?;
    let run = check::check(run)?;
    write::write(link, run).await
}

impl Link<'_, '_> {
    pub(crate) fn db(&self) -> &Db {
        match self {
            Link::Tx(tx) => &tx.state.db,
            Link::Db(db) => db,
        }
    }

    /// Sends one statement.
    pub(crate) async fn send(&mut self, step: &mut Step<'_>, kind: Kind) -> Result<()> {
        let db = match self {
            Link::Tx(tx) => return tx.state.send(std::slice::from_mut(step)).await,
            Link::Db(db) => db,
        };
        let access = if is_write(kind) { Access::Write } else { Access::Read };
        let mut session = db.inner.driver.lease(access).await?;
        let flight = Flight { begin: Begin::default(), steps: std::slice::from_mut(step), end: End::None };
        let durability = session.send(flight).await?.durability;
        // Others may write while this commit becomes durable.
        drop(session);
        match durability {
            Durability::Now => Ok(()),
            Durability::Later(durable) => durable.await,
        }
    }
}

pub(crate) fn is_write(kind: Kind) -> bool {
    matches!(kind, Kind::Create | Kind::Update | Kind::Delete)
}
