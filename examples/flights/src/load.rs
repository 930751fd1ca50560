//! [`load`]: flights from the file into the database.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task};
use tripline::Db;

use crate::{
    failure::{At, Failure},
    flights::{self, Batch, Codes},
    progress::Progress,
    source::Source,
    tables::{Airline, AirlineKey, Airport, AirportKey, FlightKey, Plane},
};

/// What a load leaves to tell, beside what is in the database.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// How many planes there were before.
    pub(crate) planes_before: u64,
    /// How long the flights took.
    pub(crate) time: Duration,
}

/// Loads all flights, each batch in a transaction of its own.
pub(crate) async fn load(
    db: &Db,
    source: Source,
    batch: NonZeroUsize,
    progress: &Progress,
) -> Result<Loaded, Failure> {
    let planes_before = db.find::<Plane>().count().await?;
    let start = Instant::now();
    let done = load_batches(db, source, batch, progress).await;
    // The bar moves after the commits, behind our back; it is not to be drawn over what we print next.
    db.drain().await?;
    progress.finish();
    done.map(|()| Loaded { planes_before, time: start.elapsed() })
}

async fn load_batches(
    db: &Db,
    source: Source,
    batch: NonZeroUsize,
    progress: &Progress,
) -> Result<(), Failure> {
    let codes = codes(db).await?;
    // A file blocks whoever reads it, so this has a thread of its own. It is at most two batches ahead.
    let (give, mut batches) = mpsc::channel::<Batch>(2);
    let reader = task::spawn_blocking(move || {
        flights::read(&source, &codes, batch, |batch| give.blocking_send(batch).is_ok())
    });

    while let Some(Batch { flights, place, expected }) = batches.recv().await {
        progress.expect(expected);
        // The call that all of this is about: what follows from it, the hooks do.
        db.create(flights).rows::<FlightKey>().await.at(place)?;
    }
    // The batches end where the file does, or where it is damaged.
    reader.await.at("reading the flights")?
}

async fn codes(db: &Db) -> Result<Codes, Failure> {
    let airlines = db.find::<Airline>().rows::<AirlineKey>().await?;
    let airports = db.find::<Airport>().rows::<AirportKey>().await?;
    Ok(Codes {
        airlines: airlines.into_iter().map(|airline| airline.carrier).collect(),
        airports: airports.into_iter().map(|airport| airport.faa).collect(),
    })
}
