//! The program on a database: tables and observers whose hooks do what the program says.

use std::{
    any::Any as Payload,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use tokio::sync::Notify;
use tripline::{
    AfterAny, AfterCreate, AfterCreateCommit, AfterDelete, AfterDeleteCommit, AfterRollback, AfterUpdate,
    AfterUpdateCommit, AnyRow, AnyValues, BeforeAny, BeforeCreate, BeforeDelete, BeforeUpdate, Change, On,
    OnAfterAny, OnAfterCreate, OnAfterCreateCommit, OnAfterDelete, OnAfterDeleteCommit, OnAfterRollback,
    OnAfterUpdate, OnAfterUpdateCommit, OnBeforeAny, OnBeforeCreate, OnBeforeDelete, OnBeforeUpdate,
    Operation, Outcome as Wrote, Undone, delete, find, prelude::*, update,
};

use super::program::{End, Op, Program, Reaction, Scope, Statement, Step, When, Which, Work};
use crate::{Engine, TestDb};

/// What a program left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How each statement ended.
    pub results: Vec<&'static str>,
    /// The outlines of what ran.
    pub traces: Vec<Vec<String>>,
    /// All rows.
    pub rows: Vec<(Which, i64, i64)>,
}

/// The actor: what hooks do, and who is told that one never ends.
#[derive(Debug)]
struct Script {
    program: Program,
    hangs: Notify,
}

/// What a hook does for an operation with so many operations above it, itself included.
fn reaction(
    script: Option<&Arc<Script>>,
    at: (Which, Scope, When),
    depth: usize,
) -> Option<(Arc<Script>, Reaction)> {
    let script = script?;
    let reaction = script.program.reaction(at.0, at.1, at.2, depth)?;
    Some((script.clone(), reaction.clone()))
}

async fn react(tx: &mut Tx<'_>, table: Which, scope: Scope, when: When) -> Result<()> {
    let depth = tx.origin().count();
    let found = reaction(tx.actor::<Arc<Script>>(), (table, scope, when), depth);
    let Some((script, Reaction { op, end, .. })) = found else { return Ok(()) };
    if let Some(op) = op {
        ignoring(op.ignored, perform(On::from(&mut *tx), &op).await)?;
    }
    finish(&script, end, depth).await
}

async fn follow(db: &Db, table: Which, scope: Scope) -> Result<()> {
    let depth = db.origin().count();
    let found = reaction(db.actor::<Arc<Script>>(), (table, scope, When::Commit), depth);
    let Some((script, Reaction { op, end, .. })) = found else { return Ok(()) };
    if let Some(op) = op {
        ignoring(op.ignored, perform(On::from(db), &op).await)?;
    }
    finish(&script, end, depth).await
}

async fn finish(script: &Script, end: End, depth: usize) -> Result<()> {
    match end {
        End::Hang if depth > 1 => Ok(()),
        End::Good => Ok(()),
        End::Fail => Err(Error::reject("it fails")),
        End::Panic => std::panic::panic_any(Planned),
        End::Hang => {
            script.hangs.notify_one();
            std::future::pending().await
        }
    }
}

/// What planned panics carry.
#[derive(Debug)]
pub struct Planned;

fn ignoring(ignored: bool, done: Result<()>) -> Result<()> {
    if ignored { Ok(()) } else { done }
}

fn which(name: &str) -> Which {
    match name {
        "a" => Which::A,
        "b" => Which::B,
        _ => Which::C,
    }
}

macro_rules! table {
    ($table:ident $new:ident $patch:ident $name:literal) => {
        #[derive(Table, Clone, Debug)]
        #[table(name = $name)]
        struct $table {
            #[key]
            key: i64,
            n: i64,
        }

        table!(@own $table;
            BeforeCreate before_create(_: &mut [$new]) Before;
            BeforeUpdate before_update(_: &mut $patch) Before;
            BeforeDelete before_delete(_: &Operation) Before;
            BeforeAny before_any(_: &Operation) BeforeAny;
            AfterCreate after_create(_: &[$table]) After;
            AfterUpdate after_update(_: &[Change<$table>]) After;
            AfterDelete after_delete(_: &[$table]) After;
            AfterAny after_any(_: &Wrote) AfterAny;
        );
        table!(@commit $table;
            AfterCreateCommit after_create_commit(_: &[$table]);
            AfterUpdateCommit after_update_commit(_: &[Change<$table>]);
            AfterDeleteCommit after_delete_commit(_: &[$table]);
        );

        impl AfterRollback for $table {
            async fn after_rollback(_: &Db, _: &Undone) -> Result<()> {
                Ok(())
            }
        }
    };
    (@own $table:ident; $($hook:ident $call:ident($arg:tt: $type:ty) $when:ident;)*) => {$(
        impl $hook for $table {
            async fn $call(tx: &mut Tx<'_>, $arg: $type) -> Result<()> {
                react(tx, Which::$table, Scope::Own, When::$when).await
            }
        }
    )*};
    (@commit $table:ident; $($hook:ident $call:ident($arg:tt: $type:ty);)*) => {$(
        impl $hook for $table {
            async fn $call(db: &Db, $arg: $type) -> Result<()> {
                follow(db, Which::$table, Scope::Own).await
            }
        }
    )*};
}

