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
mod computed;
pub(crate) mod explain;
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

use tripline_core::{Error, Kind, Result};

pub(crate) use self::{
    batch::batch,
    link::{Link, send_alone},
    planned::pipeline,
    run::{Checked, Inner, Reads, Run},
    write::values_of,
};
use self::{plan::Plan, run::Asked};
use crate::{Db, On, Tx, beside, spans::Live, tx::TxState};

/// Runs an operation; its body then has what the caller asked for.
pub(crate) async fn run(on: On<'_>, ask: Box<Inner>) -> Result<Box<Inner>> {
    let live = Live::operation(ask.op.kept());
    let result = live.around(anywhere(on, ask)).await;
    match &result {
        Ok(done) => live.rows(done.body.count),
        Err(error) => live.ended(Some(error.code())),
    }
    result
}

async fn anywhere(on: On<'_>, ask: Box<Inner>) -> Result<Box<Inner>> {
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
async fn alone(db: &Db, asked: Run<Asked>) -> Result<Box<Inner>> {
    if asked.is_write() || db.inner.traits.exclusive {
        beside::check(db.id(), Some(asked.op.kept()))?;
    }
    if asked.has_company(db) || asked.has_plans() {
        let writes = asked.is_write();
        let own = writes && asked.has_company(db);
        let state = if own { TxState::writing(db) } else { TxState::bare(db, writes) };
        return Box::pin(transaction(db, state, asked)).await;
    }
    match decided(&mut Link::Db(db), asked, 0).await? {
        Decided::Checked(run) => write::write(&mut Link::Db(db), run).await.map(Run::into_inner),
        Decided::Instead(_) => Err(Error::invalid("an operation without plan hooks was made another one")),
    }
}

/// An operation that is a transaction of its own, or, without BEGIN, has its statements share a session: reads, and
/// writes that turn out to be one statement.
async fn transaction(db: &Db, mut state: TxState, mut asked: Run<Asked>) -> Result<Box<Inner>> {
    let run = loop {
        if asked.is_divided(db) {
            let result = operation(&mut Tx::outermost(&mut state, db), asked).await;
            return state.end(result).await;
        }
        let decided = {
            let mut tx = Tx::outermost(&mut state, db);
            begin(&mut tx, &mut asked);
            let decided = decided(&mut Link::Tx(&mut tx), asked, 1).await;
            tx.state.end_operation(0, decided)
        };
        match decided {
            Err(error) => return state.end(Err(error)).await,
            Ok(Decided::Checked(run)) => break run,
            Ok(Decided::Instead(other)) => asked = other,
        }
        if asked.has_company(db) {
            must_write(db, &mut state, &asked)?;
        }
    };
    if run.has_something_ahead() {
        must_write(db, &mut state, &run)?;
    }
    if db.inner.traits.remote && !state.is_bare() && run.ends_with_its_write() {
        return finished(db, state, run).await;
    }
    let result = checked_operation(&mut Tx::outermost(&mut state, db), run).await;
    state.end(result).await
}

/// What began without a transaction, and has sent nothing yet, needs one.
fn must_write(db: &Db, state: &mut TxState, run: &Inner) -> Result<()> {
    if state.is_bare() && !state.is_dry() {
        beside::check(db.id(), Some(run.op.kept()))?;
    }
    state.must_write();
    Ok(())
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
    begin(tx, run);
    let ready = match ahead(tx, run, 1).await {
        Ok(()) => planned::trail(tx, run, 1).await,
        Err(error) => Err(error),
    };
    tx.state.end_operation(0, ready)
}

async fn write_and_commit(db: Db, mut state: TxState, mut run: Run<Checked>) -> Result<Box<Inner>> {
    state.carries = true;
    let result = {
        let mut tx = Tx::outermost(&mut state, &db);
        begin(&mut tx, &mut run);
        let result = match write::write(&mut Link::Tx(&mut tx), run).await {
            Ok(mut run) => {
                let place = after::queued(&mut tx, &mut run);
                after::after(&mut tx, run, place, 1).await
            }
            Err(error) => Err(error),
        };
        let result = result.inspect(|run| tx.state.trace_rows(run.node, run.body.count));
        tx.state.end_operation(0, result)
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

/// Notes that an operation begins, or goes on.
fn begin(tx: &mut Tx<'_>, run: &mut Inner) {
    let (under, kept) = (tx.node(), run.op.kept());
    let node = tx.state.trace_operation(&mut run.node, under, kept);
    tx.state.begin_operation(kept, node);
}

async fn operation(tx: &mut Tx<'_>, mut asked: Run<Asked>) -> Result<Box<Inner>> {
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    begin(tx, &mut asked);
    let result = in_transaction(tx, asked, depth + 1).await;
    tx.state.end_operation(depth, result)
}

async fn checked_operation(tx: &mut Tx<'_>, mut run: Run<Checked>) -> Result<Box<Inner>> {
    begin(tx, &mut run);
    let result = rest(tx, run, 1).await;
    tx.state.end_operation(0, result)
}

async fn in_transaction(tx: &mut Tx<'_>, mut asked: Run<Asked>, depth: usize) -> Result<Box<Inner>> {
    loop {
        if asked.is_divided(&tx.state.db) {
            return Box::pin(divided(tx, asked, depth)).await;
        }
        match decided(&mut Link::Tx(tx), asked, depth).await? {
            Decided::Checked(run) => return rest(tx, run, depth).await,
            Decided::Instead(other) => asked = other,
        }
    }
}

/// An upsert that is several operations, with what was planned around the create that it may have been.
async fn divided(tx: &mut Tx<'_>, mut asked: Run<Asked>, depth: usize) -> Result<Box<Inner>> {
    planned::before(tx, &mut asked, depth).await?;
    let mut run = upsert::divided(tx, asked, depth).await?;
    planned::after(tx, &mut run, depth).await?;
    tx.state.trace_rows(run.node, run.body.count);
    Ok(run)
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
        Plan::Ready(run) => Decided::Checked(check::check(link, run)?),
        Plan::Instead(run) => Decided::Instead(run),
    })
}

/// The phases from the write on, with what is planned around that.
async fn rest(tx: &mut Tx<'_>, mut run: Run<Checked>, depth: usize) -> Result<Box<Inner>> {
    let planned = !run.planned.is_empty();
    if run.has_something_ahead() {
        Box::pin(ahead(tx, &mut run, depth)).await?;
    }
    let mut run = write::write(&mut Link::Tx(tx), run).await?;
    let place = after::queued(tx, &mut run);
    if planned {
        Box::pin(planned::after(tx, &mut run, depth)).await?;
    }
    let mut run = after::after(tx, run, place, depth).await?;
    // A committed write is never reported as failed: what the caller gets is decoded before.
    if let Some(decode) = run.decodes().filter(|_| !tx.state.is_dry()) {
        decode(&mut run.body)?;
    }
    tx.state.trace_rows(run.node, run.body.count);
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
