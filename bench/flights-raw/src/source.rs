//! Where the flights are read from.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use zip::ZipArchive;

use crate::Result;

/// Hands `flights.csv` to `load`, or the file of that name inside `flights.csv.zip`.
///
/// A closure, since what reads from an archive borrows it.
pub fn with_flights(data: &Path, load: impl FnOnce(&mut dyn Read) -> Result<()>) -> Result<()> {
    match File::open(data.join("flights.csv")) {
        Ok(mut csv) => load(&mut csv),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let zip = data.join("flights.csv.zip");
            let zip = File::open(&zip).map_err(|error| format!("{}: {error}", zip.display()))?;
            load(&mut ZipArchive::new(zip)?.by_name("flights.csv")?)
        }
        Err(error) => Err(error.into()),
    }
}
