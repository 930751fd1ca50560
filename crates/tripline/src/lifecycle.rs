//! The lifecycle of an operation, phase by phase.
//!
//! A phase is a function from one state of the [`Run`] to the next, so none can be left out; only a checked run can
//! be written. Nothing here is generic over tables: typed rows exist in the glue of hooks and at the builders.

mod after;
mod batch;
mod before;
mod cascade;
mod check;
pub(crate) mod committed;
mod guard;
mod link;
pub(crate) mod local;
mod old;
pub(crate) mod origin;
mod plan;
mod planned;
mod refresh;
mod resolve;
mod run;
pub(crate) mod upsert;
mod write;

use tripline_core::{Kind, Result};

pub(crate) use self::{
    batch::batch,
    link::{Link, send_alone},
    planned::pipeline,
    run::{Checked, Columns, Inner, Reads, Run},
    write::{all_columns, values_of},
};
use self::{plan::Plan, run::Asked};
use crate::{Db, On, Tx, beside, tx::TxState};

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
            alone(db, Run::asked(db, ask)?).await
        }
    }
}

/// An operation outside of transactions: it is one of its own if it has company.
async fn alone(db: &Db, mut asked: Run<Asked>) -> Result<Box<Inner>> {
    loop {
        if asked.is_write() || db.inner.traits.exclusive {
            beside::check(db.id(), Some(asked.op.kept()))?;
        }
        if asked.has_company(db) {
            return Box::pin(transaction(db, asked)).await;
        }
        match decided(&mut Link::Db(db), asked, 0).await? {
            Decided::Instead(other) => asked = other,
            Decided::Checked(run) if run.planned.is_empty() => {
                return write::write(&mut Link::Db(db), run).await.map(Run::into_inner);
            }
            Decided::Checked(run) => return Box::pin(surrounded(db, run)).await,
        }
    }
}

/// An operation that is a transaction of its own; reads only share a session.
async fn transaction(db: &Db, asked: Run<Asked>) -> Result<Box<Inner>> {
    let mut state = if asked.is_write() { TxState::writing(db) } else { TxState::reading(db) };
    if db.inner.traits.remote && asked.ends_with_its_write() {
        return carried(db, state, asked).await;
    }
    let result = operation(&mut Tx::outermost(&mut state, db), asked).await;
    state.end(result).await
}

/// An operation with others planned around it, which nothing else makes a transaction.
async fn surrounded(db: &Db, run: Run<Checked>) -> Result<Box<Inner>> {
    beside::check(db.id(), Some(run.op.kept()))?;
    let mut state = TxState::writing(db);
    if db.inner.traits.remote && run.ends_with_its_write() {
        return finished(db, state, run).await;
    }
    let result = checked_operation(&mut Tx::outermost(&mut state, db), run).await;
    state.end(result).await
}

/// Runs an operation whose last statement takes COMMIT along: nobody here must see its result before (L32).
async fn carried(db: &Db, mut state: TxState, mut asked: Run<Asked>) -> Result<Box<Inner>> {
    loop {
        let decided = {
            let mut tx = Tx::outermost(&mut state, db);
            tx.state.begin_operation(asked.op.kept());
            let decided = decided(&mut Link::Tx(&mut tx), asked, 1).await;
            tx.state.end_operation(0, decided)
        };
        match decided {
            Err(error) => return state.end(Err(error)).await,
            Ok(Decided::Checked(run)) => return finished(db, state, run).await,
            Ok(Decided::Instead(other)) if other.ends_with_its_write() => asked = other,
            Ok(Decided::Instead(other)) => {
                let result = operation(&mut Tx::outermost(&mut state, db), other).await;
                return state.end(result).await;
            }
        }
    }
}

/// Writes and commits in one flight, if what is planned after the operation can travel along.
async fn finished(db: &Db, mut state: TxState, mut run: Run<Checked>) -> Result<Box<Inner>> {
    if !planned::can_trail(db, &run) {
        let result = checked_operation(&mut Tx::outermost(&mut state, db), run).await;
        return state.end(result).await;
    }
    if run.has_something_ahead() {
        let ready = Box::pin(ready(&mut Tx::outermost(&mut state, db), &mut run)).await;
        if let Err(error) = ready {
            return state.end(Err(error)).await;
        }
    }
    // What follows the commit is the engine's from here on (L5): this operation's, and what its before-hooks queued.
    if run.has_followers() || state.has_followers() {
        return db.owned(write_and_commit(db.clone(), state, run)).await;
    }
    write_and_commit(db.clone(), state, run).await
}

async fn ready(tx: &mut Tx<'_>, run: &mut Run<Checked>) -> Result<()> {
    tx.state.begin_operation(run.op.kept());
    let ready = match ahead(tx, run, 1).await {
        Ok(()) => planned::trail(tx, run, 1).await,
        Err(error) => Err(error),
    };
    tx.state.end_operation(0, ready)
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

async fn checked_operation(tx: &mut Tx<'_>, run: Run<Checked>) -> Result<Box<Inner>> {
    tx.state.begin_operation(run.op.kept());
    let result = rest(tx, run, 1).await;
    tx.state.end_operation(0, result)
}

async fn in_transaction(tx: &mut Tx<'_>, mut asked: Run<Asked>, depth: usize) -> Result<Box<Inner>> {
    if asked.is_divided(&tx.state.db) {
        return Box::pin(upsert::divided(tx, asked, depth)).await;
    }
    loop {
        match decided(&mut Link::Tx(tx), asked, depth).await? {
            Decided::Checked(run) => return rest(tx, run, depth).await,
            Decided::Instead(other) => asked = other,
        }
    }
}

/// What became of an operation before anything of it was sent.
enum Decided {
    /// It is to be written.
    Checked(Run<Checked>),
    /// Another one runs in its place (L34).
    Instead(Run<Asked>),
}

/// The phases up to the write: the table in the design, as code (L10).
async fn decided(link: &mut Link<'_, '_>, run: Run<Asked>, depth: usize) -> Result<Decided> {
    let run = guard::guard(link, run, depth)?;
    let run = before::before(link, run, depth).await?;
    Ok(match plan::plan(link, run)? {
        Plan::Ready(run) => Decided::Checked(check::check(run)?),
        Plan::Instead(run) => Decided::Instead(run),
    })
}

/// The phases from the write on, with what is planned around that.
async fn rest(tx: &mut Tx<'_>, mut run: Run<Checked>, depth: usize) -> Result<Box<Inner>> {
    let planned = !run.planned.is_empty();
    if run.has_something_ahead() {
        // A read may have begun without a transaction, which what is planned around it needs.
        tx.state.must_write();
        Box::pin(ahead(tx, &mut run, depth)).await?;
    }
    let mut run = write::write(&mut Link::Tx(tx), run).await?;
    if planned {
        Box::pin(planned::after(tx, &mut run, depth)).await?;
    }
    let mut run = after::after(tx, run, depth).await?;
    // A committed write is never reported as failed: what the caller gets is decoded before.
    if let Some(decode) = run.decode {
        decode(&mut run.body)?;
    }
    Ok(run)
}

/// What comes between the operation's final form and its write.
async fn ahead(tx: &mut Tx<'_>, run: &mut Run<Checked>, depth: usize) -> Result<()> {
    planned::before(tx, run, depth).await?;
    cascade::cascade(tx, run, depth).await
}

pub(crate) fn is_write(kind: Kind) -> bool {
    matches!(kind, Kind::Create | Kind::Update | Kind::Delete | Kind::Upsert)
}
