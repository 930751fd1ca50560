//! The report on SQLite.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use super::{Measured, flights::Flights, goals::goals};
use crate::{
    Result,
    bench::{
        OURS,
        args::Args,
        goals,
        peer::Peer,
        report::{cell, head, peers, ratio, result, time},
        stats::{median, spread},
    },
};

/// What was measured, and where.
pub(super) struct Report<'a> {
    pub(super) root: &'a Path,
    pub(super) args: &'a Args,
    pub(super) peers: &'a [Peer],
    pub(super) measured: Vec<Measured>,
    pub(super) flights: Option<Flights>,
}

impl Report<'_> {
    /// The whole text, with the notes that are written by hand.
    pub(super) fn text(&self) -> Result<String> {
        let mut out = String::new();
        writeln!(
            out,
            "# Benchmarks\n\nOn SQLite; [those on PostgreSQL](benchmarks-postgres.md) are a page of their own.\n"
        )?;
        head(&mut out, self.args, self.root, &self.root.join("target/bench/data"))?;
        peers(&mut out, self.peers, "SQLite")?;
        goals::write(&mut out, &goals(&self.measured, self.flights.as_ref()))?;
        writeln!(out, "\n## Works\n\n{}", HOW)?;
        for measured in &self.measured {
            work(&mut out, measured)?;
        }
        if let Some(measured) = &self.flights {
            flights(&mut out, measured)?;
        }
        if let Ok(notes) = fs::read_to_string(self.root.join("docs/benchmarks-notes.md")) {
            write!(out, "\n{notes}")?;
        }
        Ok(out)
    }
}

const HOW: &str = "Every peer has a process and a database of its own, with the same schema, rows, pragmas and \
                   disk. Each round\nasks every peer once, in rotating order. Times are medians per unit; a ratio \
                   is the median of the rounds' ratios to raw\nin the same round, and the spread is the smallest \
                   and largest of them. Raw is rusqlite, written by hand.";

fn work(out: &mut String, measured: &Measured) -> fmt::Result {
    let work = measured.work;
    writeln!(out, "\n### {}\n\n{}\n{} units in each request.\n", work.name, work.about, work.n)?;
    // Where no other peer is asked there is nothing to compare with.
    if measured.table.series.iter().all(|series| series.line.peer == OURS) {
        writeln!(out, "| tripline | per unit | spread |\n|---|---:|---:|")?;
        for series in &measured.table.series {
            let spread =
                spread(&series.times).map(|(least, most)| format!("{} - {}", time(least), time(most)));
            writeln!(out, "| {} | {} | {} |", series.line.label, result(series), spread.unwrap_or_default())?;
        }
        return Ok(());
    }
    writeln!(out, "| peer | per unit | ratio to raw | spread |\n|---|---:|---:|---:|")?;
    for series in &measured.table.series {
        let (ratio, spread) = ratio(&measured.table, series).unwrap_or_default();
        writeln!(out, "| {} | {} | {ratio} | {spread} |", series.line.label, result(series))?;
    }
    Ok(())
}

fn flights(out: &mut String, measured: &Flights) -> fmt::Result {
    writeln!(out, "\n### flights\n")?;
    let count = match &measured.flights {
        Ok(count) => count,
        Err(why) => return writeln!(out, "Not measured: {}", cell(why)),
    };
    writeln!(
        out,
        "{count} flights, 1,000 in a transaction, neither loader waiting for syncs. In Tripline hooks"
    )?;
    writeln!(out, "insert unknown planes, leave out unknown airports and keep the airlines' totals.\n")?;
    writeln!(out, "| loader | seconds | ratio to raw | spread |\n|---|---:|---:|---:|")?;
    let seconds = |times: &[f64]| median(times).unwrap_or(f64::NAN);
    writeln!(out, "| raw | {:.2} | 1.00 | |", seconds(&measured.raw))?;
    let ratios = measured.ratios();
    let (least, most) = spread(&ratios).unwrap_or((f64::NAN, f64::NAN));
    let ratio = seconds(&ratios);
    writeln!(out, "| tripline | {:.2} | {ratio:.2} | {least:.2} - {most:.2} |", seconds(&measured.tripline))
}