table!(A NewA APatch "a");
table!(B NewB BPatch "b");
table!(C NewC CPatch "c");

/// Observes two of the tables.
#[derive(Observer)]
#[observes(A, B)]
struct Of;

/// Observes all.
#[derive(Observer)]
#[observes(all)]
struct All;

macro_rules! observer {
    ($observer:ident, $row:ty, $draft:ty, $patch:ty) => {
        observer!(@own $observer, $row;
            OnBeforeCreate before_create(_: &mut [$draft]) Before;
            OnBeforeUpdate before_update(_: &mut $patch) Before;
            OnBeforeDelete before_delete(_: &Operation) Before;
            OnBeforeAny before_any(_: &Operation) BeforeAny;
            OnAfterCreate after_create(_: &[$row]) After;
            OnAfterUpdate after_update(_: &[Change<$row>]) After;
            OnAfterDelete after_delete(_: &[$row]) After;
            OnAfterAny after_any(_: &Wrote) AfterAny;
        );
        observer!(@commit $observer, $row;
            OnAfterCreateCommit after_create_commit(_: &[$row]);
            OnAfterUpdateCommit after_update_commit(_: &[Change<$row>]);
            OnAfterDeleteCommit after_delete_commit(_: &[$row]);
        );

        impl OnAfterRollback<$row> for $observer {
            async fn after_rollback(&self, _: &Db, _: &Undone) -> Result<()> {
                Ok(())
            }
        }
    };
    (@own $observer:ident, $row:ty; $($hook:ident $call:ident($arg:tt: $type:ty) $when:ident;)*) => {$(
        impl $hook<$row> for $observer {
            async fn $call(&self, tx: &mut Tx<'_>, $arg: $type) -> Result<()> {
                let table = which(tx.operation().map_or("", |operation| operation.table.name));
                react(tx, table, Scope::$observer, When::$when).await
            }
        }
    )*};
    (@commit $observer:ident, $row:ty; $($hook:ident $call:ident($arg:tt: $type:ty);)*) => {$(
        impl $hook<$row> for $observer {
            async fn $call(&self, db: &Db, $arg: $type) -> Result<()> {
                let table = which(db.origin().next().map_or("", |operation| operation.table));
                follow(db, table, Scope::$observer).await
            }
        }
    )*};
}

observer!(Of, A, NewA, APatch);
observer!(Of, B, NewB, BPatch);
observer!(All, AnyRow, AnyValues, AnyValues);

/// One operation, of whichever table.
macro_rules! on_table {
    ($which:expr, $work:ident) => {
        match $which {
            Which::A => $work!(A, NewA),
            Which::B => $work!(B, NewB),
            Which::C => $work!(C, NewC),
        }
    };
}

async fn perform(on: On<'_>, op: &Op) -> Result<()> {
    macro_rules! perform {
        ($table:ident, $new:ident) => {
            match &op.work {
                Work::Create(keys) => {
                    let mut drafts: Vec<$new> =
                        keys.iter().map(|k| $new { key: (*k).into(), n: (*k).into() }).collect();
                    if let (1, Some(draft)) = (keys.len(), drafts.pop()) {
                        let create = on.create(draft);
                        let create = if op.savepoint { create.savepoint() } else { create };
                        let create = if op.bare { create.without_hooks() } else { create };
                        return create.await.map(drop);
                    }
                    let drafts: Vec<$new> =
                        keys.iter().map(|k| $new { key: (*k).into(), n: (*k).into() }).collect();
                    let create = on.create(drafts);
                    let create = if op.savepoint { create.savepoint() } else { create };
                    let create = if op.bare { create.without_hooks() } else { create };
                    create.await.map(drop)
                }
                Work::Update { below, n } => {
                    let update = on.update::<$table>().filter(|t| t.n.lt(*below)).set(|t| t.n.set(*n));
                    let update = if op.savepoint { update.savepoint() } else { update };
                    let update = if op.bare { update.without_hooks() } else { update };
                    update.await.map(drop)
                }
                Work::Delete { below } => {
                    let delete = on.delete::<$table>().filter(|t| t.n.lt(*below));
                    let delete = if op.savepoint { delete.savepoint() } else { delete };
                    let delete = if op.bare { delete.without_hooks() } else { delete };
                    delete.await.map(drop)
                }
                Work::Count => on.find::<$table>().count().await.map(drop),
            }
        };
    }
    on_table!(op.table, perform)
}

