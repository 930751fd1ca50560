//! Resolve: a resolver answers in the database's place, and its answer is looked at (L33).

use tripline_core::{Error, HookError, Kind, Result};

use super::{
    Link,
    run::{Checked, Inner, Run, Written},
};
use crate::{
    beside,
    catalog::Bound,
    hooks::{
        Call,
        resolve::{Question, wrong},
    },
    spans::Live,
};

pub(super) async fn resolve(
    link: &mut Link<'_, '_>,
    mut run: Run<Checked>,
    bound: &Bound,
) -> Result<Run<Written>> {
    let drafts = match run.op.kind {
        Kind::Create => run.body.slots.flat()?.len() / run.op.table.columns.len().max(1),
        _ => 0,
    };
    let reads = run.reads(false);
    let asked = !run.op.columns().is_empty();
    let wants_rows = run.is_write() && (asked || reads.old.is_some() || reads.new.is_some());
    let node = match link {
        Link::Tx(tx) => {
            Some(tx.state.trace_hook(run.node.unwrap_or(0), bound.hook.phase, bound.name(), bound.scope))
        }
        Link::Db(_) => None,
    };
    if link.is_dry() {
        run.body.count = 1;
        return Ok(run.next());
    }
    let live = Live::hook(bound.hook.phase, bound.name(), run.op.kind, run.op.table.name);
    let called = live.around(call(link, &mut run, bound, wants_rows)).await;
    let failed = called.as_ref().err().map(Error::code);
    live.ended(failed);
    if let (Link::Tx(tx), Some(node)) = (&mut *link, node) {
        tx.state.trace_end(node, failed);
    }
    called.map_err(|source| {
        let (table, operation) = (run.op.table.name, run.op.kind);
        let (phase, hook) = (bound.hook.phase, bound.name());
        Error::Hook(Box::new(HookError { table, operation, phase, hook, source }))
    })?;
    check(&run, drafts, wants_rows)?;
    if run.op.kind == Kind::Exists {
        run.body.count = run.body.count.min(1);
    }
    Ok(run.next())
}

async fn call(link: &mut Link<'_, '_>, run: &mut Inner, bound: &Bound, wants_rows: bool) -> Result<()> {
    let Call::Resolve(resolver) = bound.hook.call else { return Ok(()) };
    let (op, carrier) = (&run.op, bound.carrier());
    match link {
        Link::Tx(tx) => {
            let (db, actor, frame) = (&tx.state.db, &tx.actor, tx.frame);
            let question = Question { op, actor, frame, db, wants_rows };
            let answer = resolver(carrier, question, &mut run.body);
            beside::inside(db.id(), Some(bound.name()), answer).await
        }
        Link::Db(db) => {
            let question = Question { op, actor: &db.actor, frame: None, db, wants_rows };
            resolver(carrier, question, &mut run.body).await
        }
    }
}

/// Whether the answer has the shape that was asked for.
fn check(run: &Inner, drafts: usize, wants_rows: bool) -> Result<()> {
    let (op, body) = (&run.op, &run.body);
    let count = body.count;
    let limit = match op.kind {
        Kind::Find if !op.many => Some(1),
        Kind::Find => op.query.limit,
        Kind::Create if count != drafts as u64 => {
            return Err(wrong(op, format_args!("{count} rows for {drafts} drafts")));
        }
        Kind::Update | Kind::Delete if !op.many => Some(1),
        _ => None,
    };
    if let Some(limit) = limit.filter(|limit| count > *limit) {
        return Err(wrong(op, format_args!("{count} rows where at most {limit} were asked for")));
    }
    let rows = if op.kind == Kind::Delete { body.old.len() } else { body.new.len() };
    if wants_rows && rows as u64 != count {
        return Err(wrong(op, "a number where rows were asked for"));
    }
    Ok(())
}
