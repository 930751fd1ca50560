//! [`Reference`]: the small tables that flights refer to.

use std::{fs::File, path::Path};

use tripline::Db;

use crate::{
    args::Args,
    csv_file::{CsvFile, Record},
    failure::{At, Failure},
    tables::{
        Airline, AirlineKey, Airport, AirportKey, Flight, NewAirline, NewAirport, NewPlane, Plane, PlaneKey,
    },
};

const AIRLINES: &[&str] = &["carrier", "name"];
const AIRPORTS: &[&str] = &["faa", "name", "lat", "lon", "alt", "tz", "dst", "tzone"];
const PLANES: &[&str] =
    &["tailnum", "year", "type", "manufacturer", "model", "engines", "seats", "speed", "engine"];

/// The rows of the small tables.
pub(crate) struct Reference {
    airlines: Vec<NewAirline>,
    airports: Vec<NewAirport>,
    planes: Vec<NewPlane>,
}

impl Reference {
    /// Reads the three files.
    pub(crate) fn read(data: &Path) -> Result<Reference, Failure> {
        Ok(Reference {
            airlines: rows(&data.join("airlines.csv"), AIRLINES, airline)?,
            airports: rows(&data.join("airports.csv"), AIRPORTS, airport)?,
            planes: rows(&data.join("planes.csv"), PLANES, plane)?,
        })
    }

    /// Creates the rows, in place of what is there if that is asked for: in one transaction, so that a mistake
    /// in the files loses nothing.
    pub(crate) async fn load(self, db: &Db, args: &Args) -> Result<(), Failure> {
        let loaded = db.tx(async |tx| {
            if args.fresh {
                // Flights first: they refer to the others.
                tx.delete::<Flight>().all_rows().await?;
                tx.delete::<Plane>().all_rows().await?;
                tx.delete::<Airport>().all_rows().await?;
                tx.delete::<Airline>().all_rows().await?;
            }
            tx.create(self.airlines).rows::<AirlineKey>().await?;
            tx.create(self.airports).rows::<AirportKey>().await?;
            tx.create(self.planes).rows::<PlaneKey>().await
        });
        loaded.await.map(drop).at(args.data.display())
    }
}

fn rows<T>(
    path: &Path,
    columns: &'static [&'static str],
    row: impl Fn(&mut Record<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let name = path.display();
    let mut file = CsvFile::new(&name, columns, File::open(path).at(&name)?)?;
    let mut rows = Vec::new();
    while let Some(mut record) = file.next()? {
        rows.push(row(&mut record)?);
    }
    Ok(rows)
}

fn airline(record: &mut Record<'_>) -> Result<NewAirline, Failure> {
    Ok(NewAirline { carrier: record.text(), name: record.text(), ..Default::default() })
}

fn airport(record: &mut Record<'_>) -> Result<NewAirport, Failure> {
    Ok(NewAirport {
        faa: record.text(),
        name: record.text_or_na(),
        lat: record.number_or_na()?,
        lon: record.number_or_na()?,
        alt: record.number_or_na()?,
        tz: record.number_or_na()?,
        dst: record.text_or_na(),
        tzone: record.text_or_na(),
    })
}

fn plane(record: &mut Record<'_>) -> Result<NewPlane, Failure> {
    Ok(NewPlane {
        tailnum: record.text(),
        year: record.number_or_na()?,
        kind: record.text_or_na(),
        manufacturer: record.text_or_na(),
        model: record.text_or_na(),
        engines: record.number_or_na()?,
        seats: record.number_or_na()?,
        speed: record.number_or_na()?,
        engine: record.text_or_na(),
    })
}
