//! Guard: may this be done at all? Refuses early, before any hook runs.

use tripline_core::{Access, Chain, Error, Kind, Result, Slot, Violation};

use super::{
    Link, is_write,
    origin::Frame,
    run::{Asked, Guarded, Run},
};

pub(super) fn guard(link: &Link<'_, '_>, mut run: Run<Asked>, depth: usize) -> Result<Run<Guarded>> {
    if let Some(mistake) = run.mistake.take() {
        return Err(mistake);
    }
    if is_write(run.op.kind) {
        if let Link::Tx(tx) = link {
            if tx.state.access == Access::Read {
                return Err(Error::ReadOnlyTransaction(run.op.kept()));
            }
            let inherited = tx.state.db.origin.as_ref().map_or(0, |origin| origin.depth);
            let limit = tx.state.db.inner.settings.max_depth;
            if depth + inherited > limit + 1 {
                return Err(Error::TooDeep(Box::new(Chain { limit, steps: chain(&run, tx.frame) })));
            }
        }
        let filtered = run.op.query.filter.is_some() || run.op.query.all_rows;
        if run.op.kind != Kind::Create && !filtered {
            return Err(Error::Unfiltered(run.op.kept()));
        }
        refuse_read_only(&mut run)?;
    }
    Ok(run.next())
}

/// Hooks may set what callers may not (L25), so this is asked before they run.
fn refuse_read_only(run: &mut Run<Asked>) -> Result<()> {
    let table = run.op.table;
    if !table.columns.iter().any(|column| column.read_only || column.set_by_hook) {
        return Ok(());
    }
    let slots = run.body.slots.flat()?;
    for row in slots.chunks_exact(table.columns.len()) {
        let set = |(slot, column): (&Slot, &tripline_core::ColumnDesc)| {
            (slot.is_set() && (column.read_only || column.set_by_hook)).then(|| column.name.to_owned())
        };
        let columns: Vec<String> = row.iter().zip(table.columns).filter_map(set).collect();
        if !columns.is_empty() {
            return Err(Error::ReadOnly(Violation::new(table.name, columns, None)));
        }
    }
    Ok(())
}

fn chain(run: &Run<Asked>, frame: Option<&Frame<'_>>) -> Vec<(tripline_core::Kept, Option<tripline_core::HookName>)> {
    let mut steps = vec![(run.op.kept(), None)];
    let mut frame = frame;
    while let Some(step) = frame {
        steps.push((step.operation.kept(), step.hook));
        frame = step.parent;
    }
    steps.reverse();
    steps
}
