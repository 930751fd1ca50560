//! What the cases share: places for databases, two tables, a disk that can be held up.

use std::{
    fs::File,
    future::poll_fn,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Condvar, Mutex},
    task::Poll,
    time::Duration,
};

use tempfile::TempDir;
use tokio::sync::watch;
use tripline::{AfterCreateCommit, AfterRollback, Connect, Undone, prelude::*};
use tripline_suite::Recorder;

/// A table with hooks for what follows the end of a transaction.
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

/// A table without hooks: what is written to it alone is one statement and opens no transaction.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "plains")]
pub(crate) struct Plain {
    #[key]
    pub(crate) id: Id<Plain>,
    pub(crate) n: i64,
    pub(crate) text: String,
}

pub(crate) fn note(text: impl Into<String>) -> NewNote {
    NewNote { text: text.into().into(), ..Default::default() }
}

pub(crate) fn plain(n: i64) -> NewPlain {
    NewPlain { n: n.into(), text: "plain".into(), ..Default::default() }
}

/// The texts of all notes.
pub(crate) async fn notes(db: &Db) -> Vec<String> {
    db.find::<Note>().order(|n| n.id.asc()).await.unwrap().into_iter().map(|note| note.text).collect()
}

/// A file for a database, in a folder of its own.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join("app.db")
    }

    /// Where SQLite keeps its write-ahead log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder().join("app.db-wal")
    }

    /// How the database would be opened; the parameters are those of its URL.
    pub(crate) fn connect(&self, parameters: &str) -> Connect {
        connect(&self.file(), parameters)
    }

    /// The database with its tables.
    pub(crate) async fn open(&self, parameters: &str) -> Db {
        let db = self.connect(parameters).connect().await.unwrap();
        db.create_tables().await.unwrap();
        db
    }

    /// The database with its tables, on a disk that does as it is told.
    pub(crate) async fn open_on(&self, disk: &Arc<Disk>, parameters: &str) -> Db {
        let on_disk = disk.clone();
        let db =
            self.connect(parameters).sqlite_options(move |o| o.sync = Arc::new(move |log| on_disk.sync(log)));
        let db = db.connect().await.unwrap();
        db.create_tables().await.unwrap();
        disk.calls.send_replace(0);
        db
    }

    /// Another program that has the same file open.
    pub(crate) fn other_program(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

pub(crate) fn connect(file: &Path, parameters: &str) -> Connect {
    Db::open(&format!("sqlite://{}?{parameters}", file.display())).tables(tables![Note, Plain])
}

/// How the log is synced: counts, can be held up, and fails when it is told to.
#[derive(Default)]
pub(crate) struct Disk {
    calls: watch::Sender<usize>,
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    held: bool,
    /// Which calls fail, counted from the creation of the tables; the first is 1.
    failing: Vec<usize>,
}

impl Disk {
    fn sync(&self, log: &File) -> io::Result<()> {
        let mut call = 0;
        self.calls.send_modify(|calls| {
            *calls += 1;
            call = *calls;
        });
        let held = self.released.wait_while(self.state.lock().unwrap(), |state| state.held).unwrap();
        if held.failing.contains(&call) {
            return Err(io::Error::other("the disk is gone"));
        }
        drop(held);
        log.sync_data()
    }

    /// Keeps all calls waiting from now on.
    pub(crate) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    pub(crate) fn release(&self) {
        self.state.lock().unwrap().held = false;
        self.released.notify_all();
    }

    pub(crate) fn fail_at(&self, calls: &[usize]) {
        self.state.lock().unwrap().failing = calls.to_vec();
    }

    /// How many calls have begun.
    pub(crate) fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits for the beginning of this call.
    pub(crate) async fn call(&self, number: usize) {
        soon(self.calls.subscribe().wait_for(|calls| *calls >= number)).await.unwrap();
    }
}

/// The future's output; panics instead of waiting for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(25), future).await.expect("it never ends")
}

pub(crate) async fn poll_once<F: Future>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A recorder, and the database with it as the actor of all that is written.
pub(crate) fn recorded(db: &Db) -> (Db, Recorder) {
    let recorder = Recorder::default();
    (db.as_actor(recorder.clone()), recorder)
}

/// Waits for all work after commits.
pub(crate) async fn drained(db: &Db) {
    soon(db.drain()).await.unwrap();
}
