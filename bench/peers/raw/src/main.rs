//! Hand-written rusqlite: the floor that the other peers are compared with.
//!
//! Statements come from the connection's own cache (`prepare_cached`), as rusqlite advises for
//! statements that are run again and again:
//! <https://docs.rs/rusqlite/0.41/rusqlite/struct.Connection.html#method.prepare_cached>

mod tasks;
mod works;

use std::path::Path;

use bench_protocol::{
    Hello, Named, PRAGMAS, Request, Result, Work, locked_version, measure, serve, setup_statements,
};
use rusqlite::Connection;

/// The works of this peer: those of all peers, and its own.
#[derive(Clone, Copy, Debug)]
enum PeerWork {
    /// What every peer has.
    Shared(Work),
    /// All of 10,000 users updated by one call; with their rows before and after, or without.
    Update { rows: bool },
}

impl Named for PeerWork {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "update_10000" => Some(PeerWork::Update { rows: false }),
            "update_10000_rows" => Some(PeerWork::Update { rows: true }),
            name => Work::from_name(name).map(PeerWork::Shared),
        }
    }
}

fn main() -> Result<()> {
    let hello = Hello {
        peer: "raw",
        version: locked_version(include_str!("../Cargo.lock"), "rusqlite"),
        sqlite: Connection::open_in_memory()?.query_row("SELECT sqlite_version()", [], |row| row.get(0))?,
    };
    serve(&hello, |Request { work, n }, file| {
        let work = match work {
            PeerWork::Shared(work) => work,
            PeerWork::Update { rows } => {
                let mut conn = open(file, Work::GetByKey)?;
                return match rows {
                    false => measure(n, |units| works::update_all(&conn, units)),
                    true => measure(n, |units| works::update_all_rows(&mut conn, units)),
                };
            }
        };
        let mut conn = open(file, work)?;
        match work {
            Work::InsertOne => measure(n, |units| works::insert_one(&conn, units)),
            Work::InsertCounter => measure(n, |units| works::insert_counter(&mut conn, units)),
            Work::InsertMany => measure(n, |units| works::insert_many(&mut conn, units)),
            Work::GetByKey => measure(n, |units| works::get_by_key(&conn, units)),
            Work::ParentsChildren => measure(n, |units| works::parents_children(&conn, units)),
            Work::Tasks64 => tasks::run(conn, n),
        }
    })
}

fn open(file: &Path, work: Work) -> Result<Connection> {
    let conn = Connection::open(file)?;
    conn.execute_batch(&PRAGMAS.join(";"))?;
    conn.execute_batch(&setup_statements(work).join(";"))?;
    Ok(conn)
}
