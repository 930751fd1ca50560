//! [`Connection`]: one connection to SQLite, set up as the driver needs it.

use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{
    OpenFlags,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
};
use tripline_core::{Access, Error, Result, StatementLog, TableRef, Transcript};

use crate::{
    Durability, Location, Options,
    errors::database_error,
    limits::{INSTRUCTIONS, Limits},
    options::LONGEST_WAIT,
    texts::Texts,
};

/// How many prepared statements a connection keeps. An application has some hundred shapes of statements.
const PREPARED_STATEMENTS: usize = 512;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) raw: rusqlite::Connection,
    pub(crate) limits: Arc<Limits>,
    pub(crate) log: Option<StatementLog>,
    pub(crate) tables: Arc<[TableRef]>,
    /// Whether the application's own SQL is being prepared: then the authorizer looks.
    pub(crate) foreign_sql: Arc<AtomicBool>,
    /// Memory for the text of statements.
    pub(crate) buffer: String,
    /// Texts that depend only on table and columns.
    pub(crate) texts: Texts,
    /// Where the flight that is being sent is written down.
    pub(crate) transcript: RefCell<Option<Transcript>>,
    /// Whether the next statement is the first of its flight, for the log.
    pub(crate) first_of_flight: Cell<bool>,
}

impl Connection {
    pub(crate) fn open(options: &Options, tables: &Arc<[TableRef]>, access: Access) -> Result<Connection> {
        let failed = |error| open_error(options, error);
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if options.create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let mut raw = match &options.location {
            Location::File(path) => rusqlite::Connection::open_with_flags(path, flags),
            Location::Memory => rusqlite::Connection::open_in_memory_with_flags(flags),
        }
        .map_err(failed)?;
        set_up(&raw, options, access).map_err(failed)?;
        if let Location::File(_) = options.location {
            let mode: String = raw.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(failed)?;
            if mode != "wal" {
                return Err(Error::Setup(
                    format!("{} cannot use a write-ahead log, it has: {mode}", place(options)).into(),
                ));
            }
        }
        let limits = Arc::new(Limits::new(options.statement_timeout));
        let foreign_sql = Arc::new(AtomicBool::new(false));
        let (in_handler, in_authorizer) = (limits.clone(), foreign_sql.clone());
        raw.progress_handler(INSTRUCTIONS, Some(move || in_handler.exceeded())).map_err(failed)?;
        raw.authorizer(Some(move |context: AuthContext<'_>| {
            if in_authorizer.load(Ordering::Relaxed) { authorize(&context) } else { Authorization::Allow }
        }))
        .map_err(failed)?;
        raw.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        Ok(Connection {
            raw,
            limits,
            log: options.log.clone(),
            tables: tables.clone(),
            foreign_sql,
            buffer: String::new(),
            texts: Texts::default(),
            transcript: RefCell::new(None),
            first_of_flight: Cell::new(true),
        })
    }

    /// The file of the write-ahead log: beside the database itself, also if it was opened by a link to it.
    pub(crate) fn log_file(&self, opened: &Path) -> PathBuf {
        let mut log = self.raw.path().map_or_else(|| opened.as_os_str().to_owned(), OsString::from);
        log.push("-wal");
        log.into()
    }

    /// What is sent from here on is another flight.
    pub(crate) fn begin_flight(&self) {
        self.first_of_flight.set(true);
    }

    /// Whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.raw.is_autocommit()
    }

    /// Rolls back what is open. A failure leaves a connection nobody may use again.
    pub(crate) fn roll_back(&mut self) -> Result<()> {
        if !self.in_transaction() {
            return Ok(());
        }
        self.control("ROLLBACK").map_err(|error| database_error(error, None))
    }

    /// Runs a statement of transaction control.
    pub(crate) fn control(&self, sql: &str) -> rusqlite::Result<()> {
        // SQLite may call the progress handler here too, which must not judge by the statement before.
        self.limits.start(false);
        if let Some(transcript) = &mut *self.transcript.borrow_mut() {
            transcript.add(sql);
        }
        if let Some(log) = &self.log {
            log.record(sql, self.first_of_flight.take());
        }
        self.raw.prepare_cached(sql)?.raw_execute().map(drop)
    }

    pub(crate) fn close(self) -> Result<()> {
        self.raw.close().map_err(|(_, error)| database_error(error, None))
    }
}

fn set_up(raw: &rusqlite::Connection, options: &Options, access: Access) -> rusqlite::Result<()> {
    // While it opens, SQLite may wait by blocking; `open` runs off the runtime.
    raw.busy_timeout(options.busy_timeout.min(LONGEST_WAIT))?;
    if let Location::File(_) = options.location {
        raw.pragma_update(None, "journal_mode", "WAL")?;
    }
    // Values never change a plan. Otherwise SQLite plans a statement anew whenever the value of its LIMIT is bound.
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A quoted name is a name. Otherwise one that the table does not have is a text, which every row may fulfil.
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    let synchronous = if options.durability == Durability::Strict { "FULL" } else { "NORMAL" };
    raw.pragma_update(None, "synchronous", synchronous)?;
    raw.pragma_update(None, "foreign_keys", true)?;
    raw.pragma_update(None, "trusted_schema", false)?;
    if let Some(pages) = options.max_page_count {
        raw.pragma_update(None, "max_page_count", pages)?;
    }
    if access == Access::Read {
        raw.pragma_update(None, "query_only", true)?;
    }
    // From here on locks are waited for with timers, never by blocking the runtime's thread.
    raw.busy_timeout(std::time::Duration::ZERO)
}

fn place(options: &Options) -> String {
    match &options.location {
        Location::File(path) => format!("the database `{}`", path.display()),
        Location::Memory => "the database in memory".to_owned(),
    }
}

fn open_error(options: &Options, error: rusqlite::Error) -> Error {
    Error::Setup(format!("{} cannot be opened: {error}", place(options)).into())
}

/// What the application's own SQL may do: everything but touch the transaction and the connection's settings,
/// which are the engine's.
fn authorize(context: &AuthContext<'_>) -> Authorization {
    const HARMLESS: [&str; 14] = [
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "index_xinfo",
        "database_list",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
        "compile_options",
        "page_count",
        "user_version",
    ];
    match context.action {
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => Authorization::Deny,
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, .. } if !HARMLESS.contains(&pragma_name) => Authorization::Deny,
        _ => Authorization::Allow,
    }
}
