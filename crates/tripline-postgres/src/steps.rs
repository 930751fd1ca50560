//! Steps of a flight as queries, and the queries' replies as the steps' answers.

use tripline_core::{
    ColumnDesc, Conflict, Decode, Error, Mismatch, Result, RowSet, Slot, Statement, Step, TableRef, Value,
};
use tripline_sql::{Dialect, Keys, Param, Sql, Target};

use crate::{
    flight::{Query, Reply, Request, Rows},
    raw,
};

/// How many rows one statement inserts: what the server takes as one message has a limit.
const ROWS_AT_ONCE: usize = 50_000;

/// How many rows one statement inserts if the server gives them their keys. There are more such statements in a flight,
/// and the server works on one while the next is on its way. Rows that may refer to one another are not divided: that is
/// looked at when their statement ends.
const KEYLESS_ROWS_AT_ONCE: usize = 2_000;

/// How many bytes of values one statement inserts.
const BYTES_AT_ONCE: usize = 256 << 20;

/// How long the text of most statements is at most.
const USUAL_LENGTH: usize = 240;

/// Queries of one step.
pub(crate) fn requests<'s>(step: &'s Step<'_>, version: u32, out: &mut Vec<Request<'s>>) -> Result<()> {
    let mut writer = Writer { dialect: Dialect::Postgres { version }, out };
    match &step.statement {
        Statement::Find { table, query, columns, lock } => {
            let rows = Rows::Of(table, columns, &[]);
            writer.add(rows, |sql| tripline_sql::find(sql, table, query, columns, *lock))
        }
        Statement::FindEach { table, by, columns, lock, limit } => {
            let rows = Rows::Numbered(table, columns);
            writer.add(rows, |sql| tripline_sql::find_each(sql, table, by, columns, *lock, *limit))
        }
        Statement::Count { table, query } => {
            writer.add(Rows::Number, |sql| tripline_sql::count(sql, table, query))
        }
        Statement::Exists { table, query } => {
            writer.add(Rows::Number, |sql| tripline_sql::exists(sql, table, query))
        }
        Statement::Insert { table, rows } => writer.insert(table, rows),
        Statement::Upsert { table, rows, conflict, returning } => {
            writer.upsert(table, rows, conflict, returning)
        }
        Statement::Update { .. } => writer.update(&step.statement),
        Statement::Delete { table, filter, keys, returning } => {
            let target = Target { filter: *filter, keys: some_keys(*keys), returning };
            writer.add(Rows::Of(table, returning, &[]), |sql| tripline_sql::delete(sql, table, target))
        }
        Statement::Sql { text, params, writes } => {
            raw::check(text)?;
            writer.add(Rows::Untyped { read: !writes }, |sql| {
                sql.text.push_str(text);
                sql.params.extend(params.iter().map(Param::from));
                Ok(())
            })
        }
        Statement::DeferForeignKeys => {
            writer.out.push(Request::Control("SET CONSTRAINTS ALL DEFERRED".to_owned()));
            Ok(())
        }
        Statement::Schema { text } => {
            writer.out.push(Request::Control((*text).to_owned()));
            Ok(())
        }
        other => Err(Error::invalid(format!("PostgreSQL's driver does not know this statement: {other:?}"))),
    }
}

fn some_keys(keys: Option<&RowSet>) -> Keys<'_> {
    keys.map_or(Keys::Any, Keys::Many)
}

struct Writer<'o, 's> {
    dialect: Dialect,
    out: &'o mut Vec<Request<'s>>,
}