/// Operations at once: by kinds, since a batch of one type is a list.
async fn batch(tx: Option<&mut Tx<'_>>, db: &Db, ops: &[Op]) -> Result<()> {
    let mut list: Vec<Any> = Vec::with_capacity(ops.len());
    for op in ops {
        macro_rules! detached {
            ($table:ident, $new:ident) => {
                match &op.work {
                    Work::Create(keys) => {
                        let drafts: Vec<$new> =
                            keys.iter().map(|k| $new { key: (*k).into(), n: (*k).into() }).collect();
                        let create = tripline::create(drafts);
                        Any::of(if op.savepoint { create.savepoint() } else { create })
                    }
                    Work::Update { below, n } => {
                        let update = update::<$table>().filter(|t| t.n.lt(*below)).set(|t| t.n.set(*n));
                        Any::of(if op.savepoint { update.savepoint() } else { update })
                    }
                    Work::Delete { below } => {
                        let delete = delete::<$table>().filter(|t| t.n.lt(*below));
                        Any::of(if op.savepoint { delete.savepoint() } else { delete })
                    }
                    Work::Count => Any::of(find::<$table>().count()),
                }
            };
        }
        list.push(on_table!(op.table, detached));
    }
    match tx {
        Some(tx) => tx.batch(list).await.map(drop),
        None => db.batch(list).await.map(drop),
    }
}

/// An operation of whatever type, for a list of them.
type Any = tripline::AnyOperation;

async fn steps(tx: &mut Tx<'_>, db: &Db, list: &[Step]) -> Result<()> {
    for step in list {
        match step {
            Step::Op(op) => ignoring(op.ignored, perform(On::from(&mut *tx), op).await)?,
            Step::Batch(ops) => batch(Some(tx), db, ops).await?,
            Step::Nested { steps: inner, end, ignored } => {
                let nested = tx.tx(async |tx| {
                    Box::pin(steps(tx, db, inner)).await?;
                    let script = tx.actor::<Arc<Script>>().cloned();
                    match script {
                        Some(script) => finish(&script, *end, 1).await,
                        None => Ok(()),
                    }
                });
                ignoring(*ignored, nested.await)?;
            }
        }
    }
    Ok(())
}

/// What the code gives, or the panic that it ends with.
async fn caught<T>(code: impl Future<Output = T>) -> Result<T, Box<dyn Payload + Send>> {
    let mut code = pin!(code);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| code.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// A database that programs run on, one after the other.
#[derive(Debug)]
pub struct Runner {
    db: TestDb,
}

impl Runner {
    pub async fn new(engine: &Engine) -> Runner {
        let connect = |connect: tripline::Connect| {
            connect.observe(All).observe(Of).traces(256).on_warning(|_| {}).on_error(|_| {})
        };
        Runner { db: engine.connect(tables![A, B, C], connect).await }
    }

    /// What the program leaves.
    pub async fn run(&self, program: &Program) -> Outcome {
        let script = Arc::new(Script { program: program.clone(), hangs: Notify::new() });
        let db = self.db.as_actor(script.clone());
        for table in ["a", "b", "c"] {
            self.db.raw_execute(&format!("DELETE FROM {table}"), []).await.expect("the tables are emptied");
        }
        let before = self.db.last_trace().map_or(0, |trace| trace.id);
        let mut outcome = Outcome::default();
        for statement in &program.statements {
            let ran = caught(self.statement(&db, &script, statement));
            let result = tokio::select! {
                ran = ran => ran.unwrap_or_else(|panic| match panic.downcast::<Planned>() {
                    Ok(_) => "panicked",
                    Err(other) => std::panic::resume_unwind(other),
                }),
                () = script.hangs.notified() => "hung",
            };
            outcome.results.push(result);
            // What follows runs beside the next one else.
            db.drain().await.expect("what follows ends");
        }
        let new = self.db.traces().into_iter().filter(|trace| trace.id > before);
        outcome.traces = new.map(|trace| trace.outline()).collect();
        for (table, name) in [(Which::A, "a"), (Which::B, "b"), (Which::C, "c")] {
            let rows = self.db.raw_query(&format!("SELECT key, n FROM {name} ORDER BY key"), []).await;
            let rows = rows.expect("the rows are read");
            let number = |row: usize, column: usize| rows.get::<i64>(row, column).expect("a number");
            outcome.rows.extend((0..rows.len()).map(|row| (table, number(row, 0), number(row, 1))));
        }
        outcome
    }

    async fn statement(&self, db: &Db, script: &Script, statement: &Statement) -> &'static str {
        let done = match statement {
            Statement::Op(op) => perform(On::from(db), op).await,
            Statement::Batch(ops) => batch(None, db, ops).await,
            Statement::Tx { steps: list, end } => {
                db.tx(async |tx| {
                    steps(tx, db, list).await?;
                    finish(script, *end, 1).await
                })
                .await
            }
        };
        done.map_or_else(|error| error.code(), |()| "ok")
    }
}
