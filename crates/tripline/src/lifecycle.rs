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
mod refresh;
mod run;
mod write;

use tripline_core::{Access, Begin, Durability, End, Error, Flight, Kind, Position, Result, Step, Traits};

use self::run::{Asked, Written};
pub(crate) use self::{
    run::{Checked, Columns, Inner, Reads, Run},
    write::values_of,
};
use crate::{
    Db, On, Tx, beside,
    tx::{Pending, TxState},
};

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
            if asked.is_write() || db.inner.traits.exclusive {
                beside::check(db.id(), Some(asked.op.kept()))?;
            }
            if asked.needs_transaction(db.inner.traits) {
                Box::pin(alone(db, asked)).await
            } else {
                phases(&mut Link::Db(db), asked, 0).await.map(Run::into_inner)
            }
        }
    }
}

/// Runs a write whose result nobody waits for: in a transaction on a server, where nothing is attached that must see
/// it, it travels with the next flight (L32). All else runs as ever.
pub(crate) async fn pipeline(on: On<'_>, ask: Box<Inner>) -> Result<()> {
    let mut tx = match on {
        On::Tx(tx) if tx.state.db.inner.traits.remote && !ask.savepoint => tx,
        on => return run(on, ask).await.map(drop),
    };
    tx.settle()?;
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    let asked = Run::asked(&tx.state.db, ask);
    let asked = match asked {
        Ok(asked) if asked.needs_transaction(tx.state.db.inner.traits) => {
            return operation(&mut tx, asked).await.map(drop);
        }
        asked => asked,
    };
    if let Ok(asked) = &asked {
        tx.state.begin_operation(asked.op.kept());
    }
    let kept = kept_back(&mut tx, asked, depth + 1).await;
    tx.state.end_operation(depth, kept)
}

async fn kept_back(tx: &mut Tx<'_>, asked: Result<Run<Asked>>, depth: usize) -> Result<()> {
    let run = checked(&mut Link::Tx(tx), asked?, depth).await?;
    let table = run.op.table;
    if let Some(pending) = Pending::new(run)? {
        tx.state.note_write(Some(table));
        tx.state.pipeline(pending);
    }
    Ok(())
}

/// An operation that is a transaction of its own.
async fn alone(db: &Db, asked: Run<Asked>) -> Result<Box<Inner>> {
    let mut state = TxState::writing(db);
    if db.inner.traits.remote && asked.ends_with_its_write() {
        return carried(db, state, asked).await;
    }
    let result = operation(&mut Tx::outermost(&mut state, db), asked).await;
    state.end(result).await
}

/// Runs an operation whose last statement takes COMMIT along: nobody here must see its result before (L32).
async fn carried(db: &Db, mut state: TxState, asked: Run<Asked>) -> Result<Box<Inner>> {
    let checked = {
        let mut tx = Tx::outermost(&mut state, db);
        tx.state.begin_operation(asked.op.kept());
        let checked = checked(&mut Link::Tx(&mut tx), asked, 1).await;
        tx.state.end_operation(0, checked)
    };
    let run = match checked {
        Ok(run) => run,
        Err(error) => return state.end(Err(error)).await,
    };
    // What follows the commit is the engine's from here on (L5): this operation's, and what its before-hooks queued.
    if run.has_followers() || state.has_followers() {
        return db.owned(write_and_commit(db.clone(), state, run)).await;
    }
    write_and_commit(db.clone(), state, run).await
}

async fn write_and_commit(db: Db, mut state: TxState, run: Run<Checked>) -> Result<Box<Inner>> {
    state.carries = true;
    let result = {
        let mut tx = Tx::outermost(&mut state, &db);
        match write::write(&mut Link::Tx(&mut tx), run).await {
            Ok(run) => after::after(&mut tx, run, 1).await,
            Err(error) => Err(error),
        }
    };
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
    let run = checked(link, run, depth).await?;
    write::write(link, run).await
}

async fn checked(link: &mut Link<'_, '_>, run: Run<Asked>, depth: usize) -> Result<Run<Checked>> {
    let run = guard::guard(link, run, depth)?;
    let run = before::before(link, run, depth).await?;
    let run = plan::plan(link.db(), run)?;
    check::check(run)
}

impl Link<'_, '_> {
    fn traits(&self) -> Traits {
        self.db().inner.traits
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
    async fn send_last(&mut self, step: &mut Step<'_>, kind: Kind) -> Result<()> {
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
    let flight = Flight { begin: Begin::default(), steps: std::slice::from_mut(step), end: End::None };
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

pub(crate) fn is_write(kind: Kind) -> bool {
    matches!(kind, Kind::Create | Kind::Update | Kind::Delete)
}
