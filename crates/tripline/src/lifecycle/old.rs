//! Old rows: read once, locked by the transaction, only if someone asks, only the columns asked for (L23).

use std::collections::HashMap;

use tripline_core::{
    ColumnSet, Compare, Error, Kind, Node, Query, Result, RowSet, Slot, Statement, Step, Value, evaluate,
};

use super::{cascade, run::Inner};
use crate::Tx;

/// Reads the rows that the operation is about to write.
pub(super) async fn read_old(tx: &mut Tx<'_>, run: &mut Inner) -> Result<()> {
    let shared = tx.state.db.inner.traits.shared;
    let columns = columns_to_read(run, shared)?;
    let limit = tx.state.db.inner.settings.max_hook_rows;
    let query = Query {
        limit: Some((limit as u64).saturating_add(1)),
        filter: run.op.query.filter.clone(),
        ..Query::default()
    };
    // Where others write at the same time, the rows stay as they were read only if they are locked.
    let lock = shared.then_some(run.op.kind);
    let mut step = Step::new(Statement::Find { table: run.op.table, query: &query, columns: &columns, lock });
    tx.state.send(std::slice::from_mut(&mut step)).await?;
    let values = std::mem::take(&mut step.answer.values);
    keep_old(tx, run, RowSet { columns: columns.into(), values });
    cascade::spare(run);
    too_many(run, run.body.old.len(), limit)
}

/// Notes that these are the old rows, as of now.
pub(super) fn keep_old(tx: &Tx<'_>, run: &mut Inner, old: RowSet) {
    run.body.old = old;
    run.body.forget_typed();
    run.old_as_of = Some(tx.state.writes(run.op.table));
    run.is_narrowed = false;
}

/// The refusal of more rows than the engine keeps in memory for hooks.
pub(super) fn too_many(run: &Inner, rows: usize, limit: usize) -> Result<()> {
    if rows > limit { Err(Error::TooManyRows { operation: run.op.kept(), limit }) } else { Ok(()) }
}

/// What hooks ask for, the key to pair rows by, and what is needed to compute and compare.
pub(super) fn old_columns(run: &mut Inner) -> Result<Vec<u16>> {
    let table = run.op.table;
    let (before, after) = (run.reads(true), run.reads(false));
    let mut columns: ColumnSet = table.key.iter().copied().collect();
    columns.extend(before.old.iter().chain(after.old.iter()).flat_map(ColumnSet::iter));
    columns.extend(run.also_reads.iter().copied());
    columns.extend(run.cascades().iter().map(|cascade| cascade.target));
    if run.op.kind == Kind::Update {
        let read_ahead = run.cascading.is_some() || !run.also_reads.is_empty();
        if (before.old.is_some() || read_ahead) && after.pairs() {
            // Hooks and on-update values may yet set any column, and whether that changes it must be known.
            columns.extend(0..table.columns.len() as u16);
        }
        for (i, slot) in run.body.slots.flat()?.iter().enumerate() {
            if slot.is_set() && after.pairs() {
                columns.insert((i % table.columns.len()) as u16);
            }
        }
        columns.extend(computed_from(run)?.iter());
    }
    Ok(columns.iter().collect())
}

/// The columns that expressions are computed from.
fn computed_from(run: &mut Inner) -> Result<ColumnSet> {
    let mut columns = ColumnSet::EMPTY;
    let mut add = |node: &Node| {
        node.visit(&mut |node| {
            if let Node::Column(column) = node {
                columns.insert(*column);
            }
        });
    };
    for slot in run.body.slots.flat()?.iter() {
        if let Slot::Expr(node) = slot {
            add(node);
        }
    }
    run.computed.iter().for_each(|(_, node)| add(node));
    Ok(columns)
}

/// Whether old rows were read without columns that expressions are computed from.
pub(super) fn lacks_columns(run: &mut Inner) -> Result<bool> {
    if run.op.kind != Kind::Update || run.patch_each {
        return Ok(false);
    }
    let from = computed_from(run)?;
    Ok(from.iter().any(|column| run.body.old.position(column).is_none()))
}

/// The columns of old rows that are read before the write.
pub(super) fn columns_to_read(run: &mut Inner, shared: bool) -> Result<Vec<u16>> {
    let mut columns = old_columns(run)?;
    if !shared && run.op.kind == Kind::Update {
        add_wanted(run, &mut columns);
    }
    Ok(columns)
}

/// Adds the columns that are wanted of the rows after the write, so that [`updated`] has them.
fn add_wanted(run: &Inner, columns: &mut Vec<u16>) {
    let reads = run.reads(false);
    if reads.new.is_none() && reads.old.is_none() {
        return;
    }
    let mut all: ColumnSet = columns.iter().copied().collect();
    all.extend(reads.new.iter().flat_map(ColumnSet::iter).chain(run.op.columns().iter().copied()));
    *columns = all.iter().collect();
}

/// Makes of one patch for all rows one for each, in which expressions are computed (L22).
pub(super) fn split_patches(run: &mut Inner) -> Result<()> {
    if run.patch_each {
        return Ok(());
    }
    let patch = std::mem::take(run.body.slots.flat()?);
    let mut each = Vec::with_capacity(patch.len() * run.body.old.len());
    let null = Value::Null;
    for row in run.body.old.iter() {
        let value = |column| run.body.old.position(column).map_or(&null, |position| &row[position]);
        for slot in &patch {
            each.push(match slot {
                Slot::Expr(node) => Slot::To(evaluate(node, &value)?),
                other => other.clone(),
            });
        }
    }
    *run.body.slots.flat()? = each;
    run.patch_each = true;
    let computed = patch.into_iter().enumerate().filter_map(|(column, slot)| match slot {
        Slot::Expr(node) => Some((column, *node)),
        _ => None,
    });
    run.computed = computed.collect();
    Ok(())
}

