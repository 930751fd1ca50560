//! Opening the database: the user's, or a file of the program's own.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use tripline::{Db, tables};

use crate::{
    args::Args,
    failure::{At, Failure},
    progress::Progress,
    tables::{Airline, Airport, Flight, Plane},
};

/// Where the program's own file is: the workspace's directory for what can be made again.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/flights/flights.db");

/// Opens the database and creates the tables that are not there.
pub(crate) async fn open(args: &Args, progress: Progress) -> Result<Db, Failure> {
    let url = match &args.database {
        Some(url) => url.clone(),
        None => {
            start_afresh(Path::new(OWN)).at(OWN)?;
            url_of(OWN)
        }
    };
    let tables = tables![Airline, Airport, Plane, Flight];
    let shown = without_login(&url);
    let db = Db::open(&url).tables(tables).observe(progress).connect().await.at(&shown)?;
    db.create_tables().await.at(&shown)?;
    if !args.fresh && holds_rows(&db).await? {
        return Err("it holds rows already; with --fresh they are deleted before loading").at(&shown);
    }
    Ok(db)
}

/// The URL as it may be shown: a server's has a password in it, perhaps.
fn without_login(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme != "sqlite" => {
            let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
            // With an `@` behind it, the `?` may be in the password, or the `@` in one among the parameters.
            let place = if parameters.contains('@') { "" } else { place };
            format!("{scheme}://{}", place.rsplit('@').next().unwrap_or_default())
        }
        _ => url.to_owned(),
    }
}

/// Removes what an earlier run left: the database, its log, and the index of its log.
fn start_afresh(file: &Path) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    for extension in ["db", "db-wal", "db-shm"] {
        match fs::remove_file(file.with_extension(extension)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A path may hold what has a meaning in a URL.
fn url_of(path: &str) -> String {
    format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F"))
}

async fn holds_rows(db: &Db) -> Result<bool, Failure> {
    Ok(db.find::<Flight>().exists().await?
        || db.find::<Plane>().exists().await?
        || db.find::<Airport>().exists().await?
        || db.find::<Airline>().exists().await?)
}
