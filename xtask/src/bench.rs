//! `cargo xtask bench`: measures Tripline and its peers in interleaved rounds, writes `docs/benchmarks.md`, or, on
//! PostgreSQL, `docs/benchmarks-postgres.md`.
//!
//! A machine is never equally fast twice. So each round asks every peer once, in an order that rotates, and a
//! peer's result is the median of its ratios to hand-written code on the engine's plain client in the same round.

mod args;
mod build;
mod goals;
mod machine;
mod peer;
mod postgres;
mod report;
mod rounds;
mod sqlite;
mod stats;

use std::path::Path;

use self::args::{Args, Engine};
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
    match args.engine {
        Engine::Sqlite => sqlite::run(root, &args),
        Engine::Postgres { version } => postgres::run(root, &args, version),
    }
}
