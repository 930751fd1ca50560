//! Upsert: new rows, or changes to the rows that are there already (L44).
//!
//! Where nothing is attached it is one statement. Else it is an update of the rows that are there, which are locked
//! first, and a create of the rest, each with its own hooks. A created row that turns out to be there after all, since
//! somebody else was faster or a hook has changed what it is known by, goes the way of an update then.

use std::collections::{HashMap, HashSet};

use tripline_core::{
    Cause, Compare, Conflict, ConflictUpdate, Error, Invalid, Kind, Node, OnUpdate, Operation, Phase, Result,
    Returns, RowSet, Slot, Statement, Step, TableRef, Value, all_columns,
};

use super::{
    Link,
    before::fill_defaults,
    guard,
    old::{identity, read_old},
    operation,
    origin::Frame,
    run::{Asked, Inner, Run},
    values_of,
};
use crate::{
    Db, Tx,
    catalog::{Bound, is_before},
};

/// How often rows may turn out to be there, and then not to be there, before it is given up.
const ATTEMPTS: usize = 8;

/// The rows of one upsert on their way.
struct Rows {
    /// Each draft's slots, one after the other.
    drafts: Vec<Slot>,
    /// By which values each is known.
    known_by: Vec<Vec<Value>>,
    /// What the caller gets of each.
    results: Vec<Option<Vec<Value>>>,
    /// The columns of those.
    columns: Vec<u16>,
    /// The phases of the upsert's own hooks that ran.
    spent: Vec<Phase>,
}

impl Rows {
    /// Notes that the operation's own hooks run. They can do so once: rows that came after that are refused, for what
    /// such a hook checks would not be checked.
    fn spend(&mut self, asked: &Inner) -> Result<()> {
        let kind = asked.op.kind;
        if let Some(phase) = self.spent.iter().find(|phase| crate::catalog::concerns(**phase, kind)) {
            let why = format!(
                "the upsert's own {phase} hook ran for other rows before it was known that these were there: attach it \
                 to the table"
            );
            return Err(about(asked.op.table, why));
        }
        let own = asked.once.iter().filter(|hook| hook.call.is_some());
        self.spent.extend(own.map(|hook| hook.phase));
        Ok(())
    }
}

impl Inner {
    /// Whether it is an upsert that is several operations, since something is attached to what it may do.
    pub(crate) fn is_divided(&self, db: &Db) -> bool {
        if self.op.kind != Kind::Upsert {
            return false;
        }
        let attached = db.inner.catalog.of(&self.op).ok().filter(|_| !self.op.without_hooks);
        let has_some = |kind| {
            let hooks = attached.and_then(|attached| attached.hooks(kind));
            hooks.is_some_and(|hooks| hooks.iter().next().is_some())
        };
        let is_past = |bound: &Bound| is_before(bound.hook.phase) || bound.hook.is_plan();
        let of_create = attached.and_then(|attached| attached.hooks(Kind::Create));
        let creates =
            of_create.is_some_and(|hooks| hooks.iter().any(|bound| !self.is_prepared || !is_past(bound)));
        creates || has_some(Kind::Update) || !self.once.is_empty() || !self.is_uniform
    }
}

/// Whether all drafts say something of the same columns.
pub(crate) fn is_uniform(drafts: &[Slot], width: usize) -> bool {
    let mut rows = drafts.chunks_exact(width.max(1));
    let Some(first) = rows.next() else { return true };
    let same = |row: &[Slot]| row.iter().zip(first).all(|(slot, other)| slot.is_set() == other.is_set());
    rows.all(same)
}

