//! [`Report`]: what is in the database after loading, and whether the hooks' totals are right.

use std::{
    collections::BTreeMap,
    io::{self, Write, stdout},
};

use serde_json::{Map, Value, json};
use tripline::{Db, RawRows, Read};

use crate::{
    failure::{At, Failure},
    load::Loaded,
    tables::{Airline, Flight, Plane},
    totals::Totals,
};

/// The airlines' totals, counted anew.
const AGGREGATED: &str = "
    SELECT airlines.carrier,
        count(flights.id),
        count(flights.id) - count(flights.dep_time),
        coalesce(sum(flights.arr_delay), 0)
    FROM airlines LEFT JOIN flights ON flights.carrier = airlines.carrier
    GROUP BY airlines.carrier";

/// What is in the database.
#[derive(Debug)]
pub(crate) struct Report {
    flights: u64,
    unknown_dest: u64,
    cancelled: u64,
    no_tailnum: u64,
    planes_added: u64,
    airlines: Vec<Airline>,
    seconds: f64,
    /// Whether the totals that the hooks kept are those of the flights.
    pub(crate) verified: bool,
}

impl Report {
    /// Counts in one transaction, so that all numbers are of one moment.
    pub(crate) async fn of(db: &Db, loaded: &Loaded) -> Result<Report, Failure> {
        Ok(db.read(async |read| counted(read, loaded).await).await?)
    }

    /// Prints one line of JSON.
    pub(crate) fn print_json(&self) -> Result<(), Failure> {
        let airlines: Map<String, Value> = self.airlines.iter().map(airline_json).collect();
        let report = json!({
            "flights": self.flights,
            "unknown_dest": self.unknown_dest,
            "cancelled": self.cancelled,
            "no_tailnum": self.no_tailnum,
            "planes_added": self.planes_added,
            "airlines": airlines,
            "seconds": self.seconds,
            "verified": self.verified,
        });
        writeln!(stdout(), "{report}").at("standard output")
    }

    /// Prints a table by airline.
    pub(crate) fn print_table(&self) -> Result<(), Failure> {
        self.write_table(&mut stdout().lock()).at("standard output")
    }

    fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{:<30} {:>8} {:>9} {:>15}", "airline", "flights", "cancelled", "minutes delayed")?;
        for airline in &self.airlines {
            let Airline { carrier, name, flights, cancelled, arr_delay_minutes } = airline;
            writeln!(out, "{carrier} {name:<27} {flights:>8} {cancelled:>9} {arr_delay_minutes:>15}")?;
        }
        writeln!(
            out,
            "\n{} flights, of which {} were cancelled, {} name no plane and {} fly to an unknown airport; {} planes added",
            self.flights, self.cancelled, self.no_tailnum, self.unknown_dest, self.planes_added
        )?;
        let rate = self.flights as f64 / self.seconds;
        writeln!(out, "{:.2} s, {rate:.0} rows per second", self.seconds)?;
        let verdict = if self.verified { "the same" } else { "NOT the same" };
        writeln!(out, "the totals that the hooks kept are {verdict} as a fresh aggregation gives")
    }
}

async fn counted(read: &mut Read<'_>, loaded: &Loaded) -> tripline::Result<Report> {
    let airlines = read.find::<Airline>().order(|airline| airline.carrier.asc()).await?;
    let kept: BTreeMap<String, Totals> =
        airlines.iter().map(|airline| (airline.carrier.clone(), Totals::kept(airline))).collect();
    let verified = kept == totals(&read.raw_query(AGGREGATED, []).await?)?;
    let planes = read.find::<Plane>().count().await?;
    Ok(Report {
        flights: read.find::<Flight>().count().await?,
        unknown_dest: read.find::<Flight>().filter(|flight| flight.dest.is_null()).count().await?,
        cancelled: read.find::<Flight>().filter(|flight| flight.dep_time.is_null()).count().await?,
        no_tailnum: read.find::<Flight>().filter(|flight| flight.tailnum.is_null()).count().await?,
        planes_added: planes.saturating_sub(loaded.planes_before),
        airlines,
        seconds: loaded.time.as_secs_f64(),
        verified,
    })
}

fn totals(rows: &RawRows) -> tripline::Result<BTreeMap<String, Totals>> {
    let total = |row| {
        let (flights, cancelled) = (rows.get(row, 1)?, rows.get(row, 2)?);
        Ok((rows.get(row, 0)?, Totals { flights, cancelled, arr_delay_minutes: rows.get(row, 3)? }))
    };
    (0..rows.len()).map(total).collect()
}

fn airline_json(airline: &Airline) -> (String, Value) {
    let Totals { flights, cancelled, arr_delay_minutes } = Totals::kept(airline);
    let totals =
        json!({ "flights": flights, "cancelled": cancelled, "arr_delay_minutes": arr_delay_minutes });
    (airline.carrier.clone(), totals)
}
