//! Guard: may this be done at all? Refuses early, before any hook runs.

use tripline_core::{Access, Chain, Error, Kind, Node, Origin, Phase, Result, Slot, Violation};

use super::{
    Link,
    check::check_given,
    is_write,
    origin::origin_of,
    run::{Asked, Guarded, Run},
};
use crate::{Tx, catalog::concerns};

pub(super) fn guard(link: &Link<'_, '_>, mut run: Run<Asked>, depth: usize) -> Result<Run<Guarded>> {
    if let Some(mistake) = run.mistake.take() {
        return Err(mistake);
    }
    if let (Some(database), None) = (run.op.database, run.resolver()) {
        let why = format!("the sink of database `{database}` does not resolve {:?}", run.op);
        return Err(Error::invalid(why));
    }
    if run.is_dynamic && matches!(run.op.kind, Kind::Create | Kind::Update | Kind::Upsert) {
        let table = run.op.table;
        check_given(table, run.body.slots.flat()?)?;
    }
    if let Some(hook) = run.once.iter().find(|hook| !would_run(hook.phase, run.op.kind)) {
        let why = format!("the {:?} hook at {} would not run for {:?}", hook.phase, hook.place, run.op);
        return Err(Error::invalid(why));
    }
    refuse_unresolved(&run)?;
    if let Link::Tx(tx) = link {
        if is_write(run.op.kind) && (tx.only_reads || tx.state.mode.access == Access::Read) {
            return Err(Error::ReadOnlyTransaction(run.op.kept()));
        }
        // Reads have hooks, too, which may read.
        let inherited = tx.state.db.origin.as_ref().map_or(0, |origin| origin.depth);
        let limit = tx.state.db.inner.settings.max_depth;
        if depth + inherited > limit.saturating_add(1) {
            return Err(Error::TooDeep(Box::new(Chain { limit, steps: chain(&run, tx) })));
        }
    }
    if is_write(run.op.kind) {
        let filtered = run.op.query.filter.as_ref().is_some_and(chooses) || run.op.query.all_rows;
        if matches!(run.op.kind, Kind::Update | Kind::Delete) && !filtered {
            return Err(Error::Unfiltered(run.op.kept()));
        }
        // The engine may; and what an upsert is made of was asked with it.
        if run.cascading.is_none() && !run.is_part && run.callers.is_none() {
            refuse_read_only(&mut run)?;
        }
    }
    Ok(run.next())
}

/// What a resolver is not asked for would be asked of the database, where its rows are not (L33).
fn refuse_unresolved(run: &Run<Asked>) -> Result<()> {
    let part = match run.op.kind {
        Kind::Upsert if run.has_resolver(Kind::Create) || run.has_resolver(Kind::Update) => "upserts",
        Kind::Create if run.refreshed && run.has_resolver(Kind::Create) => "rows to be read again",
        kind @ (Kind::Update | Kind::Delete)
            if run.has_resolver(kind) && run.once.iter().any(|hook| hook.reads.old.is_some()) =>
        {
            "hooks of one operation that see rows as they were"
        }
        _ => return Ok(()),
    };
    Err(Error::invalid(format!("{:?} is resolved elsewhere, where there are no {part}", run.op)))
}

/// An upsert's hooks are those of the creates and updates that it makes.
pub(super) fn would_run(phase: Phase, kind: Kind) -> bool {
    match kind {
        Kind::Upsert => concerns(phase, Kind::Create) || concerns(phase, Kind::Update),
        kind => concerns(phase, kind),
    }
}

/// Hooks may set what callers may not (L25), so this is asked before they run.
fn refuse_read_only(run: &mut Run<Asked>) -> Result<()> {
    let table = run.op.table;
    if !table.columns.iter().any(|column| column.read_only || column.set_by_hook) {
        return Ok(());
    }
    let slots = run.body.slots.flat()?.clone();
    let of_existing = run.conflict.as_ref().and_then(|conflict| conflict.update.as_ref());
    let of_existing = of_existing.map_or(&[][..], |update| &update.set);
    for row in slots.chunks_exact(table.columns.len()).chain(of_existing.chunks_exact(table.columns.len())) {
        let set = |(slot, column): (&Slot, &tripline_core::ColumnDesc)| {
            (!matches!(slot, Slot::Unset) && (column.read_only || column.set_by_hook))
                .then(|| column.name.to_owned())
        };
        let columns: Vec<String> = row.iter().zip(table.columns).filter_map(set).collect();
        if !columns.is_empty() {
            return Err(Error::ReadOnly(Violation::new(table.name, columns, None)));
        }
    }
    Ok(())
}

/// Whether a condition says anything: a conjunction of none, from a list that came out empty, does not (M5).
fn chooses(filter: &Node) -> bool {
    match filter {
        Node::And(all) => all.iter().any(chooses),
        _ => true,
    }
}

/// The operations that led here, outermost first, also those before the commits in between.
fn chain(run: &Run<Asked>, tx: &Tx<'_>) -> Vec<Origin> {
    let mut steps: Vec<Origin> = origin_of(&run.op, tx.frame, &tx.state.db).collect();
    steps.reverse();
    steps
}