/// Makes ready what is one statement: which columns an existing row takes, and its on-update values (T2).
pub(super) fn prepare(db: &Db, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let Some(mut conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    check_target(table, &conflict.target)?;
    let drafts = run.body.slots.flat()?.clone();
    let known_by: Vec<Vec<Value>> =
        drafts.chunks_exact(table.columns.len()).map(|draft| values_by(draft, &conflict.target)).collect();
    check_twice(table, &conflict.target, &known_by)?;
    let now = run.now(db);
    if let Some(update) = &mut conflict.update {
        if is_empty(update) {
            let first = drafts.chunks_exact(table.columns.len()).next().unwrap_or_default();
            update.excluded = given(table, first, &conflict.target);
        }
        if is_empty(update) {
            // A row comes back only if it is written: it takes what it has.
            update.excluded = conflict.target.clone();
        } else {
            for (column, desc) in table.columns.iter().enumerate() {
                let set = update.set.get(column).is_some_and(Slot::is_set);
                if set || update.excluded.contains(&(column as u16)) {
                    continue;
                }
                let value = match desc.on_update {
                    OnUpdate::Now => Value::Timestamp(now),
                    OnUpdate::Function(value) => value(),
                    _ => continue,
                };
                update.set.resize(table.columns.len(), Slot::Unset);
                update.set[column] = Slot::To(value);
            }
        }
    }
    run.conflict = Some(conflict);
    Ok(())
}

fn is_empty(update: &ConflictUpdate) -> bool {
    update.excluded.is_empty() && !update.set.iter().any(Slot::is_set)
}

/// The columns that a draft gives and an existing row can take.
fn given(table: TableRef, draft: &[Slot], target: &[u16]) -> Vec<u16> {
    let given = (0..).zip(draft).filter(|(_, slot)| slot.is_set()).map(|(column, _)| column);
    given.filter(|column| !target.contains(column) && !table.is_key(*column)).collect()
}

/// As one statement.
pub(super) async fn write(link: &mut Link<'_, '_>, run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let Some(conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    let rows = values_of(std::mem::take(run.body.slots.flat()?));
    let returning = run.op.columns();
    if rows.is_empty() {
        return Ok(());
    }
    let mut step =
        Step::new(Statement::Upsert { table, rows: &rows, conflict: &conflict, returning: &returning });
    link.send(&mut step, Kind::Upsert).await?;
    run.body.count = step.answer.count;
    let values = std::mem::take(&mut step.answer.values);
    run.body.new = RowSet { columns: returning, values };
    Ok(())
}

/// As operations of their own.
pub(super) async fn divided(tx: &mut Tx<'_>, asked: Run<Asked>, depth: usize) -> Result<Box<Inner>> {
    let mut run = guard::guard(&Link::Tx(tx), asked, depth)?.divided();
    let table = run.op.table;
    let Some(conflict) = run.conflict.take() else { return Err(no_conflict(table)) };
    check_target(table, &conflict.target)?;
    let drafts = run.body.slots.flat()?.clone();
    fill_defaults(&tx.state.db, &mut run)?;
    let filled = std::mem::take(run.body.slots.flat()?);
    let width = table.columns.len();
    let mut rows = Rows {
        known_by: filled.chunks_exact(width).map(|draft| values_by(draft, &conflict.target)).collect(),
        results: vec![None; drafts.len() / width],
        drafts,
        columns: run.op.columns().into_owned(),
        spent: Vec::new(),
    };
    check_twice(table, &conflict.target, &rows.known_by)?;
    let mut waiting: Vec<usize> = (0..rows.results.len()).collect();
    for _ in 0..ATTEMPTS {
        let found = Box::pin(existing(tx, &mut run, &conflict, &mut rows, &waiting, depth)).await?;
        if !tx.state.is_dry() {
            let found: HashSet<usize> = found.into_iter().collect();
            waiting.retain(|i| !found.contains(i));
        }
        if waiting.is_empty() {
            break;
        }
        waiting = Box::pin(created(tx, &mut run, &conflict, &mut rows, waiting, depth)).await?;
        // Hooks may have made two drafts the same row.
        check_twice(table, &conflict.target, &rows.known_by)?;
        if waiting.is_empty() {
            break;
        }
    }
    if !waiting.is_empty() {
        let why = "rows of the upsert came and went: others create and delete them all the time";
        return Err(about(table, why.to_owned()));
    }
    let done = rows.results.into_iter().flatten();
    run.body.new = RowSet::new(rows.columns);
    for row in done {
        run.body.count += 1;
        run.body.new.values.extend(row);
    }
    if let Some(decode) = run.decodes().filter(|_| !tx.state.is_dry()) {
        decode(&mut run.body)?;
    }
    Ok(run)
}

/// Locks and updates the rows that are there; gives the drafts that they are known by.
async fn existing(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    conflict: &Conflict,
    rows: &mut Rows,
    waiting: &[usize],
    depth: usize,
) -> Result<Vec<usize>> {
    let table = run.op.table;
    let Some(filter) = known_by(&conflict.target, waiting.iter().map(|i| &rows.known_by[*i])) else {
        return Ok(Vec::new());
    };
    let mut columns = rows.columns.clone();
    columns.extend(conflict.target.iter().chain(table.key).filter(|column| !rows.columns.contains(column)));
    let mut op = Operation::new(table, Kind::Update);
    op.query.filter = Some(filter);
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    ask.also_reads = columns.clone();
    ask.op.returns = Returns::Some(columns.into());
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Update)).collect();
    let set = conflict.update.as_ref().filter(|update| update.set.iter().any(Slot::is_set));
    ask.body.slots.fill(match set {
        Some(update) => update.set.clone(),
        None => vec![Slot::Unset; table.columns.len()],
    });
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let mut asked = Run::asked(&tx.state.db, ask)?;
    read_old(&mut tx, &mut asked).await?;
    let by_values: HashMap<Vec<u8>, usize> =
        waiting.iter().map(|i| (identity_of(&rows.known_by[*i]), *i)).collect();
    let found = drafts_of(&asked.body.old, &conflict.target, &by_values);
    // Explained, a row is there as well as not.
    let found: Vec<usize> =
        if tx.state.is_dry() { waiting[..1].to_vec() } else { found.into_iter().flatten().collect() };
    if found.is_empty() {
        // What is attached to the update alone waits for rows that come while the others are created.
        let unused = std::mem::take(&mut asked.once);
        run.once.extend(unused);
        return Ok(found);
    }
    if conflict.update.is_none() {
        return Ok(found);
    }
    if set.is_none() {
        let width = table.columns.len();
        let mut patches = vec![Slot::Unset; width * found.len()];
        for (patch, i) in patches.chunks_exact_mut(width).zip(&found) {
            let draft = &rows.drafts[i * width..][..width];
            for column in given(table, draft, &conflict.target) {
                patch[usize::from(column)] = draft[usize::from(column)].clone();
            }
        }
        *asked.body.slots.flat()? = patches;
        asked.patch_each = true;
    }
    rows.spend(&asked)?;
    let was = asked.body.old.clone();
    let done = operation(&mut tx, asked).await?;
    let key: Vec<usize> = table.key.iter().filter_map(|column| was.position(*column)).collect();
    let by_key = was.iter().zip(&found).map(|(row, i)| (identity(row, &key), *i)).collect();
    // A row that was not changed after all is given as it was.
    for set in [&was, &done.body.new] {
        for (row, i) in set.iter().zip(drafts_of(set, table.key, &by_key)) {
            if let Some(i) = i {
                rows.results[i] = Some(project(set, row, &rows.columns));
            }
        }
    }
    Ok(found)
}

