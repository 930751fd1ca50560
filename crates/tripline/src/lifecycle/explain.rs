//! Explain: an operation goes its way through the phases, but nothing is sent and no hook with I/O is called (X1).
//!
//! What it would do is noted as what an operation does is noted for its trace, by the same code, so that the two cannot
//! disagree. The database is stood in for by one that answers each statement with one row of made-up values; plan hooks,
//! which do no I/O, are called.

use std::sync::{Arc, Mutex, PoisonError};

use tripline_core::{
    Access, Answer, BoxFuture, ColumnType, Commit, End, Error, Flight, Isolation, Mode, Reply, Result,
    Session, Statement, Step, TableRef, Value,
};

use super::{
    Inner, operation,
    run::{Asked, Run},
    transaction,
};
use crate::{
    Db, On, Tx,
    trace::{Explain, Root, recording::Recording, tree},
    tx::TxState,
};

/// Where the recording of what is explained goes.
pub(crate) type Slot = Arc<Mutex<Option<Box<Recording>>>>;

/// Says what the operation would do.
pub(crate) async fn explain(on: On<'_>, ask: Box<Inner>) -> Result<Explain> {
    let slot = Slot::default();
    match on {
        On::Db(db) => alone(db, Run::asked(db, ask)?, &slot).await?,
        On::Tx(tx) => {
            let mut asked = Run::asked(&tx.state.db, ask)?;
            let mut state = TxState::dry(&tx.state.db, tx.state.mode, slot.clone(), Root::Transaction);
            state.is_open();
            let kept = asked.op.kept();
            // Under the root: the hook that asks has its place in the trace of what really runs.
            state.trace_operation(&mut asked.node, 0, kept);
            let (only_reads, actor) = (tx.only_reads, tx.actor);
            let mut inside =
                Tx { state: &mut state, frame: tx.frame, local: None, actor, level: 0, only_reads };
            Box::pin(operation(&mut inside, asked)).await?;
            state.keep_explained();
        }
    }
    let recording = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let recording = recording.ok_or_else(|| Error::invalid("the operation explained nothing"))?;
    Ok(Explain { root: tree::planned(&recording) })
}

async fn alone(db: &Db, asked: Run<Asked>, slot: &Slot) -> Result<()> {
    let access = if asked.is_write() { Access::Write } else { Access::Read };
    let mode = Mode { access, isolation: Isolation::default() };
    if asked.has_company(db) && asked.is_write() {
        let state = TxState::dry(db, mode, slot.clone(), Root::Transaction);
        return Box::pin(transaction(db, state, asked)).await.map(drop);
    }
    let root = if asked.is_write() { Root::Statement } else { Root::Read };
    let mut state = TxState::dry(db, mode, slot.clone(), root);
    state.without_begin();
    Box::pin(transaction(db, state, asked)).await.map(drop)
}

/// A session to nowhere.
pub(crate) struct Dry {
    pub(crate) db: Db,
    pub(crate) inside: Option<Mode>,
}

impl Session for Dry {
    fn send<'a, 's: 'a>(&'a mut self, flight: Flight<'a, 's>) -> Reply<'a, Result<Commit>> {
        let Flight { begin, steps, end, transcript } = flight;
        if let Some(transcript) = transcript
            && let Err(error) = self.db.inner.driver.explain(self.inside, &begin, steps, end, transcript)
        {
            return Reply::now(Err(error));
        }
        self.inside = begin.transaction.or(self.inside);
        if matches!(end, End::Commit | End::Rollback) {
            self.inside = None;
        }
        steps.iter_mut().for_each(answer);
        Reply::now(Ok(Commit::default()))
    }

    fn abandon(self: Box<Self>) -> Option<BoxFuture<'static, ()>> {
        None
    }
}

fn answer(step: &mut Step<'_>) {
    let mut answer = Answer { count: 1, ..Answer::default() };
    match &mut step.statement {
        Statement::Find { table, columns, .. } => answer.values = row(table, columns),
        Statement::FindEach { table, columns, .. } => {
            answer.values = std::iter::once(Value::Int(0)).chain(row(table, columns)).collect();
        }
        Statement::Insert { table, rows } => {
            let width = table.columns.len().max(1);
            answer.count = (rows.len() / width) as u64;
            if let Some(key) = table.assigned_key().map(usize::from) {
                rows.iter_mut().skip(key).step_by(width).for_each(|key| *key = Value::Int(0));
            }
        }
        Statement::Upsert { table, rows, returning, .. } => {
            answer.count = (rows.len() / table.columns.len().max(1)) as u64;
            answer.values = (0..answer.count).flat_map(|_| row(table, returning)).collect();
        }
        Statement::Update { table, returning, returning_old, .. } => {
            answer.values = row(table, returning);
            answer.values.extend(row(table, returning_old));
        }
        Statement::Delete { table, returning, .. } => answer.values = row(table, returning),
        _ => {}
    }
    step.answer = answer;
}

fn row(table: TableRef, columns: &[u16]) -> Vec<Value> {
    columns.iter().map(|column| made_up(table.columns[usize::from(*column)].ty)).collect()
}

fn made_up(ty: ColumnType) -> Value {
    match ty {
        ColumnType::Bool => Value::Bool(false),
        ColumnType::Float => Value::Float(0.0),
        ColumnType::Text => Value::Text(String::new()),
        ColumnType::Enum(values) => Value::Text(values.first().map_or(String::new(), |v| (*v).to_owned())),
        ColumnType::Bytes => Value::Bytes(Vec::new()),
        ColumnType::Timestamp => Value::Timestamp(jiff::Timestamp::UNIX_EPOCH),
        ColumnType::Date => Value::Date(jiff::civil::Date::ZERO),
        ColumnType::Uuid => Value::Uuid(uuid::Uuid::nil()),
        ColumnType::Json => Value::Json("null".to_owned()),
        _ => Value::Int(0),
    }
}
