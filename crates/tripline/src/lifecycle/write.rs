//! Write: the checked operation becomes statements, and the answer becomes rows.

use std::borrow::Cow;

use tripline_core::{
    Answer, ColumnSet, Kind, Node, Result, RowSet, Slot, Statement, Step, TableRef, Value, all_columns,
};

use super::{
    Link, computed,
    old::{is_stale, old_columns, old_keys, pair, read_again, read_old, too_many},
    run::{Checked, Inner, Run, Written},
    upsert,
};

pub(super) async fn write(link: &mut Link<'_, '_>, mut run: Run<Checked>) -> Result<Run<Written>> {
    if let Some(bound) = run.resolver() {
        let bound = bound.clone();
        return Box::pin(super::resolve::resolve(link, run, &bound)).await;
    }
    match run.op.kind {
        Kind::Create => insert(link, &mut run).await?,
        Kind::Update => update(link, &mut run).await?,
        Kind::Delete => delete(link, &mut run).await?,
        Kind::Upsert => Box::pin(upsert::write(link, &mut run)).await?,
        _ => read(link, &mut run).await?,
    }
    if super::is_write(run.op.kind)
        && run.body.count > 0
        && let Link::Tx(tx) = link
    {
        tx.state.note_write(Some(run.op.table));
    }
    Ok(run.next())
}

async fn read(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let (table, kind) = (run.op.table, run.op.kind);
    let mut columns = run.op.columns();
    if let Some(hooks) = run.reads(false).new.filter(|_| kind == Kind::Find) {
        let mut all: ColumnSet = columns.iter().copied().collect();
        all.extend(hooks.iter());
        columns = all.iter().collect::<Vec<_>>().into();
    }
    let query = &run.op.query;
    let mut step = Step::new(match kind {
        Kind::Count => Statement::Count { table, query },
        Kind::Exists => Statement::Exists { table, query },
        _ => Statement::Find { table, query, columns: &columns, lock: None },
    });
    link.send(&mut step, kind).await?;
    run.body.count = step.answer.count;
    let values = std::mem::take(&mut step.answer.values);
    run.body.new = RowSet { columns, values };
    Ok(())
}

/// How many rows are written before others on this thread get a turn.
pub(super) const ROWS_PER_TURN: usize = 1_000;

async fn insert(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let width = table.columns.len().max(1);
    let mut rows = values_of(std::mem::take(run.body.slots.flat()?));
    if let Some(conflict) = run.conflict.take() {
        return Box::pin(upsert::insert_new(link, run, rows, &conflict)).await;
    }
    let at_once = if link.traits().remote { rows.len().max(1) } else { ROWS_PER_TURN * width };
    let turns = rows.len().div_ceil(at_once);
    for (turn, chunk) in rows.chunks_mut(at_once).enumerate() {
        if turn > 0 {
            tokio::task::yield_now().await;
        }
        let mut step = Step::new(Statement::Insert { table, rows: chunk });
        if turn + 1 == turns {
            link.send_last(&mut step, Kind::Create).await?;
        } else {
            link.send(&mut step, Kind::Create).await?;
        }
        run.body.count += step.answer.count;
    }
    run.body.new = RowSet { columns: all_columns(table), values: rows };
    Ok(())
}

/// The values of drafts; null where nothing was said.
pub(crate) fn values_of(slots: Vec<Slot>) -> Vec<Value> {
    let mut values = Vec::with_capacity(slots.len());
    for slot in slots {
        values.push(match slot {
            Slot::To(value) | Slot::Default(value) => value,
            Slot::Unset | Slot::Expr(_) => Value::Null,
        });
    }
    values
}

