//! One flight, as parsed from its CSV record.

use csv::StringRecord;
use jiff::Timestamp;

use crate::Result;

/// The columns of the file, in the order that [`Flight::parse`] relies on.
pub const HEADER: [&str; 19] = [
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

/// A flight, whose texts are still those of its record.
pub struct Flight<'r> {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    /// Not known for a cancelled flight.
    pub dep_time: Option<i64>,
    pub sched_dep_time: i64,
    pub dep_delay: Option<i64>,
    pub arr_time: Option<i64>,
    pub sched_arr_time: i64,
    pub arr_delay: Option<i64>,
    pub carrier: &'r str,
    pub flight: i64,
    pub tailnum: Option<&'r str>,
    pub origin: &'r str,
    pub dest: &'r str,
    pub air_time: Option<i64>,
    pub distance: i64,
    pub hour: i64,
    pub minute: i64,
    /// Microseconds since the epoch.
    pub time_hour: i64,
}

impl<'r> Flight<'r> {
    /// Parses a record that has the columns of [`HEADER`].
    pub fn parse(record: &'r StringRecord) -> Result<Self> {
        let text = |column: usize| &record[column];
        let number = |column: usize| -> Result<i64> {
            text(column)
                .parse()
                .map_err(|error| format!("{}: `{}`: {error}", HEADER[column], text(column)).into())
        };
        let number_if_known = |column: usize| known(text(column)).map(|_| number(column)).transpose();
        Ok(Flight {
            year: number(0)?,
            month: number(1)?,
            day: number(2)?,
            dep_time: number_if_known(3)?,
            sched_dep_time: number(4)?,
            dep_delay: number_if_known(5)?,
            arr_time: number_if_known(6)?,
            sched_arr_time: number(7)?,
            arr_delay: number_if_known(8)?,
            carrier: text(9),
            flight: number(10)?,
            tailnum: known(text(11)),
            origin: text(12),
            dest: text(13),
            air_time: number_if_known(14)?,
            distance: number(15)?,
            hour: number(16)?,
            minute: number(17)?,
            time_hour: text(18).parse::<Timestamp>()?.as_microsecond(),
        })
    }
}

/// `None` for `NA`, which is how the files write that a value is not known.
pub fn known(text: &str) -> Option<&str> {
    (text != "NA").then_some(text)
}
