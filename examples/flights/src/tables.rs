//! The tables, and the row types that take some of their columns.

#![expect(
    dead_code,
    reason = "this program writes all columns and reads a few; the tables state all of them"
)]

use jiff::Timestamp;
use tripline::prelude::*;

/// An airline, with totals over its flights that hooks keep.
#[derive(Table, Clone, Debug)]
#[table(name = "airlines")]
pub(crate) struct Airline {
    /// Its code of two characters.
    #[key]
    pub(crate) carrier: String,
    pub(crate) name: String,
    #[default(0)]
    pub(crate) flights: i64,
    /// Flights that did not depart.
    #[default(0)]
    pub(crate) cancelled: i64,
    /// The delays on arrival of all its flights; those that came early count against it.
    #[default(0)]
    pub(crate) arr_delay_minutes: i64,
}

/// An airport.
#[derive(Table, Clone, Debug)]
#[table(name = "airports")]
pub(crate) struct Airport {
    /// Its code of three characters.
    #[key]
    pub(crate) faa: String,
    pub(crate) name: Option<String>,
    pub(crate) lat: Option<f64>,
    pub(crate) lon: Option<f64>,
    /// In feet.
    pub(crate) alt: Option<i32>,
    /// Hours from UTC.
    pub(crate) tz: Option<i32>,
    /// Which daylight saving time it has.
    pub(crate) dst: Option<String>,
    pub(crate) tzone: Option<String>,
}

/// A plane. Of one that is not in the data, only the tail number is known.
#[derive(Table, Clone, Debug)]
#[table(name = "planes")]
pub(crate) struct Plane {
    /// Its tail number.
    #[key]
    pub(crate) tailnum: String,
    pub(crate) year: Option<i32>,
    #[column("type")]
    pub(crate) kind: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) engines: Option<i32>,
    pub(crate) seats: Option<i32>,
    pub(crate) speed: Option<i32>,
    pub(crate) engine: Option<String>,
}

/// A flight. Times of day are local, as `hhmm`; delays are in minutes.
#[derive(Table, Clone, Debug)]
#[table(name = "flights", hook_rows(FlightOutcome, FlightKey))]
pub(crate) struct Flight {
    #[key]
    pub(crate) id: Id<Flight>,
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
    /// None if it was cancelled.
    pub(crate) dep_time: Option<i32>,
    pub(crate) sched_dep_time: i32,
    pub(crate) dep_delay: Option<i32>,
    pub(crate) arr_time: Option<i32>,
    pub(crate) sched_arr_time: i32,
    pub(crate) arr_delay: Option<i32>,
    #[index]
    #[references(Airline)]
    pub(crate) carrier: String,
    pub(crate) flight: i32,
    #[index]
    #[references(Plane)]
    pub(crate) tailnum: Option<String>,
    #[index]
    #[references(Airport)]
    pub(crate) origin: String,
    /// None if the airport is not known.
    #[index]
    #[references(Airport)]
    pub(crate) dest: Option<String>,
    /// The destination as the data says it, also where no such airport is known.
    #[set_by_hook]
    pub(crate) dest_code: String,
    /// In minutes.
    pub(crate) air_time: Option<i32>,
    /// In miles.
    pub(crate) distance: i32,
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    /// The hour of the scheduled departure.
    pub(crate) time_hour: Timestamp,
}

/// What an airline's totals count of a flight.
#[derive(Row, Debug)]
#[row(of = Flight)]
pub(crate) struct FlightOutcome {
    pub(crate) carrier: String,
    pub(crate) dep_time: Option<i32>,
    pub(crate) arr_delay: Option<i32>,
}

/// A flight's key alone, for who needs to know only that it is there.
#[derive(Row, Debug)]
#[row(of = Flight)]
pub(crate) struct FlightKey {
    id: Id<Flight>,
}

/// An airline's key alone.
#[derive(Row, Debug)]
#[row(of = Airline)]
pub(crate) struct AirlineKey {
    pub(crate) carrier: String,
}

/// An airport's key alone.
#[derive(Row, Debug)]
#[row(of = Airport)]
pub(crate) struct AirportKey {
    pub(crate) faa: String,
}

/// A plane's key alone.
#[derive(Row, Debug)]
#[row(of = Plane)]
pub(crate) struct PlaneKey {
    pub(crate) tailnum: String,
}