/// Creates rows; gives the drafts whose rows turned out to be there.
async fn created(
    tx: &mut Tx<'_>,
    run: &mut Inner,
    conflict: &Conflict,
    rows: &mut Rows,
    waiting: Vec<usize>,
    depth: usize,
) -> Result<Vec<usize>> {
    let table = run.op.table;
    let width = table.columns.len();
    let mut op = Operation::new(table, Kind::Create);
    op.many = run.op.many;
    op.without_hooks = run.op.without_hooks;
    let mut ask = Inner::new(op);
    let drafts = waiting.iter().flat_map(|i| &rows.drafts[i * width..][..width]);
    ask.body.slots.fill(drafts.cloned().collect());
    ask.is_prepared = run.is_prepared;
    ask.conflict = Some(Box::new(Conflict { target: conflict.target.clone(), update: None }));
    ask.once = std::mem::take(&mut run.once);
    run.once = ask.once.extract_if(.., |hook| !crate::catalog::concerns(hook.phase, Kind::Create)).collect();
    let node = run.node.unwrap_or(0);
    let frame = Frame { operation: &run.op, cause: Cause::Upsert, parent: tx.frame, depth, node };
    let mut tx = tx.inside(&frame);
    let asked = Run::asked(&tx.state.db, ask)?;
    rows.spend(&asked)?;
    let mut done = operation(&mut tx, asked).await?;
    let lost: HashMap<usize, Vec<Value>> = std::mem::take(&mut done.lost).into_iter().collect();
    let mut new = done.body.new.iter();
    let mut again = Vec::new();
    for (position, i) in waiting.into_iter().enumerate() {
        if let Some(values) = lost.get(&position) {
            rows.known_by[i].clone_from(values);
            again.push(i);
        } else if let Some(row) = new.next() {
            rows.results[i] = Some(project(&done.body.new, row, &rows.columns));
            rows.known_by[i] = project(&done.body.new, row, &conflict.target);
        }
    }
    Ok(again)
}

