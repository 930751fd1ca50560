//! The benchmark on SQLite: each peer is a process with a database file of its own.

mod flights;
mod goals;
mod report;
mod works;

use std::path::Path;

use serde_json::json;

use self::{flights::Flights, report::Report, works::Work};
use super::{
    args::{Args, Engine},
    peer::{self, Peer},
    report::publish,
    rounds::{self, Table},
};
use crate::Result;

/// A work's measurements.
#[derive(Debug)]
struct Measured {
    work: &'static Work,
    table: Table,
}

/// The names that `--only` takes.
pub(super) fn names() -> Vec<&'static str> {
    works::ALL.iter().map(|work| work.name).chain(["flights"]).collect()
}

pub(super) fn run(root: &Path, args: &Args) -> Result<()> {
    let mut peers: Vec<Peer> =
        args.peers.iter().map(|name| Peer::start(root, name, Engine::Sqlite)).collect();
    let wanted = works::ALL.iter().filter(|work| args.wants(work.name));
    let measured = wanted.map(|work| measure(work, args, &mut peers)).collect();
    let flights = args.wants("flights").then(|| Flights::measure(root, args.flights_data.as_deref()));

    let report = Report { root, args, peers: &peers, measured, flights };
    publish(root, args, "benchmarks.md", &report.text()?)
}

fn measure(work: &'static Work, args: &Args, peers: &mut [Peer]) -> Measured {
    let lines = work.lines(args.peers.iter().copied());
    let table = rounds::measure(work.name, lines, args.rounds, |line| {
        peer::ask(peers, line.peer, work.n, &json!({"work": line.asked, "n": work.n}))
    });
    Measured { work, table }
}
