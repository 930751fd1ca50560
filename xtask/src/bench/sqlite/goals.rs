//! The goals of speed on SQLite.

use super::{Measured, flights::Flights};
use crate::bench::{OURS, goals::Goal, stats::median};

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
        let table = &find(name)?.table;
        median(&table.ratios(table.line(OURS, asked)?))
    };
    let mut goals: Vec<Goal> = RATIOS
        .iter()
        .map(|&(name, asked, about, target)| Goal { about, target, unit: "", measured: ratio(name, asked) })
        .collect();
    for (about, one, eleven) in [
        ("one after-create hook that does nothing", "hooks_1", "hooks_11"),
        ("one before-create hook that does nothing", "before_1", "before_11"),
    ] {
        let measured = find("hooks").and_then(|hooks| hooks.table.per_hook(one, eleven));
        goals.push(Goal { about, target: 50.0, unit: " ns", measured });
    }
    for (about, work, longer, shorter, target) in [
        (
            "update of 10,000 rows with three hooks that see no rows, to the same without",
            "update_10000",
            "update_10000_rowless",
            "update_10000",
            1.30,
        ),
        (
            "update of 10,000 rows with three hooks that see rows, to the same without",
            "update_10000",
            "update_10000_hooks",
            "update_10000",
            1.30,
        ),
        (
            "insert_counter with traces kept, to the same without",
            "insert_counter",
            "insert_counter",
            "insert_counter_untraced",
            1.03,
        ),
    ] {
        let measured = find(work).and_then(|measured| measured.table.between(longer, shorter));
        goals.push(Goal { about, target, unit: "", measured });
    }
    goals.push(Goal {
        about: "flights, loaded through hooks, to a loader by hand",
        target: 3.0,
        unit: "",
        measured: flights.and_then(|flights| median(&flights.ratios())),
    });
    goals
}
