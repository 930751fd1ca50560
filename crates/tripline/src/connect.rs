//! [`Connect`]: how a `Db` comes about.

mod engine;

use std::{any::type_name, panic::Location, sync::Arc, time::Duration};

use jiff::Timestamp;
use tripline_core::{Error, Result, StatementLog};

use self::engine::EngineSettings;
use crate::{
    AnyTable, BackgroundError, Db, Lints, Warning,
    catalog::{Catalog, Registered, TableEntry},
    db::Settings,
    hooks::observer::Observer,
};

/// A database that is to be opened: its tables, observers and settings.
///
/// Settings of the engine can also stand in the URL, see [`Options::from_url`](tripline_sqlite::Options::from_url).
#[must_use = "nothing is opened until `connect` is awaited"]
pub struct Connect {
    url: String,
    tables: Vec<TableEntry>,
    observers: Vec<Registered>,
    sinks: Vec<(&'static str, Registered)>,
    settings: Settings,
    engine: EngineSettings,
}

impl Connect {
    pub(crate) fn new(url: &str) -> Connect {
        let settings = Settings {
            max_hook_rows: 50_000,
            max_depth: 16,
            traces: 256,
            trace_changes: cfg!(debug_assertions),
            lints: Lints::default(),
            on_warning: None,
            drain_timeout: Duration::from_secs(30),
            clock: Box::new(Timestamp::now),
            on_error: Box::new(|BackgroundError { hook, error }| {
                let error = error.with_causes();
                match hook {
                    Some(hook) => eprintln!("tripline: {hook}, after the transaction: {error}"),
                    None => eprintln!("tripline: a task after the transaction: {error}"),
                }
            }),
        };
        Connect {
            url: url.to_owned(),
            tables: Vec::new(),
            observers: Vec::new(),
            sinks: Vec::new(),
            settings,
            engine: EngineSettings::default(),
        }
    }

    /// Adds tables with their hooks: `tables![User, Post]`.
    pub fn tables(mut self, tables: impl IntoIterator<Item = TableEntry>) -> Self {
        self.tables.extend(tables);
        self
    }

    /// Adds a table that is described at run time. Its hooks are those of observers.
    pub fn table(mut self, table: AnyTable) -> Self {
        self.tables.push(TableEntry { table: table.0, hooks: &[] });
        self
    }

    /// Registers an observer of all tables for some tables only: those known at run time, for instance. It is one of their
    /// scope then, inside of those of all tables (L11).
    #[track_caller]
    pub fn observe_in<O: Observer>(
        mut self,
        tables: impl IntoIterator<Item = AnyTable>,
        observer: O,
    ) -> Self {
        let only = Some(tables.into_iter().map(|table| table.0).collect());
        self.observers.push(Registered { only, ..registered(observer, Location::caller()) });
        self
    }

    /// Registers an observer of all tables as the sink of another database: it takes the operations that are sent there
    /// with `.on_database(name)`, of whatever table (L65).
    ///
    /// It can carry hooks of every phase; those of the tables and of other observers do not run for such an operation. As
    /// this `Db` has only one database, the sink also has to resolve the operations: an operation that it has no resolver
    /// for is an error, and so is a name without a sink.
    #[track_caller]
    pub fn sink<O: Observer>(mut self, name: &'static str, observer: O) -> Self {
        self.sinks.push((name, registered(observer, Location::caller())));
        self
    }

    /// Registers an observer. Those of one scope run in the order of registration, after-hooks reversed (L13).
    #[track_caller]
    pub fn observe<O: Observer>(mut self, observer: O) -> Self {
        self.observers.push(registered(observer, Location::caller()));
        self
    }

    /// When commits are acknowledged; grouped by default.
    #[cfg(feature = "sqlite")]
    pub fn durability(mut self, durability: crate::Durability) -> Self {
        self.engine.durability = Some(durability);
        self
    }

    /// Records all SQL statements that are sent.
    pub fn statement_log(mut self, log: StatementLog) -> Self {
        self.engine.log = Some(log);
        self
    }