async fn update(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let traits = link.traits();
    let (mut stale, mut with_old) = (false, false);
    if let Link::Tx(tx) = link {
        stale = is_stale(tx, run);
        // Boxed, like all that is not on every operation's way: it would make every operation's future larger.
        if stale {
            Box::pin(read_again(tx, run)).await?;
        }
        let empty = !run.body.slots.flat()?.iter().any(Slot::is_set);
        if run.old_as_of.is_none() && !empty && run.reads(false).old.is_some() {
            with_old = traits.shared;
            if !with_old {
                Box::pin(read_old(tx, run)).await?;
            }
        }
    }
    let left_out = run.patch_each && leave_out_unchanged(run)?;
    // An empty patch changes nothing (M3), and if there are no old rows there is nothing to change.
    if !run.body.slots.flat()?.iter().any(Slot::is_set) || run.old_as_of.is_some() && run.body.old.is_empty()
    {
        run.body.old.values.clear();
        return Ok(());
    }
    if run.patch_each && !stale {
        unite_equal_patches(run)?;
    }
    // Where others write at the same time, more rows may fulfil the filter by now than were read.
    let spares = run.cascading.as_ref().is_some_and(|cascading| cascading.spares(run));
    let by_key = stale || spares || left_out || traits.shared && run.old_as_of.is_some();
    let keys = (run.patch_each || by_key).then(|| old_keys(run));
    let (returning, paired, seen) = {
        let reads = run.reads(false);
        // Also what was given of each row stands in the order of the old ones.
        let paired = reads.old.is_some() || run.patch_each && run.local.given.is_some();
        (returning(run, reads.new.as_ref(), paired)?, paired, reads.new.is_some() || with_old)
    };
    let returning_old = if with_old { old_columns(run)? } else { Vec::new() };
    let known = if traits.shared { None } else { computed::updated(run, &returning)? };
    let answered = if known.is_some() { &[][..] } else { &returning[..] };
    let patches = std::mem::take(run.body.slots.flat()?);
    let many = keys.as_ref().filter(|keys| keys.len() > ROWS_PER_TURN && !traits.remote);
    let answer = if let Some(keys) = many {
        let filter = filter_beside(run, Some(keys));
        Box::pin(update_in_turns(link, run.op.table, filter, keys, &patches, answered)).await?
    } else {
        let mut step = Step::new(Statement::Update {
            table: run.op.table,
            filter: filter_beside(run, keys.as_ref()),
            patches: &patches,
            keys: keys.as_ref(),
            returning: answered,
            returning_old: &returning_old,
            limit: if seen { link.db().inner.settings.max_hook_rows as u64 } else { u64::MAX },
        });
        if answered.is_empty() && returning_old.is_empty() {
            link.send_last(&mut step, Kind::Update).await?;
        } else {
            link.send(&mut step, Kind::Update).await?;
        }
        step.answer
    };
    run.body.count = answer.count;
    if let Some(values) = known {
        computed::all_updated(run)?;
        run.body.new = RowSet { columns: returning, values };
    } else if with_old {
        part(run, answer.values, returning, returning_old);
    } else {
        run.body.new = RowSet { columns: returning, values: answer.values };
        if paired {
            pair(run);
        }
    }
    limit_rows(link, run, seen)
}

/// The condition of a write beside the keys that it names. A list of the same rows, looked through for each of them, would
/// only cost time.
fn filter_beside<'r>(run: &'r Inner, keys: Option<&RowSet>) -> Option<&'r Node> {
    run.op.query.filter.as_ref().filter(|_| keys.is_none() || !run.is_listed)
}

/// Rows that came back as they are with the same rows as they were.
fn part(run: &mut Inner, values: Vec<Value>, new: Cow<'static, [u16]>, old: Vec<u16>) {
    let width = new.len() + old.len();
    let (mut after, mut before) = (RowSet::new(new), RowSet::new(old));
    let mut values = values.into_iter();
    while values.len() >= width {
        after.values.extend(values.by_ref().take(after.columns.len()));
        before.values.extend(values.by_ref().take(before.columns.len()));
    }
    run.body.new = after;
    run.body.old = before;
    run.body.forget_typed();
}

/// Updates row by row, with a turn for others after so many; the transaction stays open meanwhile.
async fn update_in_turns(
    link: &mut Link<'_, '_>,
    table: TableRef,
    filter: Option<&Node>,
    keys: &RowSet,
    patches: &[Slot],
    returning: &[u16],
) -> Result<Answer> {
    let width = table.columns.len();
    let each = patches.len() > width;
    let mut all = Answer::default();
    for (turn, part) in keys.values.chunks(ROWS_PER_TURN * table.key.len()).enumerate() {
        if turn > 0 {
            tokio::task::yield_now().await;
        }
        let keys = RowSet { columns: keys.columns.clone(), values: part.to_vec() };
        let patches = match each {
            true => &patches[turn * ROWS_PER_TURN * width..][..keys.len() * width],
            false => patches,
        };
        let keys = Some(&keys);
        let (returning_old, limit) = (&[][..], u64::MAX);
        let mut step =
            Step::new(Statement::Update { table, filter, patches, keys, returning, returning_old, limit });
        link.send(&mut step, Kind::Update).await?;
        all.count += step.answer.count;
        all.values.append(&mut step.answer.values);
    }
    Ok(all)
}