/// Inserts what is not there; the rest is noted as lost.
pub(super) async fn insert_new(
    link: &mut Link<'_, '_>,
    run: &mut Inner,
    mut rows: Vec<Value>,
    conflict: &Conflict,
) -> Result<()> {
    let table = run.op.table;
    let width = table.columns.len();
    let mut returning: Vec<u16> = table.key.to_vec();
    returning.extend(conflict.target.iter().filter(|column| !table.is_key(**column)));
    // Null is never the same as null: such a row is always new, and nothing tells it from another one.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let is_known = conflict.target.iter().all(|column| !row[usize::from(*column)].is_null());
        if is_known { known.push(i) } else { unknown.push(i) }
    }
    let part = |rows: &[Value], of: &[usize]| -> Vec<Value> {
        of.iter().flat_map(|i| rows[i * width..][..width].to_vec()).collect()
    };
    if !unknown.is_empty() {
        let mut new = part(&rows, &unknown);
        let mut step = Step::new(Statement::Insert { table, rows: &mut new });
        link.send(&mut step, Kind::Create).await?;
        for (i, row) in unknown.iter().zip(new.chunks_exact(width)) {
            rows[i * width..][..width].clone_from_slice(row);
        }
    }
    if !known.is_empty() {
        let new = part(&rows, &known);
        let known_by: Vec<Vec<Value>> =
            new.chunks_exact(width).map(|row| row_values(row, &conflict.target)).collect();
        check_twice(table, &conflict.target, &known_by)?;
        let mut step = Step::new(Statement::Upsert { table, rows: &new, conflict, returning: &returning });
        link.send(&mut step, Kind::Create).await?;
        let values = std::mem::take(&mut step.answer.values);
        let inserted = RowSet { columns: returning.into(), values };
        let by_values: HashMap<Vec<u8>, usize> = known
            .iter()
            .map(|i| (identity_of(&row_values(&rows[i * width..], &conflict.target)), *i))
            .collect();
        let places = drafts_of(&inserted, &conflict.target, &by_values);
        let places: Vec<usize> = places.into_iter().flatten().collect();
        for (row, i) in inserted.iter().zip(&places) {
            for (position, column) in table.key.iter().enumerate() {
                rows[i * width + usize::from(*column)] = row[position].clone();
            }
        }
        let is_dry = link.is_dry();
        let places: HashSet<usize> = places.into_iter().collect();
        for i in known.into_iter().filter(|i| !places.contains(i) && !is_dry) {
            run.lost.push((i, row_values(&rows[i * width..], &conflict.target)));
        }
    }
    let mut kept = Vec::with_capacity(rows.len());
    let lost: HashSet<usize> = run.lost.iter().map(|(lost, _)| *lost).collect();
    for (i, row) in rows.chunks_exact(width).enumerate() {
        if !lost.contains(&i) {
            kept.extend_from_slice(row);
        }
    }
    run.body.count = (kept.len() / width) as u64;
    run.body.new = RowSet { columns: all_columns(table), values: kept };
    Ok(())
}