/// Whether the table was written since the old rows were read, or the condition narrowed. Then they are read again, and
/// the write names keys.
pub(super) fn is_stale(tx: &Tx<'_>, run: &Inner) -> bool {
    run.is_narrowed || run.old_as_of.is_some_and(|as_of| as_of != tx.state.writes(run.op.table))
}

/// Reads the old rows anew, keeping those that were read before and are still there (L23).
pub(super) async fn read_again(tx: &mut Tx<'_>, run: &mut Inner) -> Result<()> {
    let before = run.body.old.clone();
    let known = by_key(run, &before);
    read_old(tx, run).await?;
    let (width, columns) = (run.op.table.columns.len(), run.body.old.columns.len());
    let read = std::mem::take(&mut run.body.old.values);
    let patches = if run.patch_each { std::mem::take(run.body.slots.flat()?) } else { Vec::new() };
    let (mut old, mut kept) = (Vec::new(), Vec::new());
    let mut order = Vec::with_capacity(before.len());
    let key = key_positions(run, &run.body.old);
    for row in read.chunks_exact(columns) {
        if let Some(&i) = known.get(&identity(row, &key)) {
            old.extend_from_slice(row);
            order.push(i);
            if run.patch_each {
                let patch = patches[i * width..][..width].to_vec();
                kept.extend(compute_again(run, patch, (&before, before.row(i)), row)?);
            }
        }
    }
    run.body.old.values = old;
    if let Some(given) = &mut run.local.given {
        given.choose(order.into_iter());
    }
    if run.patch_each {
        *run.body.slots.flat()? = kept;
    }
    Ok(())
}

/// Computes what the caller's expressions say of the row as it is now, unless a hook has put a value of its own.
fn compute_again(
    run: &Inner,
    mut patch: Vec<Slot>,
    (columns, before): (&RowSet, &[Value]),
    now: &[Value],
) -> Result<Vec<Slot>> {
    let null = Value::Null;
    for (column, node) in &run.computed {
        let of = |rows: &RowSet, row: &[Value]| {
            let value = |column| rows.position(column).map_or(&null, |position| &row[position]);
            evaluate(node, &value)
        };
        if patch[*column] == Slot::To(of(columns, before)?) {
            patch[*column] = Slot::To(of(&run.body.old, now)?);
        }
    }
    Ok(patch)
}

/// The keys of the old rows.
pub(super) fn old_keys(run: &Inner) -> RowSet {
    let positions = key_positions(run, &run.body.old);
    let mut keys = RowSet::new(run.op.table.key);
    for row in run.body.old.iter() {
        keys.values.extend(positions.iter().map(|position| row[*position].clone()));
    }
    keys
}

/// Puts the new rows in the order of the old ones, and leaves out old rows that were not written.
pub(super) fn pair(run: &mut Inner) {
    let (old_key, new_key) = (key_positions(run, &run.body.old), key_positions(run, &run.body.new));
    let same_key =
        |(old, new): (&[Value], &[Value])| old_key.iter().zip(&new_key).all(|(o, n)| old[*o] == new[*n]);
    let body = &run.body;
    if body.old.len() == body.new.len() && body.old.iter().zip(body.new.iter()).all(same_key) {
        return;
    }
    let known = by_key(run, &run.body.new);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let mut kept = Vec::with_capacity(run.body.new.len());
    for (place, row) in run.body.old.iter().enumerate() {
        if let Some(&i) = known.get(&identity(row, &old_key)) {
            kept.push(place);
            old.extend_from_slice(row);
            new.extend_from_slice(run.body.new.row(i));
        }
    }
    if let Some(given) = &mut run.local.given {
        given.choose(kept.into_iter());
    }
    run.body.old.values = old;
    run.body.new.values = new;
}

pub(super) fn key_positions(run: &Inner, rows: &RowSet) -> Vec<usize> {
    run.op.table.key.iter().filter_map(|column| rows.position(*column)).collect()
}

pub(super) fn by_key(run: &Inner, rows: &RowSet) -> HashMap<Vec<u8>, usize> {
    let positions = key_positions(run, rows);
    rows.iter().enumerate().map(|(i, row)| (identity(row, &positions), i)).collect()
}

pub(super) fn identity(row: &[Value], positions: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    positions.iter().for_each(|position| row[*position].write_identity(&mut bytes));
    bytes
}

/// The condition that a row has the key of one of these.
pub(super) fn with_keys_of(key: &[u16], positions: &[usize], rows: &[Value], width: usize) -> Node {
    let equal = |row: &[Value]| {
        let parts = key.iter().zip(positions).map(|(column, position)| {
            Node::compare(Compare::Eq, Node::Column(*column), Node::Literal(row[*position].clone()))
        });
        Node::And(parts.collect())
    };
    let mut rows = rows.chunks_exact(width);
    let values = |row: &[Value]| positions.iter().map(|position| row[*position].clone()).collect::<Vec<_>>();
    match (key, positions, rows.len()) {
        (_, _, 1) => rows.next().map_or(Node::And(Vec::new()), equal),
        ([column], [position], _) => {
            Node::In(Box::new(Node::Column(*column)), rows.map(|row| row[*position].clone()).collect())
        }
        _ => Node::InRows(key.to_vec(), rows.flat_map(values).collect()),
    }
}
