//! Flights as the file has them, in batches.

use std::{collections::HashSet, num::NonZeroUsize};

use crate::{
    csv_file::{CsvFile, Record},
    failure::Failure,
    source::{Source, Stream},
    tables::NewFlight,
};

/// The columns of the file, in the order in which [`flight`] takes them.
const COLUMNS: &[&str] = &[
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
];

/// Flights to be created by one call.
pub(crate) struct Batch {
    pub(crate) flights: Vec<NewFlight>,
    /// Which lines they are from, for messages.
    pub(crate) place: String,
    /// How many flights the file seems to have, judging by the length of the lines read so far.
    pub(crate) expected: u64,
}

/// The codes that a flight may name. The foreign keys would refuse others too, but do not know the line.
pub(crate) struct Codes {
    pub(crate) airlines: HashSet<String>,
    pub(crate) airports: HashSet<String>,
}

/// Reads the flights, and gives them away batch by batch until nobody takes them.
pub(crate) fn read(
    source: &Source,
    codes: &Codes,
    batch: NonZeroUsize,
    mut give: impl FnMut(Batch) -> bool,
) -> Result<(), Failure> {
    source.open(|Stream { name, read, bytes }| {
        let mut file = CsvFile::new(&name, COLUMNS, read)?;
        let mut count = 0;
        loop {
            let (mut flights, mut first, mut last) = (Vec::new(), 0, 0);
            while flights.len() < batch.get()
                && let Some(mut record) = file.next()?
            {
                last = record.line();
                if flights.is_empty() {
                    first = last;
                }
                flights.push(flight(&mut record, codes)?);
            }
            if flights.is_empty() {
                return Ok(());
            }
            count += flights.len() as u64;
            let expected = (bytes as f64 / file.bytes() as f64 * count as f64) as u64;
            let place = format!("{name}:{first}-{last}");
            if !give(Batch { flights, place, expected }) {
                return Ok(());
            }
        }
    })
}

/// `tailnum` and `dest` are taken as they are: what they mean is for the hooks to say.
fn flight(record: &mut Record<'_>, codes: &Codes) -> Result<NewFlight, Failure> {
    Ok(NewFlight {
        year: record.number()?,
        month: record.number()?,
        day: record.number()?,
        dep_time: record.number_or_na()?,
        sched_dep_time: record.number()?,
        dep_delay: record.number_or_na()?,
        arr_time: record.number_or_na()?,
        sched_arr_time: record.number()?,
        arr_delay: record.number_or_na()?,
        carrier: record.one_of(&codes.airlines)?,
        flight: record.number()?,
        tailnum: record.text(),
        origin: record.one_of(&codes.airports)?,
        dest: record.text(),
        air_time: record.number_or_na()?,
        distance: record.number()?,
        hour: record.number()?,
        minute: record.number()?,
        time_hour: record.number()?,
        ..Default::default()
    })
}
