//! [`Db`]: a handle to a database.

mod background;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify};
use tripline_core::{
    Access, Driver, Error, HookName, Isolation, Mode, Origin, Position, Result, Schema, Statement, Step,
    Traits,
};

pub(crate) use self::background::Open;
use crate::{
    AnyTable, Connect, Lints, Read, Trace, Tx, Warning,
    actor::Actor,
    beside,
    catalog::Catalog,
    lifecycle::origin::{self, Inherited},
    spans::Live,
    trace::{
        lints,
        recording::{Recording, Ring},
        tree,
    },
    tx::TxState,
};

/// A handle to a database: cheap to clone, to be kept in the application's state.
///
/// Every operation can be asked of a `Db`, where it is complete in itself, or of a [`Tx`], where it is part of a
/// transaction; by the same builders.
#[derive(Clone)]
pub struct Db {
    pub(crate) inner: Arc<Inner>,
    pub(crate) actor: Actor,
    /// The operation after whose commit this handle was made for a hook.
    pub(crate) origin: Option<Arc<Inherited>>,
    /// Where the last commit of this handle and its clones stands.
    pub(crate) seen: Arc<AtomicU64>,
}

pub(crate) struct Inner {
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) traits: Traits,
    pub(crate) catalog: Catalog,
    pub(crate) settings: Settings,
    /// What ran of late.
    pub(crate) traces: Ring,
    runtime: Handle,
    /// Transactions that have not ended.
    open: AtomicUsize,
    /// Work on the engine's own tasks.
    running: AtomicUsize,
    idle: Notify,
    /// The application has asked to close.
    closing: AtomicBool,
}

/// What [`Connect`] sets.
pub(crate) struct Settings {
    pub(crate) max_hook_rows: usize,
    pub(crate) max_depth: usize,
    pub(crate) traces: usize,
    pub(crate) trace_changes: bool,
    pub(crate) lints: Lints,
    pub(crate) on_warning: Option<Box<dyn Fn(&Warning) + Send + Sync>>,
    pub(crate) drain_timeout: Duration,
    pub(crate) clock: Box<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    pub(crate) on_error: Box<dyn Fn(BackgroundError) + Send + Sync>,
}

/// An error of work that nobody waits for: a hook after commit, a spawned task (L51).
#[derive(Debug)]
#[non_exhaustive]
pub struct BackgroundError {
    /// The hook; none for [`Tx::on_commit`] and [`Db::spawn`].
    pub hook: Option<HookName>,
    /// What it returned, or that it panicked.
    pub error: Error,
}

impl Db {
    /// A table by its name, for operations that are built at run time. An error if it is not one of this database's.
    pub fn table(&self, name: &str) -> Result<AnyTable> {
        let found = self.inner.catalog.named(name);
        found.map(AnyTable).ok_or_else(|| Error::UnknownTable(name.into()))
    }

