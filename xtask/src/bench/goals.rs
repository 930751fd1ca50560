//! Goals of speed, and whether they are reached.

use std::fmt::{self, Write as _};

/// A goal and what was measured.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) about: &'static str,
    pub(super) target: f64,
    pub(super) unit: &'static str,
    /// None if it was not measured, or failed.
    pub(super) measured: Option<f64>,
}

impl Goal {
    fn reached(&self) -> &'static str {
        match self.measured {
            Some(measured) if measured <= self.target => "yes",
            Some(_) => "no",
            None => "not measured",
        }
    }
}

/// The table of goals.
pub(super) fn write(out: &mut String, goals: &[Goal]) -> fmt::Result {
    writeln!(out, "\n## Goals\n\nRatios are to raw; smaller is faster.\n")?;
    writeln!(out, "| goal | target | measured | reached |\n|---|---:|---:|---|")?;
    for goal in goals {
        let number = |value: f64| match goal.unit {
            "" => format!("{value:.2}"),
            unit => format!("{value:.0}{unit}"),
        };
        let measured = goal.measured.map_or_else(|| "-".to_owned(), number);
        writeln!(out, "| {} | {} | {measured} | {} |", goal.about, number(goal.target), goal.reached())?;
    }
    Ok(())
}
