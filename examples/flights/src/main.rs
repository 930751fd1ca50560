//! Loads flights that left New York in 2013 through Tripline's hooks.
//!
//! The loader itself only reads lines and creates flights. What has to hold for every flight, whoever creates it,
//! is in [`hooks`]: start there, and with the tables in [`tables`].

mod args;
mod csv_file;
mod database;
mod failure;
mod flights;
mod hooks;
mod load;
mod progress;
mod reference;
mod report;
mod source;
mod tables;
mod totals;

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    args::Args, database::open, failure::Failure, load::load, progress::Progress, reference::Reference,
    report::Report, source::Source,
};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(Report { verified: true, .. }) => ExitCode::SUCCESS,
        Ok(_) => complain("the totals that the hooks kept differ from those of the loaded flights"),
        Err(failure) => complain(failure),
    }
}

async fn run(args: &Args) -> Result<Report, Failure> {
    // All that can be found wrong before the database is touched is.
    let reference = Reference::read(&args.data)?;
    let source = Source::find(&args.data)?;
    let progress = Progress::new(args.json);

    let db = open(args, progress.clone()).await?;
    reference.load(&db, args).await?;
    let loaded = load(&db, source, args.batch, &progress).await?;
    let report = Report::of(&db, &loaded).await?;
    db.close().await?;

    if args.json { report.print_json() } else { report.print_table() }?;
    Ok(report)
}

fn complain(about: impl std::fmt::Display) -> ExitCode {
    // `eprintln!` would panic where nobody reads what it writes.
    _ = writeln!(stderr(), "flights: {about}");
    ExitCode::FAILURE
}
