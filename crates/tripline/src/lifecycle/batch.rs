//! Batches: several operations in one transaction, whose results come in their order (M6).
//!
//! On a server those that need no result of one another travel together; if none does, with BEGIN and COMMIT, so that a
//! whole batch is one flight.

use tripline_core::{Access, Error, Isolation, Mode, Phase, Result};

use super::{
    Decided, Link, decided, run,
    run::{Asked, Inner, Run},
};
use crate::{
    Db, On, Tx, beside,
    ops::Ask,
    tx::{Pending, Place, TxState},
};

type Done = Vec<Option<Ask>>;

/// Runs operations; their bodies then have what the caller asked for.
pub(crate) async fn batch(on: On<'_>, asks: Vec<Ask>) -> Result<Vec<Ask>> {
    match on {
        On::Tx(mut tx) => {
            let batch = tx.state.next_batch();
            let done = in_transaction(&mut tx, asks, batch).await;
            if done.is_err() {
                // Nobody asks for them any more.
                tx.state.landed.retain(|(place, _)| place.batch != batch);
            }
            done
        }
        On::Db(db) => alone(db, asks).await,
    }
}

async fn in_transaction(tx: &mut Tx<'_>, asks: Vec<Ask>, batch: u64) -> Result<Vec<Ask>> {
    let mut done = each(tx, asks, batch).await?;
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    tx.state.flush(depth).await?;
    landed(tx.state, &mut done, batch);
    all(done)
}

async fn alone(db: &Db, asks: Vec<Ask>) -> Result<Vec<Ask>> {
    db.usable()?;
    // A read may have writes planned beside it.
    let may_write = |ask: &Ask| ask.0.is_write() || plans(db, &ask.0);
    let writes = asks.iter().any(may_write);
    if writes || db.inner.traits.exclusive {
        beside::check(db.id(), None)?;
    }
    let mode = match writes {
        true => Mode { access: Access::Write, isolation: Isolation::default() },
        // All see one state of the database.
        false => Mode { access: Access::Read, isolation: Isolation::RepeatableRead },
    };
    let mut state = TxState::new(db, mode);
    let batch = state.next_batch();
    let done = each(&mut Tx::outermost(&mut state, db), asks, batch).await;
    let done = match done {
        Ok(done) => done,
        Err(error) => return state.end(Err(error)).await,
    };
    if state.has_followers() {
        // What follows the commit is the engine's from here on (L5).
        return db.owned(commit(state, done, batch)).await;
    }
    commit(state, done, batch).await
}

/// Sends what has not been sent yet with COMMIT, and takes the results from there.
async fn commit(mut state: TxState, mut done: Done, batch: u64) -> Result<Vec<Ask>> {
    let sent = state.commit_now().await;
    landed(&mut state, &mut done, batch);
    // What is committed is committed, whatever became of the results.
    state.end(sent).await?;
    all(done)
}

fn plans(db: &Db, ask: &Inner) -> bool {
    let attached = db.inner.catalog.of(&ask.op).ok().filter(|_| !ask.op.without_hooks);
    let hooks = attached.and_then(|attached| attached.hooks(ask.op.kind));
    hooks.is_some_and(|hooks| hooks.plan.iter().any(|bound| bound.hook.phase != Phase::FilterReads))
}

/// Runs each, or has it travel with the next flight.
async fn each(tx: &mut Tx<'_>, asks: Vec<Ask>, batch: u64) -> Result<Done> {
    let mut done: Done = Vec::with_capacity(asks.len());
    let mut decodes = false;
    for (place, Ask(ask)) in asks.into_iter().enumerate() {
        tx.settle()?;
        let depth = tx.frame.map_or(0, |frame| frame.depth);
        let travels = tx.state.db.inner.traits.remote && !ask.savepoint && ask.travels(&tx.state.db);
        if !travels {
            done.push(Some(Ask(run(On::Tx(tx.reborrow()), ask).await?)));
            continue;
        }
        decodes |= ask.decodes().is_some();
        let mut ask = ask;
        super::begin(tx, &mut ask);
        let asked = Run::asked(&tx.state.db, ask);
        let kept = match asked {
            Ok(asked) => keep(tx, asked, depth + 1, Place { batch, place }).await,
            Err(error) => Err(error),
        };
        done.push(tx.state.end_operation(depth, kept)?.map(Ask));
    }
    if decodes {
        // A committed batch is never reported as failed: what may fail to be read is read before.
        let depth = tx.frame.map_or(0, |frame| frame.depth);
        tx.state.flush(depth).await?;
        landed(tx.state, &mut done, batch);
        for Ask(run) in done.iter_mut().flatten() {
            if let Some(decode) = run.decodes() {
                let decoded = decode(&mut run.body);
                tx.state.end_operation(depth, decoded)?;
            }
        }
    }
    Ok(done)
}

async fn keep(tx: &mut Tx<'_>, asked: Run<Asked>, depth: usize, place: Place) -> Result<Option<Box<Inner>>> {
    let Decided::Checked(run) = decided(&mut Link::Tx(tx), asked, depth).await? else {
        return Err(Error::invalid("an operation without plan hooks was made another one"));
    };
    let (table, is_write) = (run.op.table, run.is_write());
    match Pending::new(run, Some(place))? {
        Ok(pending) => {
            if is_write {
                tx.state.note_write(Some(table));
            }
            tx.state.pending.push(pending);
            Ok(None)
        }
        Err(done) => Ok(Some(done)),
    }
}

/// Takes the results of this batch: others may be under way around it.
fn landed(state: &mut TxState, done: &mut Done, batch: u64) {
    for (place, run) in state.landed.extract_if(.., |(place, _)| place.batch == batch) {
        if let Some(done) = done.get_mut(place.place) {
            *done = Some(Ask(run));
        }
    }
}

fn all(done: Done) -> Result<Vec<Ask>> {
    let all: Option<Vec<Ask>> = done.into_iter().collect();
    all.ok_or_else(|| Error::invalid("an operation of the batch came back without a result"))
}
