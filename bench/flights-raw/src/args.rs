//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::Result;

const USAGE: &str = "usage: bench-flights-raw --data DIR --database FILE [--batch N]";

pub struct Args {
    /// The directory of the CSV files.
    pub data: PathBuf,
    /// The database to create.
    pub database: PathBuf,
    /// Flights in one transaction.
    pub batch: usize,
}

impl Args {
    pub fn from_env() -> Result<Self> {
        let (mut data, mut database, mut batch) = (None, None, 1000);
        let mut args = env::args_os().skip(1);
        while let Some(name) = args.next() {
            let value = args.next().ok_or(USAGE)?;
            match name.to_str() {
                Some("--data") => data = Some(PathBuf::from(value)),
                Some("--database") => database = Some(PathBuf::from(value)),
                Some("--batch") => batch = positive(&value)?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(Args { data: data.ok_or(USAGE)?, database: database.ok_or(USAGE)?, batch })
    }
}

fn positive(value: &OsString) -> Result<usize> {
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| format!("--batch: not a positive number: {}", value.display()).into())
}
