//! The totals of each airline: as kept while loading, and as counted afterwards.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::Result;
use crate::flight::Flight;

/// What is added up for an airline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub flights: i64,
    pub cancelled: i64,
    pub arr_delay_minutes: i64,
}

impl Tally {
    pub fn add(&mut self, flight: &Flight<'_>) {
        self.flights += 1;
        self.cancelled += i64::from(flight.dep_time.is_none());
        self.arr_delay_minutes += flight.arr_delay.unwrap_or(0);
    }

    pub fn to_json(self) -> Value {
        json!({
            "flights": self.flights,
            "cancelled": self.cancelled,
            "arr_delay_minutes": self.arr_delay_minutes,
        })
    }
}

/// The totals that the airlines' rows hold.
pub fn kept(conn: &Connection) -> Result<BTreeMap<String, Tally>> {
    tallies(conn, "SELECT carrier, flights, cancelled, arr_delay_minutes FROM airlines")
}

/// The totals counted over the flights, with those of airlines that have none.
pub fn aggregated(conn: &Connection) -> Result<BTreeMap<String, Tally>> {
    tallies(
        conn,
        "SELECT airlines.carrier,
            count(flights.id),
            coalesce(sum(flights.id IS NOT NULL AND flights.dep_time IS NULL), 0),
            coalesce(sum(flights.arr_delay), 0)
        FROM airlines LEFT JOIN flights ON flights.carrier = airlines.carrier
        GROUP BY airlines.carrier",
    )
}

fn tallies(conn: &Connection, sql: &str) -> Result<BTreeMap<String, Tally>> {
    let mut select = conn.prepare(sql)?;
    let rows = select.query_map([], |row| {
        let tally = Tally { flights: row.get(1)?, cancelled: row.get(2)?, arr_delay_minutes: row.get(3)? };
        Ok((row.get(0)?, tally))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
