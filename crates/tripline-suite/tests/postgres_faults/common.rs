//! What the cases share: servers, databases, two tables.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tripline::{AfterCreateCommit, AfterRollback, Connect, Undone, prelude::*};
use tripline_suite::{Recorder, Server};
use tripline_testpg::{Binaries, Cluster, Proxy, Settings};

/// A table with hooks for what follows the end of a transaction, whichever way. COMMIT is a flight of its own then.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "notes")]
pub(crate) struct Note {
    #[key]
    pub(crate) id: Id<Note>,
    pub(crate) text: String,
}

impl AfterCreateCommit for Note {
    async fn after_create_commit(db: &Db, notes: &[Note]) -> Result<()> {
        notes.iter().for_each(|note| Recorder::of_db(db).note(format!("committed {}", note.text)));
        Ok(())
    }
}

impl AfterRollback for Note {
    async fn after_rollback(db: &Db, undone: &Undone) -> Result<()> {
        Recorder::of_db(db).note(format!("rolled back {}", undone.rows));
        Ok(())
    }
}

/// A table with a hook for what follows a commit, and no other: a create that stands alone is one flight, with COMMIT
/// in it.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "letters")]
pub(crate) struct Letter {
    #[key]
    pub(crate) id: Id<Letter>,
    pub(crate) text: String,
}

impl AfterCreateCommit for Letter {
    async fn after_create_commit(db: &Db, letters: &[Letter]) -> Result<()> {
        letters.iter().for_each(|letter| Recorder::of_db(db).note(format!("committed {}", letter.text)));
        Ok(())
    }
}

/// A table without hooks: what is written to it alone is one statement and opens no transaction.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "plains")]
pub(crate) struct Plain {
    #[key]
    pub(crate) id: Id<Plain>,
    pub(crate) n: i64,
    #[default(0)]
    pub(crate) small: u8,
}

pub(crate) fn note(text: impl Into<String>) -> NewNote {
    NewNote { text: text.into().into(), ..Default::default() }
}

pub(crate) fn letter(text: impl Into<String>) -> NewLetter {
    NewLetter { text: text.into().into(), ..Default::default() }
}

pub(crate) fn plain(n: i64) -> NewPlain {
    NewPlain { n: n.into(), ..Default::default() }
}

/// The texts of all notes.
pub(crate) async fn notes(db: &Db) -> Vec<String> {
    db.find::<Note>().order(|n| n.id.asc()).await.unwrap().into_iter().map(|note| note.text).collect()
}

/// The texts of all letters.
pub(crate) async fn letters(db: &Db) -> Vec<String> {
    db.find::<Letter>().order(|l| l.id.asc()).await.unwrap().into_iter().map(|letter| letter.text).collect()
}

/// The server of all cases that neither stop it nor ask it for a password.
pub(crate) fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| cluster(Settings::default()))
}

pub(crate) fn cluster(settings: Settings) -> Cluster {
    Cluster::start(&Binaries::find(Server::version_of_faults()).unwrap(), settings).unwrap()
}

/// A database of the shared server that nobody else uses.
pub(crate) struct Place {
    name: String,
}

impl Place {
    /// A database with its tables.
    pub(crate) async fn new() -> Place {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("place_{}", MADE.fetch_add(1, Ordering::Relaxed));
        shared().psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
        let place = Place { name };
        place.open("pool_size=1").await.create_tables().await.unwrap();
        place
    }

    pub(crate) fn url(&self) -> String {
        shared().url(&self.name)
    }

    /// How it would be opened; the parameters are those of its URL.
    pub(crate) fn connect(&self, parameters: &str) -> Connect {
        connect(&shared().url(&self.name), parameters)
    }

    pub(crate) async fn open(&self, parameters: &str) -> Db {
        self.connect(parameters).connect().await.unwrap()
    }

    pub(crate) async fn open_through(&self, proxy: &Proxy, parameters: &str) -> Db {
        connect(&proxy.url(&self.name), parameters).connect().await.unwrap()
    }

    /// What another program is told.
    pub(crate) fn psql(&self, sql: &str) -> String {
        shared().psql(&self.name, sql).unwrap()
    }

    /// Waits until a query of another program returns true.
    pub(crate) fn until(&self, query: &str) {
        shared().until(&self.name, query).unwrap();
    }

    /// Waits until no session with this name does anything, or has a transaction open.
    pub(crate) fn until_at_rest(&self, application: &str) {
        self.until(&format!(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '{application}' AND state <> 'idle'"
        ));
    }

    /// Waits until a session with this name waits for a lock.
    pub(crate) fn until_waiting(&self, application: &str) {
        self.until(&format!(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = '{application}' \
             AND wait_event_type = 'Lock'"
        ));
    }
}

pub(crate) fn proxy() -> Proxy {
    shared().proxy(Duration::ZERO).unwrap()
}

/// How the database of a URL, which has parameters already, would be opened.
pub(crate) fn connect(url: &str, parameters: &str) -> Connect {
    let between = if parameters.is_empty() { "" } else { "&" };
    Db::open(&format!("{url}{between}{parameters}")).tables(tables![Note, Letter, Plain])
}

/// The future's output; panics instead of waiting for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(25), future).await.expect("it never ends")
}

/// A recorder, and the database with it as the actor of all that is written.
pub(crate) fn recorded(db: &Db) -> (Db, Recorder) {
    let recorder = Recorder::default();
    (db.as_actor(recorder.clone()), recorder)
}

/// What was noted, once all work after commits and rollbacks is done.
pub(crate) async fn noted(db: &Db, recorder: &Recorder) -> Vec<String> {
    soon(db.drain()).await.unwrap();
    recorder.take()
}

/// Whether a connection was lost.
pub(crate) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Connection(error) if error.kind == tripline::ConnectionErrorKind::Lost)
}

/// The server's code of an error that has no variant of its own.
pub(crate) fn database_code(error: &Error) -> &str {
    match error.root() {
        Error::Database(error) => &error.code,
        _ => "",
    }
}
