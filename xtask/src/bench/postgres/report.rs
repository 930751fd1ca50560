//! The report on PostgreSQL.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use super::{Measured, goals::goals, server::Server, works::SITUATIONS};
use crate::{
    Result,
    bench::{
        args::Args,
        goals,
        peer::Peer,
        report::{head, peers, ratio, result},
        rounds::{Line, Table},
    },
};

/// What was measured, and where.
pub(super) struct Report<'a> {
    pub(super) root: &'a Path,
    pub(super) args: &'a Args,
    pub(super) server: &'a Server,
    pub(super) peers: &'a [Peer],
    pub(super) measured: Vec<Measured>,
}

const HOW: &str = "Every peer is a process of its own. For each request it gets a fresh copy of the same database, which is \
                   looked at\nafterwards: what was not done counts as an error. Connections are opened and statements \
                   prepared before the clock\nstarts. Each round asks every peer once, in rotating order. Times are \
                   medians per unit: of all units together, by their\nnumber, also where 8 tasks work at once, each \
                   on rows of its own. In parentheses is the median of the rounds' ratios to\nraw in the same \
                   round, and their smallest and largest. Raw is tokio-postgres, written by hand, each task with a\n\
                   connection of its own.";

impl Report<'_> {
    /// The whole text, with the notes that are written by hand.
    pub(super) fn text(&self) -> Result<String> {
        let mut out = String::new();
        writeln!(out, "# Benchmarks on PostgreSQL\n")?;
        head(&mut out, self.args, self.root, self.server.folder())?;
        writeln!(out, "- server: PostgreSQL {}, on the same machine", self.server.version())?;
        writeln!(out, "- its settings: {}", self.server.settings()?)?;
        let added = self.server.added.as_secs_f64() * 1e3;
        writeln!(
            out,
            "- \"1 ms\": a delay line before the socket, which adds {added:.3} ms to a round trip"
        )?;
        peers(&mut out, self.peers, "driver")?;
        goals::write(&mut out, &goals(&self.measured))?;
        writeln!(out, "\n## Works\n\n{HOW}")?;
        for measured in &self.measured {
            work(&mut out, measured)?;
        }
        if let Ok(notes) = fs::read_to_string(self.root.join("docs/benchmarks-postgres-notes.md")) {
            write!(out, "\n{notes}")?;
        }
        Ok(out)
    }
}

fn work(out: &mut String, measured: &Measured) -> fmt::Result {
    let Measured { work, tables } = measured;
    writeln!(out, "\n### {}\n\n{}", work.name, work.about)?;
    let units: Vec<String> = work.n.iter().map(u64::to_string).collect();
    writeln!(out, "{} units in each request.\n", units.join(", "))?;
    let labels: Vec<&str> = SITUATIONS.iter().map(|situation| situation.label).collect();
    writeln!(out, "| peer | {} |\n|---|{}", labels.join(" | "), "---:|".repeat(labels.len()))?;
    // All tables have the same lines.
    for (i, series) in tables[0].series.iter().enumerate() {
        let cells: Vec<String> = tables.iter().map(|table| cell(table, i)).collect();
        let Line { label, .. } = series.line;
        writeln!(out, "| {label} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// A line's result in one situation.
fn cell(table: &Table, line: usize) -> String {
    let series = &table.series[line];
    match ratio(table, series) {
        Some((ratio, spread)) if line > 0 && series.failure.is_none() => {
            format!("{} (**{ratio}**, {spread})", result(series))
        }
        _ => result(series),
    }
}
