//! The goals of speed, and whether they are reached.

use super::{OURS, flights::Flights, rounds::Measured, stats::median};

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
    pub(super) fn reached(&self) -> &'static str {
        match self.measured {
            Some(measured) if measured <= self.target => "yes",
            Some(_) => "no",
            None => "not measured",
        }
    }
}

/// Name of the work, what our peer is asked for, the goal as a ratio to raw.
const RATIOS: [(&str, &str, &str, f64); 7] = [
    ("insert_one", "insert_one", "insert_one", 1.10),
    ("insert_counter", "insert_counter", "insert_counter, the counter kept by a hook", 1.15),
    ("insert_many", "insert_many", "insert_many", 1.30),
    ("insert_many", "insert_many_hooks", "insert_many with two hooks, to raw without any", 1.60),
    ("get_by_key", "get_by_key", "get_by_key", 1.50),
    ("parents_children", "parents_children", "parents_children", 1.15),
    ("tasks64", "tasks64", "tasks64, grouped durability to `FULL` under a mutex", 0.20),
];

/// All goals.
pub(super) fn goals(measured: &[Measured], flights: Option<&Flights>) -> Vec<Goal> {
    let find = |name: &str| measured.iter().find(|measured| measured.work.name == name);
    let ratio = |name: &str, asked: &str| {
        let measured = find(name)?;
        median(&measured.ratios(measured.line(OURS, asked)?))
    };
    let mut goals: Vec<Goal> = RATIOS
        .iter()
        .map(|&(name, asked, about, target)| Goal { about, target, unit: "", measured: ratio(name, asked) })
        .collect();
    for (about, one, eleven) in [
        ("one after-create hook that does nothing", "hooks_1", "hooks_11"),
        ("one before-create hook that does nothing", "before_1", "before_11"),
    ] {
        let measured = find("hooks").and_then(|hooks| hooks.per_hook(one, eleven));
        goals.push(Goal { about, target: 50.0, unit: " ns", measured });
    }
    goals.push(Goal {
        about: "flights, loaded through hooks, to a loader by hand",
        target: 3.0,
        unit: "",
        measured: flights.and_then(|flights| median(&flights.ratios())),
    });
    goals
}
