//! `cargo xtask bench`: measures Tripline and its peers in interleaved rounds, writes `docs/benchmarks.md`.
//!
//! A machine is never equally fast twice. So each round asks every peer once, in an order that rotates, and a
//! peer's result is the median of its ratios to hand-written rusqlite in the same round.

mod args;
mod build;
mod flights;
mod goals;
mod machine;
mod peer;
mod report;
mod rounds;
mod stats;
mod works;

use std::{fs, path::Path};

use self::{args::Args, flights::Flights, peer::Peer, report::Report};
use crate::Result;

/// The peer that the others are compared with.
const BASE: &str = "raw";
/// The peer that the goals are about.
const OURS: &str = "tripline";
/// All peers, in the order of the tables.
const PEERS: [&str; 6] = [BASE, OURS, "diesel", "sqlx", "seaorm", "toasty"];

/// Runs the benchmarks as the arguments say.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let args = Args::parse(args)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no directory")?;

    let mut peers: Vec<Peer> = args.peers.iter().map(|name| Peer::start(root, name)).collect();
    let measured = works::ALL
        .iter()
        .filter(|work| args.wants(work.name))
        .map(|work| rounds::measure(work, &mut peers, args.rounds))
        .collect();
    let flights = args.wants("flights").then(|| Flights::measure(root, args.flights_data.as_deref()));

    let report = Report { root, args: &args, peers: &peers, measured, flights };
    let text = report.text()?;
    println!("{text}");
    if args.is_complete() {
        let file = root.join("docs/benchmarks.md");
        fs::write(&file, text)?;
        eprintln!("written to docs/benchmarks.md");
    } else {
        eprintln!("docs/benchmarks.md stays as it is: it holds only complete runs");
    }
    Ok(())
}