    /// All tables of this database, in the order in which they were listed.
    pub fn tables(&self) -> impl Iterator<Item = AnyTable> + '_ {
        self.inner.catalog.tables().iter().copied().map(AnyTable)
    }

    /// Begins to open a database: `sqlite://app.db`, `sqlite::memory:`, or, with the feature `postgres`,
    /// `postgres://user@host/database`. See [`Connect`].
    pub fn open(url: &str) -> Connect {
        Connect::new(url)
    }

    pub(crate) fn new(driver: Box<dyn Driver>, catalog: Catalog, settings: Settings) -> Result<Db> {
        let runtime =
            Handle::try_current().map_err(|_| Error::Setup("a `Db` needs a tokio runtime".into()))?;
        let inner = Inner {
            traits: driver.traits(),
            driver,
            catalog,
            traces: Ring::new(settings.traces),
            settings,
            runtime,
            open: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            idle: Notify::new(),
            closing: AtomicBool::new(false),
        };
        Ok(Db { inner: Arc::new(inner), actor: Actor::default(), origin: None, seen: Arc::default() })
    }

    /// The same database with a memory of its own for what it has written.
    ///
    /// Where there are read replicas, a `Db` reads what it has itself written: it asks only replicas that have caught
    /// up with its last write. Clones share that memory. A web server gives each of its users' sessions one, so that
    /// nobody waits for the writes of others. Without replicas it makes no difference.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # fn handle(db: &Db) {
    /// let db = db.session();
    /// # }
    /// ```
    pub fn session(&self) -> Db {
        Db { seen: Arc::new(AtomicU64::new(self.seen.load(Ordering::Acquire))), ..self.clone() }
    }

    /// What a copy of the database must have seen to answer this handle's reads.
    pub(crate) fn seen(&self) -> Position {
        Position(self.seen.load(Ordering::Acquire))
    }

    /// Notes where a commit of this handle stands.
    pub(crate) fn saw(&self, position: Option<Position>) {
        if let Some(Position(position)) = position {
            self.seen.fetch_max(position, Ordering::AcqRel);
        }
    }

    /// Notes where the primary's log stood when it answered a read, after that was unknown.
    pub(crate) fn found(&self, position: Option<Position>) {
        if let Some(Position(position)) = position {
            let unknown = Position::UNKNOWN.0;
            _ = self.seen.compare_exchange(unknown, position, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// The same database on behalf of this actor: hooks can ask for it with [`Tx::actor`].
    pub fn as_actor<A: Any + Send + Sync>(&self, actor: A) -> Db {
        Db { actor: Actor::new(actor), ..self.clone() }
    }

    /// The actor that operations of this handle run for, if it is of this type.
    pub fn actor<A: Any>(&self) -> Option<&A> {
        self.actor.get()
    }

    /// Runs a transaction that may write (L2). It commits when the closure returns `Ok`, and rolls back when it
    /// returns an error, panics or is dropped (L5).
    ///
    /// It begins at its first statement. Through `tx` go all of its operations; a write through a captured `Db` is
    /// an error (L8). An operation that fails spoils the whole transaction, unless it was made catchable with
    /// [`Tx::tx`] or `.savepoint()` (L3). On SQLite the transaction keeps other writers waiting for as long as the closure
    /// runs: do not wait for other services in it.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # #[derive(Table, Clone, Debug)]
    /// # struct Account { #[key] id: Id<Account>, cents: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").tables(tables![Account]).connect().await?;
    /// # db.create_tables().await?;
    /// # let from = db.create(NewAccount { cents: 500.into(), ..Default::default() }).await?.id;
    /// # let to = db.create(NewAccount { cents: 0.into(), ..Default::default() }).await?.id;
    /// db.tx(async |tx| {
    ///     tx.update::<Account>().by_key(from).set(|a| a.cents.sub(100)).await?;
    ///     tx.update::<Account>().by_key(to).set(|a| a.cents.add(100)).await
    /// })
    /// .await?;
    /// # assert_eq!(db.find::<Account>().by_key(to).await?.unwrap().cents, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tx<F, R>(&self, transaction: F) -> Result<R>
    where
        F: for<'a, 't> AsyncFnOnce(&'a mut Tx<'t>) -> Result<R>,
    {
        beside::check(self.id(), None)?;
        self.usable()?;
        let mut state = TxState::writing(self);
        let live = Live::transaction();
        let result = {
            let mut tx = Tx::outermost(&mut state, self);
            beside::inside(self.id(), None, pin!(live.around(transaction(&mut tx)))).await
        };
        live.ends(state.end(result)).await
    }

    /// Runs a transaction that only reads: all of its reads see one state of the database. It does not wait for
    /// writers, nor do they wait for it, except in a database in memory, which has one connection.
    pub async fn read<F, R>(&self, transaction: F) -> Result<R>
    where
        F: for<'a, 't> AsyncFnOnce(&'a mut Read<'t>) -> Result<R>,
    {
        self.usable()?;
        let mode = Mode { access: Access::Read, isolation: Isolation::RepeatableRead };
        let live = Live::transaction();
        if !self.inner.traits.exclusive {
            let mut state = TxState::new(self, mode);
            let mut read = Read(Tx::outermost(&mut state, self));
            let result = live.around(transaction(&mut read)).await;
            return live.ends(state.end(result)).await;
        }
        beside::check(self.id(), None)?;
        let mut state = TxState::new(self, mode);
        let result = {
            let mut read = Read(Tx::outermost(&mut state, self));
            beside::inside(self.id(), None, pin!(live.around(transaction(&mut read)))).await
        };
        live.ends(state.end(result)).await
    }

    /// Creates the tables of `tables![..]` that are not there, with their constraints and indexes, in one
    /// transaction. A table that is there stays as it is; if all are there, no right to create any is needed.
    pub async fn create_tables(&self) -> Result<()> {
        beside::check(self.id(), None)?;
        self.usable()?;
        let catalog = &self.inner.catalog;
        let schema = Schema { tables: catalog.tables(), cascaded: catalog.cascaded() };
        let statements = self.inner.driver.schema(schema).await?;
        if statements.is_empty() {
            return Ok(());
        }
        let mut steps: Vec<Step<'_>> =
            statements.iter().map(|text| Step::new(Statement::Schema { text })).collect();
        let mut state = TxState::writing(self);
        let result = state.send(&mut steps).await;
        drop(steps);
        state.end(result).await
    }

    /// An error if the database does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.raw_query("SELECT 1", []).await.map(drop)
    }

    /// The hook after a commit that this handle was made for, in its trace.
    pub(crate) fn traced(&self) -> Option<(u64, u32)> {
        self.origin.as_ref().and_then(|origin| origin.traced)
    }

    /// Keeps what ran, and says what of it will not work well.
    pub(crate) fn keep_trace(&self, mut recording: Box<Recording>) {
        let settings = &self.inner.settings;
        recording.warnings = lints::warnings(&recording, &settings.lints, !self.inner.traits.shared);
        if let Some(sink) = &settings.on_warning {
            // A sink that panics must not take a commit along that is done; the panic's message is printed by then.
            _ = catch_unwind(AssertUnwindSafe(|| recording.warnings.iter().for_each(sink)));
        }
        self.inner.traces.keep(recording);
    }

    /// What ran of late, the oldest first: the last transactions, and the operations with company, each with what it led
    /// to, see [`Trace`]. How many are kept, [`Connect::traces`] says.
    ///
    /// What follows a commit is there when it is done: in tests after [`drain`](Db::drain).
    pub fn traces(&self) -> Vec<Trace> {
        self.inner.traces.look(tree::traces)
    }

    /// The one of [`traces`](Db::traces) in which something ran last.
    pub fn last_trace(&self) -> Option<Trace> {
        self.inner.traces.look(tree::last)
    }

    /// The operations after whose commits this handle was made for a hook, the innermost first (L52, L60); none for
    /// a handle of the application's.
    pub fn origin(&self) -> impl Iterator<Item = Origin> + '_ {
        origin::origin(None, self)
    }

    /// Tells databases apart.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.inner.driver.name()).finish_non_exhaustive()
    }
}
