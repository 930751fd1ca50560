//! What holds for every flight, whoever creates it: the hooks.
//!
//! A flight as the data has it cannot be stored as it is. It may write `NA` for its plane, fly to an airport that
//! nobody knows, in a plane that nobody has heard of. So **before** flights are created, they are made to fit.
//! **After** that, in the same transaction, the airlines' totals follow. And once all of it is **committed**, the
//! progress bar moves: never for flights that are rolled back in the end.
//!
//! Each hook gets all flights of the call that creates them. That is what makes it cheap to look things up: a
//! thousand flights are two reads and a handful of updates.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tripline::{AfterCreate, BeforeCreate, OnAfterCreateCommit, prelude::*};

use crate::{
    progress::Progress,
    tables::{
        Airline, Airport, AirportKey, Flight, FlightKey, FlightOutcome, NewFlight, NewPlane, Plane, PlaneKey,
    },
    totals::Totals,
};

// Before: flights are made to fit.

impl BeforeCreate for Flight {
    async fn before_create(tx: &mut Tx<'_>, flights: &mut [NewFlight]) -> Result<()> {
        for flight in &mut *flights {
            keep_destination_as_given(flight);
            read_na_as_null(flight);
        }
        forget_unknown_destinations(tx, flights).await?;
        add_missing_planes(tx, flights).await
    }
}

/// `dest` refers to an airport and is null where that is not known, so the code itself is kept beside it.
fn keep_destination_as_given(flight: &mut NewFlight) {
    if let Some(dest) = known(&flight.dest) {
        flight.dest_code = dest.into();
    }
}

/// `NA` is how the data says that a text is not known. (A column of numbers cannot hold it: there it has become
/// null where the number was read.)
fn read_na_as_null(flight: &mut NewFlight) {
    for text in [&mut flight.tailnum, &mut flight.dest] {
        if known(text) == Some("NA") {
            *text = Field::To(None);
        }
    }
}

async fn forget_unknown_destinations(tx: &mut Tx<'_>, flights: &mut [NewFlight]) -> Result<()> {
    let named: BTreeSet<&str> = flights.iter().filter_map(|flight| known(&flight.dest)).collect();
    let airports =
        tx.find::<Airport>().filter(|airport| airport.faa.is_in(named)).rows::<AirportKey>().await?;
    let airports: HashSet<String> = airports.into_iter().map(|airport| airport.faa).collect();
    for flight in flights {
        if known(&flight.dest).is_some_and(|dest| !airports.contains(dest)) {
            flight.dest = Field::To(None);
        }
    }
    Ok(())
}

async fn add_missing_planes(tx: &mut Tx<'_>, flights: &[NewFlight]) -> Result<()> {
    // A set: the same plane flies several times in a batch.
    let mut missing: BTreeSet<&str> = flights.iter().filter_map(|flight| known(&flight.tailnum)).collect();
    let named = missing.iter().copied();
    let planes = tx.find::<Plane>().filter(|plane| plane.tailnum.is_in(named)).rows::<PlaneKey>().await?;
    for plane in &planes {
        missing.remove(plane.tailnum.as_str());
    }
    if !missing.is_empty() {
        let plane = |tailnum: &str| NewPlane { tailnum: tailnum.into(), ..Default::default() };
        tx.create(missing.into_iter().map(plane).collect::<Vec<_>>()).rows::<PlaneKey>().await?;
    }
    Ok(())
}

/// The text that a draft holds for a column, if it holds one.
fn known(text: &Field<Option<String>>) -> Option<&str> {
    text.get()?.as_deref()
}

// After: the airlines' totals follow, in the same transaction.

/// On a row type of three columns: the hook is given no more than it needs.
impl AfterCreate for FlightOutcome {
    async fn after_create(tx: &mut Tx<'_>, flights: &[FlightOutcome]) -> Result<()> {
        let mut totals: BTreeMap<&str, Totals> = BTreeMap::new();
        for flight in flights {
            totals.entry(&flight.carrier).or_default().count(flight);
        }
        for (carrier, more) in totals {
            // Added by the database to what is there, so that no one's count is overwritten. Nobody here looks at the
            // result, so all of these go to a server together with the commit.
            tx.update::<Airline>()
                .by_key(carrier)
                .set(|airline| airline.flights.add(more.flights))
                .set(|airline| airline.cancelled.add(more.cancelled))
                .set(|airline| airline.arr_delay_minutes.add(more.arr_delay_minutes))
                .pipelined()
                .await?;
        }
        Ok(())
    }
}

// Committed: the flights are there for good, and the user may see it.

/// On an observer, since the bar is a value of this program; the rules above belong to the data.
impl OnAfterCreateCommit<FlightKey> for Progress {
    async fn after_create_commit(&self, _: &Db, flights: &[FlightKey]) -> Result<()> {
        self.advance(flights.len());
        Ok(())
    }
}