impl<'s> Writer<'_, 's> {
    fn add(&mut self, rows: Rows<'s>, write: impl FnOnce(&mut Sql<'s>) -> Result<()>) -> Result<()> {
        self.add_up_to(u64::MAX, rows, write)
    }

    fn add_up_to(
        &mut self,
        limit: u64,
        rows: Rows<'s>,
        write: impl FnOnce(&mut Sql<'s>) -> Result<()>,
    ) -> Result<()> {
        let mut sql = Sql::new(self.dialect, String::with_capacity(USUAL_LENGTH));
        write(&mut sql)?;
        if sql.params.len() > PARAMETERS {
            return Err(Error::invalid(format!(
                "the operation needs {} parameters, PostgreSQL takes {PARAMETERS}: split it",
                sql.params.len()
            )));
        }
        self.out.push(Request::Query(Query { sql, rows, limit }));
        Ok(())
    }

    /// One row as values, more as one array for each column.
    fn insert(&mut self, table: TableRef, rows: &'s [Value]) -> Result<()> {
        let width = table.columns.len();
        let assigned = table.assigned_key();
        let key: &'s [u16] = if assigned.is_some() { table.key } else { &[] };
        for part in parts(table, rows) {
            let missing = assigned.is_some_and(|key| part[usize::from(key)].is_null());
            if let Some(key) = assigned.filter(|_| !missing) {
                self.advance(table, part, key)?;
            }
            let rows = Rows::Of(table, if missing { key } else { &[] }, &[]);
            self.add(rows, |sql| {
                match part.len() == width {
                    true => tripline_sql::insert_one(sql, table, part),
                    false => tripline_sql::insert_many(sql, table, part),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn upsert(
        &mut self,
        table: TableRef,
        rows: &'s [Value],
        conflict: &'s Conflict,
        returning: &'s [u16],
    ) -> Result<()> {
        let assigned = table.assigned_key();
        for part in parts(table, rows) {
            if let Some(key) = assigned.filter(|key| !part[usize::from(*key)].is_null()) {
                self.advance(table, part, key)?;
            }
            self.add(Rows::Of(table, returning, &[]), |sql| {
                tripline_sql::upsert(sql, table, part, conflict, returning)
            })?;
        }
        Ok(())
    }

    /// Keys that callers give are behind the next one that the database assigns. Before the rows are there, so that
    /// nobody is assigned one of these keys meanwhile.
    fn advance(&mut self, table: TableRef, rows: &[Value], key: u16) -> Result<()> {
        let keys = rows.iter().skip(usize::from(key)).step_by(table.columns.len());
        let largest = keys.filter_map(|key| if let Value::Int(key) = key { Some(*key) } else { None }).max();
        match largest.filter(|largest| *largest > 0) {
            Some(largest) => self.add(Rows::Aside, |sql| {
                tripline_sql::advance_keys(sql, table, largest);
                Ok(())
            }),
            None => Ok(()),
        }
    }

    fn update(&mut self, statement: &'s Statement<'_>) -> Result<()> {
        let Statement::Update { table, filter, patches, keys, returning, returning_old, limit } = statement
        else {
            return Ok(());
        };
        let (width, filter) = (table.columns.len(), *filter);
        let rows = Rows::Of(table, returning, returning_old);
        if !returning_old.is_empty() {
            let target = Target { filter, keys: some_keys(*keys), returning };
            let (rows_to_lock, patch) = (limit.checked_add(1), &patches[..width]);
            return self.add_up_to(*limit, rows, |sql| {
                tripline_sql::update_with_old(sql, table, patch, target, returning_old, rows_to_lock)
            });
        }
        if patches.len() == width {
            let target = Target { filter, keys: some_keys(*keys), returning };
            return self.add(rows, |sql| tripline_sql::update(sql, table, patches, target));
        }
        let keys = keys.ok_or_else(|| Error::invalid("patches for each row need the rows' keys"))?;
        if !patches.iter().any(|slot| matches!(slot, Slot::Expr(_))) {
            let mut sql = Sql::new(self.dialect, String::with_capacity(USUAL_LENGTH));
            // Without a change there is nothing to send.
            if tripline_sql::update_each(&mut sql, table, filter, patches, keys, returning)? {
                self.out.push(Request::Query(Query { sql, rows, limit: u64::MAX }));
            }
            return Ok(());
        }
        // What is computed from the row cannot come from a list: one statement for each, all in this flight.
        for (patch, key) in patches.chunks_exact(width).zip(keys.iter()) {
            if patch.iter().any(|slot| !matches!(slot, Slot::Unset)) {
                let target = Target { filter, keys: Keys::One(key), returning };
                self.add(rows, |sql| tripline_sql::update(sql, table, patch, target))?;
            }
        }
        Ok(())
    }
}

/// The most parameters that a statement may have.
const PARAMETERS: usize = 65_535;

/// Rows that go into one statement: all with a key, or all without; and not more than a message can hold.
fn parts(table: TableRef, rows: &[Value]) -> Vec<&[Value]> {
    let width = table.columns.len().max(1);
    let key = table.assigned_key().map(usize::from);
    let refers =
        |column: &ColumnDesc| column.references.as_ref().is_some_and(|to| to.table().name == table.name);
    let refers_to_itself = table.columns.iter().any(refers);
    let without = |row: &[Value]| key.is_some_and(|key| row[key].is_null());
    let mut parts = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let (first, mut bytes) = (without(rest), 0);
        let most = if first && !refers_to_itself { KEYLESS_ROWS_AT_ONCE } else { ROWS_AT_ONCE };
        let mut belongs = |row: &[Value]| {
            bytes += row.iter().map(size).sum::<usize>();
            without(row) == first && bytes <= BYTES_AT_ONCE
        };
        let length = rest.chunks_exact(width).take(most).take_while(|row| belongs(row)).count();
        let (part, after) = rest.split_at(length.max(1) * width);
        parts.push(part);
        rest = after;
    }
    parts
}

/// How long a value is in a message, about.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) => text.len() + 4,
        Value::Bytes(bytes) => bytes.len() + 4,
        _ => 12,
    }
}

/// Adds the reply to one of the step's requests to its answer.
pub(crate) fn answer(step: &mut Step<'_>, mut reply: Reply) {
    let answer = &mut step.answer;
    let before = answer.count as usize;
    answer.count += reply.count;
    if let Statement::Insert { table, rows } = &mut step.statement {
        let Some(key) = table.assigned_key().map(usize::from) else { return };
        // They come in the order in which the rows were inserted, which is the one they were given in.
        let missing = rows.chunks_exact_mut(table.columns.len()).skip(before).map(|row| &mut row[key]);
        missing.filter(|key| key.is_null()).zip(reply.values).for_each(|(place, key)| *place = key);
        return;
    }
    if answer.values.is_empty() {
        answer.values = reply.values;
    } else {
        answer.values.append(&mut reply.values);
    }
    if answer.names.is_empty() {
        answer.names = reply.names;
    }
}

/// An error if rows came back without their keys: a trigger of the table's own has left some out.
pub(crate) fn complete(step: &Step<'_>) -> Result<()> {
    let Statement::Insert { table, rows } = &step.statement else { return Ok(()) };
    let Some(key) = table.assigned_key() else { return Ok(()) };
    if rows.chunks_exact(table.columns.len()).all(|row| !row[usize::from(key)].is_null()) {
        return Ok(());
    }
    let mismatch = Mismatch { expected: "a key for each row", found: "fewer" };
    let column = table.columns[usize::from(key)].name;
    Err(Error::Decode(Box::new(Decode::new(table.name, column, mismatch))))
}

/// Whether the application's own SQL asks only to read: then it may not write.
pub(crate) fn only_reads(step: &Step<'_>) -> bool {
    matches!(step.statement, Statement::Sql { writes: false, .. })
}

/// Whether the step is a read of the engine's.
pub(crate) fn is_read(step: &Step<'_>) -> bool {
    matches!(
        step.statement,
        Statement::Find { .. }
            | Statement::FindEach { .. }
            | Statement::Count { .. }
            | Statement::Exists { .. }
            | Statement::Sql { writes: false, .. }
    )
}