async fn delete(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let mut stale = false;
    if let Link::Tx(tx) = link {
        stale = is_stale(tx, run);
        if stale {
            Box::pin(read_again(tx, run)).await?;
        }
    }
    if run.old_as_of.is_some() && run.body.old.is_empty() {
        return Ok(());
    }
    let spares = run.cascading.as_ref().is_some_and(|cascading| cascading.spares(run));
    let by_key = stale || spares || link.traits().shared && run.old_as_of.is_some();
    let keys = by_key.then(|| old_keys(run));
    let (returning, seen) = {
        let reads = run.reads(false);
        (returning(run, reads.old.as_ref(), false)?, reads.old.is_some())
    };
    let mut step = Step::new(Statement::Delete {
        table: run.op.table,
        filter: filter_beside(run, keys.as_ref()),
        keys: keys.as_ref(),
        returning: &returning,
    });
    if returning.is_empty() {
        link.send_last(&mut step, Kind::Delete).await?;
    } else {
        link.send(&mut step, Kind::Delete).await?;
    }
    let answer = step.answer;
    run.body.count = answer.count;
    run.body.old = RowSet { columns: returning, values: answer.values };
    run.body.forget_typed();
    limit_rows(link, run, seen)
}

/// The columns that the database gives back: what hooks ask for (L42), what the caller asks for, and the key and
/// all changed columns where rows are compared.
fn returning(run: &mut Inner, hooks: Option<&ColumnSet>, compared: bool) -> Result<Cow<'static, [u16]>> {
    let table = run.op.table;
    let callers = run.op.columns();
    if hooks.is_none() && !compared {
        return Ok(callers);
    }
    let mut columns: ColumnSet = callers.iter().copied().collect();
    columns.extend(hooks.iter().flat_map(|set| set.iter()));
    if compared {
        columns.extend(table.key.iter().copied());
        let width = table.columns.len();
        let set = run.body.slots.flat()?.iter().enumerate().filter(|(_, slot)| slot.is_set());
        columns.extend(set.map(|(i, _)| (i % width) as u16).collect::<Vec<_>>());
    }
    Ok(columns.iter().collect::<Vec<_>>().into())
}

/// Leaves out the rows whose patches change nothing; says whether there were any.
fn leave_out_unchanged(run: &mut Inner) -> Result<bool> {
    let (width, columns) = (run.op.table.columns.len(), run.body.old.columns.len());
    let slots = run.body.slots.flat()?;
    if slots.chunks_exact(width).all(|patch| patch.iter().any(Slot::is_set)) {
        return Ok(false);
    }
    let (patches, rows) = (std::mem::take(slots), std::mem::take(&mut run.body.old.values));
    let rows = rows.chunks_exact(columns).zip(patches.chunks_exact(width));
    for (row, patch) in rows.filter(|(_, patch)| patch.iter().any(Slot::is_set)) {
        run.body.slots.flat()?.extend_from_slice(patch);
        run.body.old.values.extend_from_slice(row);
    }
    if let Some(given) = &mut run.local.given {
        let patches = patches.chunks_exact(width).enumerate();
        given.choose(patches.filter(|(_, patch)| patch.iter().any(Slot::is_set)).map(|(row, _)| row));
    }
    run.body.forget_typed();
    Ok(true)
}

/// Patches that do not differ are one patch, and one statement.
fn unite_equal_patches(run: &mut Inner) -> Result<()> {
    let width = run.op.table.columns.len();
    let slots = run.body.slots.flat()?;
    let (first, rest) = slots.split_at(width);
    if rest.chunks_exact(width).all(|patch| patch == first) {
        slots.truncate(width);
        run.patch_each = false;
    }
    Ok(())
}

fn limit_rows(link: &Link<'_, '_>, run: &Inner, needed: bool) -> Result<()> {
    match link {
        Link::Tx(tx) if needed => {
            too_many(run, run.body.count as usize, tx.state.db.inner.settings.max_hook_rows)
        }
        _ => Ok(()),
    }
}