    /// Adds read replicas of a PostgreSQL database, by their URLs.
    ///
    /// Reads outside of transactions go to a replica that has caught up with the last write of the [`Db`] that asks
    /// ([`Db::session`]), and else to the primary, as does all else. A replica that cannot be reached is left out, and
    /// asked again after a while.
    pub fn replicas<U: AsRef<str>>(mut self, urls: impl IntoIterator<Item = U>) -> Self {
        self.engine.replicas.extend(urls.into_iter().map(|url| url.as_ref().to_owned()));
        self
    }

    /// Changes settings of PostgreSQL that have no method here; most can be in the URL, too.
    #[cfg(feature = "postgres")]
    pub fn postgres_options(
        mut self,
        change: impl FnOnce(&mut tripline_postgres::Options) + Send + 'static,
    ) -> Self {
        self.engine.postgres = Some(Box::new(change));
        self
    }

    /// Changes settings of SQLite that have no method here.
    #[cfg(feature = "sqlite")]
    pub fn sqlite_options(
        mut self,
        change: impl FnOnce(&mut tripline_sqlite::Options) + Send + 'static,
    ) -> Self {
        self.engine.sqlite = Some(Box::new(change));
        self
    }

    /// How many rows an operation may touch whose hooks need them in memory; 50,000 by default.
    pub fn max_hook_rows(mut self, rows: usize) -> Self {
        self.settings.max_hook_rows = rows;
        self
    }

    /// How deep operations made in hooks may nest; 16 by default (L61).
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.settings.max_depth = depth;
        self
    }

    /// How many traces are kept, see [`Db::traces`]; 256 by default. With none, nothing is recorded.
    pub fn traces(mut self, kept: usize) -> Self {
        self.settings.traces = kept;
        self
    }

    /// Whether traces say which columns each before-hook changed. To know that, drafts and patches are copied for each
    /// hook; so it is on by default only where debug assertions are. Values are never in a trace.
    pub fn trace_changes(mut self, changes: bool) -> Self {
        self.settings.trace_changes = changes;
        self
    }

    /// From when on [warnings](Warning) are given of what ran.
    pub fn lints(mut self, lints: Lints) -> Self {
        self.settings.lints = lints;
        self
    }

    /// Where [warnings](Warning) go. Without, those found when connecting are written to standard error, and those of what
    /// ran are only in its [trace](crate::Trace::warnings).
    pub fn on_warning(mut self, sink: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.settings.on_warning = Some(Box::new(sink));
        self
    }

    /// How long [`Db::close`] waits for work after commits; 30 seconds by default.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.settings.drain_timeout = limit;
        self
    }

    /// Where `#[created_at]` and `#[updated_at]` get the time from: the system's clock, or a test's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.settings.clock = Box::new(clock);
        self
    }

    /// Where errors go that nobody waits for (L51); standard error by default.
    pub fn on_error(mut self, sink: impl Fn(BackgroundError) + Send + Sync + 'static) -> Self {
        self.settings.on_error = Box::new(sink);
        self
    }

    /// Opens the database. Errors if tables and observers do not fit together, or the database cannot be opened.
    pub async fn connect(self) -> Result<Db> {
        let catalog = Catalog::new(&self.tables, &self.observers, self.sinks)?;
        tokio::runtime::Handle::try_current()
            .map_err(|_| Error::Setup("a `Db` needs a tokio runtime".into()))?;
        for warning in &catalog.warnings {
            match &self.settings.on_warning {
                Some(sink) => sink(warning),
                None => eprintln!("tripline: {warning}"),
            }
        }
        let driver = self.engine.open(&self.url, catalog.tables()).await?;
        Db::new(driver, catalog, self.settings)
    }
}

fn registered<O: Observer>(observer: O, place: &'static Location<'static>) -> Registered {
    Registered { carrier: Arc::new(observer), observed: O::HOOKS, name: type_name::<O>(), place, only: None }
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connect").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}
