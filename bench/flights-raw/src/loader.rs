//! The loading of the flights, batch by batch.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use csv::StringRecord;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, params};

use crate::Result;
use crate::flight::{Flight, HEADER};
use crate::totals::Tally;

/// How many of what was loaded.
#[derive(Default)]
pub struct Counts {
    pub flights: u64,
    pub unknown_dest: u64,
    pub cancelled: u64,
    pub no_tailnum: u64,
    pub planes_added: u64,
}

pub struct Loader<'c> {
    conn: &'c mut Connection,
    batch: usize,
    /// The keys of the airports and planes that are in the database.
    airports: HashSet<String>,
    planes: HashSet<String>,
    counts: Counts,
}

impl<'c> Loader<'c> {
    pub fn new(conn: &'c mut Connection, batch: usize) -> Result<Self> {
        let airports = keys(conn, "SELECT faa FROM airports")?;
        let planes = keys(conn, "SELECT tailnum FROM planes")?;
        Ok(Loader { conn, batch, airports, planes, counts: Counts::default() })
    }

    pub fn into_counts(self) -> Counts {
        self.counts
    }

    /// Loads all flights of a CSV file, each batch in its own transaction.
    pub fn load(&mut self, csv: &mut dyn Read) -> Result<()> {
        let mut csv = csv::Reader::from_reader(csv);
        if csv.headers()? != HEADER[..] {
            return Err("flights.csv: not the expected columns".into());
        }
        let mut record = StringRecord::new();
        let mut more = true;
        while more {
            let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut batch = Batch::new(&transaction)?;
            for _ in 0..self.batch {
                more = csv.read_record(&mut record)?;
                if !more {
                    break;
                }
                let flight = Flight::parse(&record).map_err(|error| {
                    let line = record.position().map_or(0, csv::Position::line);
                    format!("flights.csv:{line}: {error}")
                })?;
                batch.add(&flight, &self.airports, &mut self.planes, &mut self.counts)?;
            }
            batch.finish()?;
            transaction.commit()?;
        }
        Ok(())
    }
}

/// What is open during one transaction.
struct Batch<'t> {
    transaction: &'t Transaction<'t>,
    insert_flight: CachedStatement<'t>,
    insert_plane: CachedStatement<'t>,
    /// What the batch adds to each airline, written once at its end.
    tallies: BTreeMap<String, Tally>,
}

impl<'t> Batch<'t> {
    fn new(transaction: &'t Transaction<'t>) -> Result<Self> {
        Ok(Batch {
            transaction,
            insert_flight: transaction.prepare_cached(
                "INSERT INTO flights (year, month, day, dep_time, sched_dep_time, dep_delay,
                    arr_time, sched_arr_time, arr_delay, carrier, flight, tailnum, origin, dest,
                    dest_code, air_time, distance, hour, minute, time_hour)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            insert_plane: transaction.prepare_cached("INSERT INTO planes (tailnum) VALUES (?)")?,
            tallies: BTreeMap::new(),
        })
    }

    fn add(
        &mut self,
        flight: &Flight<'_>,
        airports: &HashSet<String>,
        planes: &mut HashSet<String>,
        counts: &mut Counts,
    ) -> Result<()> {
        match flight.tailnum {
            Some(tailnum) if !planes.contains(tailnum) => {
                self.insert_plane.execute([tailnum])?;
                planes.insert(tailnum.to_owned());
                counts.planes_added += 1;
            }
            Some(_) => {}
            None => counts.no_tailnum += 1,
        }
        let dest = airports.contains(flight.dest).then_some(flight.dest);
        self.insert_flight.execute(params![
            flight.year,
            flight.month,
            flight.day,
            flight.dep_time,
            flight.sched_dep_time,
            flight.dep_delay,
            flight.arr_time,
            flight.sched_arr_time,
            flight.arr_delay,
            flight.carrier,
            flight.flight,
            flight.tailnum,
            flight.origin,
            dest,
            flight.dest,
            flight.air_time,
            flight.distance,
            flight.hour,
            flight.minute,
            flight.time_hour,
        ])?;
        counts.flights += 1;
        counts.cancelled += u64::from(flight.dep_time.is_none());
        counts.unknown_dest += u64::from(dest.is_none());

        // Looked up before it is inserted, so that a known carrier costs no allocation.
        match self.tallies.get_mut(flight.carrier) {
            Some(tally) => tally.add(flight),
            None => self.tallies.entry(flight.carrier.to_owned()).or_default().add(flight),
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let mut update = self.transaction.prepare_cached(
            "UPDATE airlines SET flights = flights + ?, cancelled = cancelled + ?,
                arr_delay_minutes = arr_delay_minutes + ?
            WHERE carrier = ?",
        )?;
        for (carrier, tally) in &self.tallies {
            update.execute(params![tally.flights, tally.cancelled, tally.arr_delay_minutes, carrier])?;
        }
        Ok(())
    }
}

fn keys(conn: &Connection, sql: &str) -> Result<HashSet<String>> {
    let mut select = conn.prepare(sql)?;
    let keys = select.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}
