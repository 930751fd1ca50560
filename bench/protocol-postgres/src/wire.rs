//! Requests, and what a peer says of itself.

use bench_protocol::{Outcome, Result, converse};
use serde_json::{Value, json};

/// One kind of measured work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Insert a user, and learn its id.
    InsertOne,
    /// Insert a post and add one to its user's counter, in one transaction.
    InsertCounter,
    /// Rename a user, and learn the whole row as it was and as it is.
    UpdateReturningOld,
    /// Insert [`ROWS_PER_CALL`](crate::ROWS_PER_CALL) users in one call.
    Insert10000,
    /// Read one user by its key.
    GetByKey,
}

impl Work {
    fn from_name(name: &str) -> Option<Work> {
        Some(match name {
            "insert_one" => Work::InsertOne,
            "insert_counter" => Work::InsertCounter,
            "update_returning_old" => Work::UpdateReturningOld,
            "insert_10000" => Work::Insert10000,
            "get_by_key" => Work::GetByKey,
            _ => return None,
        })
    }
}

/// One request: `n` units of work.
#[derive(Clone, Debug)]
pub struct Request {
    pub work: Work,
    /// Which of the peer's ways to do the work; empty for the usual one.
    pub way: String,
    pub n: i64,
    /// How many connections, and tasks that work at once.
    pub connections: usize,
    pub url: String,
    /// Whether the database is to be taken for one on another machine. What a URL means to a peer by the server's place
    /// has to be said to it then, for it is a socket all the same.
    pub remote: bool,
}

impl Request {
    fn parse(value: &Value) -> Result<Request> {
        let text = |key: &str| value[key].as_str().ok_or_else(|| format!("`{key}` is not a string"));
        let name = text("work")?;
        let connections = value["connections"].as_u64().ok_or("`connections` is not a number")?;
        Ok(Request {
            work: Work::from_name(name).ok_or_else(|| format!("unknown work `{name}`"))?,
            way: text("way")?.to_owned(),
            n: value["n"].as_i64().filter(|n| *n > 0).ok_or("`n` is not a positive integer")?,
            connections: usize::try_from(connections)?,
            url: text("url")?.to_owned(),
            remote: value["remote"].as_bool().unwrap_or_default(),
        })
    }
}

/// The first line a peer prints.
#[derive(Clone, Debug)]
pub struct Hello {
    pub peer: &'static str,
    /// The version of the measured library.
    pub version: String,
    /// The crate that speaks with the server, and its version.
    pub driver: String,
}

/// Answers requests until the end of standard input, on a runtime with a thread for each of two cores.
///
/// Every peer has the same runtime, also those that would be faster on one thread: an application's server has several.
pub fn serve<F>(hello: &Hello, run: impl Fn(Request) -> F) -> Result<()>
where
    F: Future<Output = Result<Outcome>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let Hello { peer, version, driver } = hello;
    converse(&json!({"peer": peer, "version": version, "driver": driver}), |line| {
        runtime.block_on(runtime.spawn(run(Request::parse(line)?)))?
    })
}