fn row_values(row: &[Value], columns: &[u16]) -> Vec<Value> {
    columns.iter().map(|column| row[usize::from(*column)].clone()).collect()
}

fn values_by(draft: &[Slot], columns: &[u16]) -> Vec<Value> {
    let value = |column: &u16| match &draft[usize::from(*column)] {
        Slot::To(value) | Slot::Default(value) => value.clone(),
        Slot::Unset | Slot::Expr(_) => Value::Null,
    };
    columns.iter().map(value).collect()
}

fn identity_of(values: &[Value]) -> Vec<u8> {
    identity(values, &(0..values.len()).collect::<Vec<_>>())
}

/// Which draft each row belongs to, by its values in these columns.
fn drafts_of(rows: &RowSet, columns: &[u16], known: &HashMap<Vec<u8>, usize>) -> Vec<Option<usize>> {
    let positions: Vec<usize> = columns.iter().filter_map(|column| rows.position(*column)).collect();
    rows.iter().map(|row| known.get(&identity(row, &positions)).copied()).collect()
}

fn project(rows: &RowSet, row: &[Value], columns: &[u16]) -> Vec<Value> {
    let value = |column: &u16| rows.position(*column).map_or(Value::Null, |position| row[position].clone());
    columns.iter().map(value).collect()
}

/// The condition that a row is known by one of these; none if none can be.
fn known_by<'v>(target: &[u16], values: impl Iterator<Item = &'v Vec<Value>>) -> Option<Node> {
    let mut known = values.filter(|values| values.iter().all(|value| !value.is_null())).peekable();
    known.peek()?;
    if let [column] = target {
        let values = known.filter_map(|values| values.first().cloned()).collect();
        return Some(Node::In(Box::new(Node::Column(*column)), values));
    }
    let all = |values: &Vec<Value>| {
        let equal = target.iter().zip(values).map(|(column, value)| {
            Node::compare(Compare::Eq, Node::Column(*column), Node::Literal(value.clone()))
        });
        Node::And(equal.collect())
    };
    Some(Node::Or(known.map(all).collect()))
}

/// The columns must be known to be unique, by which else would a row be the same?
fn check_target(table: TableRef, target: &[u16]) -> Result<()> {
    let same = |columns: &[u16]| {
        columns.len() == target.len() && columns.iter().all(|column| target.contains(column))
    };
    if same(table.key) || table.indexes.iter().any(|index| index.unique && same(index.columns)) {
        return Ok(());
    }
    let names: Vec<&str> = target.iter().map(|column| table.columns[usize::from(*column)].name).collect();
    Err(about(table, format!("an upsert needs unique columns, which `{}` are not", names.join("`, `"))))
}

/// The same row twice would be created and then changed at once, which the databases do not agree on.
fn check_twice(table: TableRef, target: &[u16], known_by: &[Vec<Value>]) -> Result<()> {
    let mut known = HashSet::new();
    let mut given = known_by.iter().filter(|values| values.iter().all(|value| !value.is_null()));
    if given.all(|values| known.insert(identity_of(values))) {
        return Ok(());
    }
    let names: Vec<&str> = target.iter().map(|column| table.columns[usize::from(*column)].name).collect();
    Err(about(table, format!("two rows of the upsert have the same `{}`", names.join("`, `"))))
}

fn no_conflict(table: TableRef) -> Error {
    about(table, "an upsert without columns to know rows by".to_owned())
}

fn about(table: TableRef, reason: String) -> Error {
    Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason }))
}
