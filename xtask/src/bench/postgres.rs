//! The benchmark on PostgreSQL: a private server, by its socket and by a delay line.

mod goals;
mod report;
mod server;
mod works;

use std::{error::Error, path::Path};

use serde_json::json;

use self::{
    report::Report,
    server::{Link, Server},
    works::{SITUATIONS, Situation, Work},
};
use super::{
    args::{Args, Engine},
    peer::{self, Failure, Peer},
    report::publish,
    rounds::{self, Line, Table},
};
use crate::Result;

/// The server's major version, unless another is asked for: the oldest that is supported.
pub(super) const VERSION: u32 = 15;

/// A work's measurements.
#[derive(Debug)]
struct Measured {
    work: &'static Work,
    /// One for each of the [`SITUATIONS`].
    tables: [Table; SITUATIONS.len()],
}

/// The names that `--only` takes.
pub(super) fn names() -> Vec<&'static str> {
    works::ALL.iter().map(|work| work.name).collect()
}

pub(super) fn run(root: &Path, args: &Args, version: u32) -> Result<()> {
    let mut peers: Vec<Peer> =
        args.peers.iter().map(|name| Peer::start(root, name, Engine::Postgres { version })).collect();
    let server = Server::start(version)?;
    let wanted = works::ALL.iter().filter(|work| args.wants(work.name));
    let measured = wanted.map(|work| measure(work, args, &server, &mut peers)).collect();
    let report = Report { root, args, server: &server, peers: &peers, measured };
    publish(root, args, "benchmarks-postgres.md", &report.text()?)
}

fn measure(work: &'static Work, args: &Args, server: &Server, peers: &mut [Peer]) -> Measured {
    let tables = std::array::from_fn(|place| {
        let title = format!("{}, {}", work.name, SITUATIONS[place].label);
        let lines = work.lines(args.peers.iter().copied());
        rounds::measure(&title, lines, args.rounds, |line| ask(work, place, line, server, peers))
    });
    Measured { work, tables }
}

/// Asks for one line, on a new database.
fn ask(
    work: &Work,
    place: usize,
    line: Line,
    server: &Server,
    peers: &mut [Peer],
) -> std::result::Result<f64, Failure> {
    let failed = |error: Box<dyn Error>| Failure::Error(error.to_string());
    let Situation { link, connections, .. } = SITUATIONS[place];
    let n = work.n[place];
    let request = json!({
        "work": work.name,
        "way": line.asked,
        "n": n,
        "connections": connections,
        "url": server.url(link),
        "remote": link == Link::Delayed,
    });
    server.refresh().map_err(failed)?;
    let time = peer::ask(peers, line.peer, n, &request)?;
    server.expect(&work.done.replace("$n", &n.to_string())).map_err(failed)?;
    Ok(time)
}
