//! Loads the NYC flights of 2013 with rusqlite and nothing between: what a careful programmer
//! would write by hand, to compare a loader on a data layer with.
//!
//! Prints one line of JSON: what was loaded, the kept totals of each airline, the time that the
//! flights took, and whether the totals agree with an aggregation over the loaded flights.

mod args;
mod flight;
mod loader;
mod reference;
mod source;
mod totals;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::json;

use crate::args::Args;
use crate::loader::Loader;

/// Any error: all of them end the program with a message.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("the kept totals differ from the loaded flights");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let args = Args::from_env()?;
    let mut conn = open(&args)?;
    reference::load(&mut conn, &args.data)?;

    let start = Instant::now();
    let mut loader = Loader::new(&mut conn, args.batch)?;
    source::with_flights(&args.data, |csv| loader.load(csv))?;
    let seconds = start.elapsed().as_secs_f64();
    let counts = loader.into_counts();

    let kept = totals::kept(&conn)?;
    let verified = kept == totals::aggregated(&conn)?;
    let airlines: serde_json::Map<_, _> =
        kept.into_iter().map(|(carrier, tally)| (carrier, tally.to_json())).collect();
    println!(
        "{}",
        json!({
            "flights": counts.flights,
            "unknown_dest": counts.unknown_dest,
            "cancelled": counts.cancelled,
            "no_tailnum": counts.no_tailnum,
            "planes_added": counts.planes_added,
            "airlines": airlines,
            "seconds": seconds,
            "verified": verified,
        })
    );
    Ok(verified)
}

fn open(args: &Args) -> Result<Connection> {
    // A second load would add to the first.
    if args.database.exists() {
        return Err(format!("{} exists already", args.database.display()).into());
    }
    let conn = Connection::open(&args.database)?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
    conn.execute_batch(include_str!("../schema.sql"))?;
    Ok(conn)
}
