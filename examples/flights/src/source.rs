//! [`Source`]: where the flights are read from.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use crate::failure::{At, Failure};

/// A file of flights.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    zipped: bool,
}

/// What the source reads from, and how long it is.
pub(crate) struct Stream<'s> {
    pub(crate) name: String,
    pub(crate) read: &'s mut dyn Read,
    pub(crate) bytes: u64,
}

impl Source {
    /// `flights.csv` of the directory, or else `flights.csv.zip`.
    pub(crate) fn find(directory: &Path) -> Result<Source, Failure> {
        let files = [("flights.csv", false), ("flights.csv.zip", true)];
        let mut files = files.map(|(name, zipped)| Source { path: directory.join(name), zipped }).into_iter();
        files
            .find(|source| source.path.exists())
            .ok_or("there is neither flights.csv nor flights.csv.zip")
            .at(directory.display())
    }

    /// Opens the file for a closure, since what reads from an archive borrows it. Neither file is ever in memory as
    /// a whole.
    pub(crate) fn open(&self, read: impl FnOnce(Stream<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let place = self.path.display();
        let file = File::open(&self.path).at(&place)?;
        if !self.zipped {
            let bytes = file.metadata().at(&place)?.len();
            return read(Stream { name: place.to_string(), read: &mut &file, bytes });
        }
        let mut archive = ZipArchive::new(BufReader::new(file)).at(&place)?;
        let mut inside = archive.by_name("flights.csv").at(&place)?;
        let bytes = inside.size();
        read(Stream { name: format!("{place}: flights.csv"), read: &mut inside, bytes })
    }
}
