//! [`Args`]: the command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Parser;

/// Loads flights that left New York in 2013 through Tripline's hooks.
#[derive(Parser, Debug)]
pub(crate) struct Args {
    /// The directory of airlines.csv, airports.csv, planes.csv, and flights.csv or flights.csv.zip.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data"))]
    pub(crate) data: PathBuf,

    /// The database, such as sqlite://flights.db or postgres://user@host/database; without it, a file that is started afresh each time.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,

    /// Deletes what the database holds in the four tables, before loading.
    #[arg(long)]
    pub(crate) fresh: bool,

    /// How many flights are created by one call, in a transaction of their own.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) batch: NonZeroUsize,

    /// Prints one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}
