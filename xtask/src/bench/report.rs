//! What the reports of all engines have in common: Markdown that can be read as it is.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use super::{
    args::Args,
    machine,
    peer::{Failure, Peer},
    rounds::{Series, Table},
    stats::{median, spread},
};
use crate::Result;

/// Prints a report, and writes it to a file of `docs` if it is of a complete run.
pub(super) fn publish(root: &Path, args: &Args, file: &str, text: &str) -> Result<()> {
    println!("{text}");
    if args.is_complete() {
        fs::write(root.join("docs").join(file), text)?;
        eprintln!("written to docs/{file}");
    } else {
        eprintln!("docs/{file} stays as it is: it holds only complete runs");
    }
    Ok(())
}

/// The first lines; `data` is a folder on the disk that is written to.
pub(super) fn head(out: &mut String, args: &Args, root: &Path, data: &Path) -> fmt::Result {
    writeln!(out, "Written by `{}`; do not edit.\n", args.command)?;
    writeln!(out, "- date: {}", machine::today())?;
    writeln!(out, "- machine: {}", machine::cores())?;
    let sync = machine::sync(data).map_or_else(|error| error.to_string(), time);
    writeln!(out, "- disk: {sync} for a sync of two pages (median of 500)")?;
    writeln!(out, "- compiler: {}", machine::rustc(root))?;
    writeln!(out, "- rounds: {}", args.rounds)
}

/// The peers' versions, and those of what is beneath them.
pub(super) fn peers(out: &mut String, peers: &[Peer], beneath: &str) -> fmt::Result {
    writeln!(out, "\n| peer | version | {beneath} |\n|---|---|---|")?;
    for peer in peers {
        match &peer.process {
            Ok(process) => writeln!(out, "| {} | {} | {} |", peer.name, process.version, process.beneath)?,
            Err(why) => writeln!(out, "| {} | {} | |", peer.name, cell(why))?,
        }
    }
    Ok(())
}

/// The median time, or what came instead.
pub(super) fn result(series: &Series) -> String {
    match &series.failure {
        Some(Failure::Unsupported(why)) => format!("not supported: {}", cell(why)),
        Some(Failure::Error(why)) => format!("error: {}", cell(why)),
        None => median(&series.times).map_or_else(|| "-".to_owned(), time),
    }
}

/// The median ratio to the table's first line, and the smallest and largest.
pub(super) fn ratio(table: &Table, series: &Series) -> Option<(String, String)> {
    let ratios = table.ratios(series);
    let (least, most) = spread(&ratios)?;
    Some((format!("{:.2}", median(&ratios)?), format!("{least:.2} - {most:.2}")))
}

pub(super) fn time(ns: f64) -> String {
    match ns {
        ns if ns < 10_000.0 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1_000_000.0 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// Text of others' making, so that it stays in its cell.
pub(super) fn cell(text: &str) -> String {
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
