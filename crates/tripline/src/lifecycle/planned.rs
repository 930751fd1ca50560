//! Planned operations and writes that nobody waits for: what travels together (L31, L32).

use tripline_core::{Cause, Result};

use super::{
    Decided, Link, decided, operation,
    origin::Frame,
    run,
    run::{Asked, Checked, Inner, Run},
};
use crate::{Db, On, Tx, hooks::plan::PlannedOperation, tx::Pending};

/// Runs a write whose result nobody waits for: in a transaction on a server, where nothing is attached that must see
/// it, it travels with the next flight (L32). All else runs as ever.
pub(crate) async fn pipeline(on: On<'_>, ask: Box<Inner>) -> Result<()> {
    match on {
        On::Tx(mut tx) if tx.state.db.inner.traits.remote && !ask.savepoint => pipelined(&mut tx, ask).await,
        on => run(on, ask).await.map(drop),
    }
}

async fn pipelined(tx: &mut Tx<'_>, ask: Box<Inner>) -> Result<()> {
    tx.settle()?;
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    let mut asked = match Run::asked(&tx.state.db, ask) {
        Ok(asked) => asked,
        Err(error) => return tx.state.end_operation(depth, Err(error)),
    };
    if !asked.is_write() || !asked.travels(&tx.state.db) {
        return operation(tx, asked).await.map(drop);
    }
    super::begin(tx, &mut asked);
    let kept = kept_back(tx, asked, depth + 1).await.map(|pending| tx.state.pending.extend(pending));
    tx.state.end_operation(depth, kept)
}

async fn kept_back(tx: &mut Tx<'_>, asked: Run<Asked>, depth: usize) -> Result<Option<Pending>> {
    let Decided::Checked(run) = decided(&mut Link::Tx(tx), asked, depth).await? else { return Ok(None) };
    let table = run.op.table;
    let pending = Pending::new(run, None)?.ok();
    if pending.is_some() {
        tx.state.note_write(Some(table));
    }
    Ok(pending)
}

/// Runs what was planned before the operation.
pub(super) async fn before(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    for planned in std::mem::take(&mut run.planned.before) {
        one(tx, run, planned, depth).await?;
    }
    Ok(())
}

/// Runs what was planned after the operation.
pub(super) async fn after(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    for planned in std::mem::take(&mut run.planned.after) {
        if run.body.count > 0 || !planned.ask.if_any {
            one(tx, run, planned, depth).await?;
        }
    }
    Ok(())
}

/// As the operation's actor, with its origin, and its own hooks.
async fn one(tx: &mut Tx<'_>, run: &mut Inner, planned: PlannedOperation, depth: usize) -> Result<()> {
    let frame = frame(tx, run, &planned, depth);
    Box::pin(pipeline(On::Tx(tx.inside(&frame)), planned.ask)).await
}

fn frame<'f>(tx: &Tx<'f>, run: &'f Inner, planned: &PlannedOperation, depth: usize) -> Frame<'f> {
    let (hook, node) = (planned.hook, planned.node.or(run.node).unwrap_or(0));
    Frame { operation: &run.op, cause: Cause::Planned(hook), parent: tx.frame, depth, node }
}

/// Whether all that is planned after the operation can travel with it and with COMMIT.
pub(super) fn can_trail(db: &Db, run: &Run<Checked>) -> bool {
    let trails = |ask: &Inner| ask.is_write() && !ask.if_any && !ask.savepoint && ask.travels(db);
    run.planned.after.iter().all(|planned| trails(&planned.ask))
}

/// Puts what is planned after the operation behind it, to travel with COMMIT.
pub(super) async fn trail(tx: &mut Tx<'_>, run: &mut Inner, depth: usize) -> Result<()> {
    for planned in std::mem::take(&mut run.planned.after) {
        let frame = frame(tx, run, &planned, depth);
        let mut tx = tx.inside(&frame);
        let mut asked = Run::asked(&tx.state.db, planned.ask)?;
        let (under, kept) = (tx.node(), asked.op.kept());
        tx.state.trace_operation(&mut asked.node, under, kept);
        let pending = kept_back(&mut tx, asked, depth + 1).await?;
        tx.state.trailing.extend(pending);
    }
    Ok(())
}
