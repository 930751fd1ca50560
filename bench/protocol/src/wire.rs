//! The request and answer lines.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::database::fresh_file;

/// An error of any kind that may cross threads.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a peer's functions return.
pub type Result<T> = std::result::Result<T, BoxError>;

/// One kind of measured work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Insert single users, each in its own implicit transaction.
    InsertOne,
    /// Insert a post and add one to its user's counter, in one transaction.
    InsertCounter,
    /// Insert [`USERS_PER_CALL`](crate::USERS_PER_CALL) users in one call.
    InsertMany,
    /// Read one user by its key.
    GetByKey,
    /// Load [`WINDOW`](crate::WINDOW) users and their posts in two statements.
    ParentsChildren,
    /// [`Work::InsertCounter`] from 64 tasks that share one connection, awaiting inside the
    /// transaction, with `synchronous = FULL`.
    Tasks64,
}

impl Work {
    /// Every kind of work.
    pub const ALL: [Work; 6] = [
        Work::InsertOne,
        Work::InsertCounter,
        Work::InsertMany,
        Work::GetByKey,
        Work::ParentsChildren,
        Work::Tasks64,
    ];

    /// The name used in requests.
    pub fn name(self) -> &'static str {
        match self {
            Work::InsertOne => "insert_one",
            Work::InsertCounter => "insert_counter",
            Work::InsertMany => "insert_many",
            Work::GetByKey => "get_by_key",
            Work::ParentsChildren => "parents_children",
            Work::Tasks64 => "tasks64",
        }
    }
}

/// Kinds of work by their names: [`Work`], or a peer's own that hold it.
pub trait Named: Copy {
    /// The kind of work with this name.
    fn from_name(name: &str) -> Option<Self>;
}

impl Named for Work {
    fn from_name(name: &str) -> Option<Self> {
        Work::ALL.into_iter().find(|work| work.name() == name)
    }
}

/// One request: `n` units of `work`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<W = Work> {
    pub work: W,
    pub n: i64,
}

impl<W: Named> Request<W> {
    fn parse(value: &Value) -> Result<Self> {
        let name = value["work"].as_str().ok_or("`work` is not a string")?;
        let work = W::from_name(name).ok_or_else(|| format!("unknown work `{name}`"))?;
        let n = value["n"].as_i64().filter(|n| *n > 0).ok_or("`n` is not a positive integer")?;
        Ok(Request { work, n })
    }
}

/// The first line a peer prints.
#[derive(Clone, Debug)]
pub struct Hello {
    pub peer: &'static str,
    /// The version of the measured library.
    pub version: String,
    /// What `SELECT sqlite_version()` answers in this process.
    pub sqlite: String,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The timed part took this long, for all units together.
    Nanoseconds(u64),
    /// The peer cannot do this work, and why.
    Unsupported(&'static str),
}

/// Answers requests until the end of standard input.
///
/// `run` is given each request together with the path of a database file that does not exist
/// yet, in the directory named by the process's only argument.
pub fn serve<W: Named>(
    hello: &Hello,
    mut run: impl FnMut(Request<W>, &Path) -> Result<Outcome>,
) -> Result<()> {
    let dir = std::env::args_os().nth(1).map(PathBuf::from);
    let dir = dir.ok_or("usage: peer DIR")?;
    std::fs::create_dir_all(&dir)?;
    // A server has threads. In a process with only one the C library leaves out its locks, in malloc and for
    // SQLite, which would make the peers without a runtime faster than they are where they are used.
    std::thread::spawn(|| {
        loop {
            std::thread::park()
        }
    });

    let Hello { peer, version, sqlite } = hello;
    converse(&json!({"peer": peer, "version": version, "sqlite": sqlite}), |line| {
        let request = Request::parse(line)?;
        let file = fresh_file(&dir, peer)?;
        run(request, &file)
    })
}

/// Says hello, then answers each line of standard input with what `run` makes of it, until the end.
pub fn converse(hello: &Value, mut run: impl FnMut(&Value) -> Result<Outcome>) -> Result<()> {
    answer(hello)?;
    for line in io::stdin().lock().lines() {
        // A line that is no JSON has no work, which is what it is then told.
        let request: Value = serde_json::from_str(&line?).unwrap_or_default();
        answer(&match run(&request) {
            Ok(Outcome::Nanoseconds(ns)) => json!({"work": request["work"], "n": request["n"], "ns": ns}),
            Ok(Outcome::Unsupported(why)) => json!({"unsupported": why}),
            Err(error) => json!({"error": shortened(error.to_string())}),
        })?;
    }
    Ok(())
}

/// Some errors quote their statement, which can be hundreds of kilobytes here.
fn shortened(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(1_000));
    message
}

fn answer(line: &Value) -> io::Result<()> {
    // Flushed by hand: standard output is a pipe here, and the other end waits for the line.
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
