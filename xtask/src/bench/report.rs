//! The report: Markdown that can be read as it is.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use super::{
    args::Args,
    flights::Flights,
    goals::goals,
    machine,
    peer::{Failure, Peer},
    rounds::{Measured, Series},
    stats::{median, spread},
    works::Asked,
};
use crate::Result;

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
        self.head(&mut out)?;
        self.goals(&mut out)?;
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

    fn head(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# Benchmarks\n\nWritten by `{}`; do not edit.\n", self.args.command)?;
        writeln!(out, "- date: {}", machine::today())?;
        writeln!(out, "- machine: {}", machine::cores())?;
        let sync = machine::sync(self.root).map_or_else(|error| error.to_string(), time);
        writeln!(out, "- disk: {sync} for a sync of two pages (median of 500)")?;
        writeln!(out, "- compiler: {}", machine::rustc(self.root))?;
        writeln!(out, "- rounds: {}", self.args.rounds)?;
        writeln!(out, "\n| peer | version | SQLite |\n|---|---|---|")?;
        for peer in self.peers {
            match &peer.process {
                Ok(process) => writeln!(out, "| {} | {} | {} |", peer.name, process.version, process.sqlite)?,
                Err(why) => writeln!(out, "| {} | {} | |", peer.name, cell(why))?,
            }
        }
        Ok(())
    }

    fn goals(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## Goals\n\nRatios are to raw; smaller is faster.\n")?;
        writeln!(out, "| goal | target | measured | reached |\n|---|---:|---:|---|")?;
        for goal in goals(&self.measured, self.flights.as_ref()) {
            let number = |value: f64| match goal.unit {
                "" => format!("{value:.2}"),
                unit => format!("{value:.0}{unit}"),
            };
            let measured = goal.measured.map_or_else(|| "-".to_owned(), number);
            writeln!(out, "| {} | {} | {measured} | {} |", goal.about, number(goal.target), goal.reached())?;
        }
        Ok(())
    }
}

const HOW: &str = "Every peer has a process and a database of its own, with the same schema, rows, pragmas and \
                   disk. Each round\nasks every peer once, in rotating order. Times are medians per unit; a ratio \
                   is the median of the rounds' ratios to raw\nin the same round, and the spread is the smallest \
                   and largest of them. Raw is rusqlite, written by hand.";

fn work(out: &mut String, measured: &Measured) -> fmt::Result {
    let work = measured.work;
    writeln!(out, "\n### {}\n\n{}\n{} units in each request.\n", work.name, work.about, work.n)?;
    if matches!(work.asked, Asked::Ours(_)) {
        writeln!(out, "| hooks | per insert | spread |\n|---|---:|---:|")?;
        for series in &measured.series {
            let spread =
                spread(&series.times).map(|(least, most)| format!("{} - {}", time(least), time(most)));
            writeln!(out, "| {} | {} | {} |", series.line.label, result(series), spread.unwrap_or_default())?;
        }
        return Ok(());
    }
    writeln!(out, "| peer | per unit | ratio to raw | spread |\n|---|---:|---:|---:|")?;
    for series in &measured.series {
        let ratios = measured.ratios(series);
        let ratio = median(&ratios).map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let spread = spread(&ratios).map(|(least, most)| format!("{least:.2} - {most:.2}"));
        let spread = spread.unwrap_or_default();
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

/// The median time, or what came instead.
fn result(series: &Series) -> String {
    match &series.failure {
        Some(Failure::Unsupported(why)) => format!("not supported: {}", cell(why)),
        Some(Failure::Error(why)) => format!("error: {}", cell(why)),
        None => median(&series.times).map_or_else(|| "-".to_owned(), time),
    }
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 10_000.0 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1_000_000.0 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// Text of others' making, so that it stays in its cell.
fn cell(text: &str) -> String {
    let line: String = text.lines().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_that_fits() {
        assert_eq!(time(990.0), "0.99 µs");
        assert_eq!(time(14_020.0), "14.0 µs");
        assert_eq!(time(7_425_410.0), "7.43 ms");
    }

    #[test]
    fn an_error_stays_in_its_cell() {
        assert_eq!(cell("a | b\nc"), "a \\| b c");
    }
}
