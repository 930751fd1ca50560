//! The goals of speed on PostgreSQL.

use super::{Measured, server::Link, works::SITUATIONS};
use crate::bench::{OURS, goals::Goal, stats::median};

/// The work, the link, what it is about, the goal as a ratio to raw. All are with one connection.
const RATIOS: [(&str, Link, &str, f64); 6] = [
    ("insert_counter", Link::Socket, "insert_counter, the counter kept by a hook: socket", 0.90),
    ("insert_counter", Link::Delayed, "insert_counter, the counter kept by a hook: 1 ms", 0.55),
    ("get_by_key", Link::Socket, "get_by_key: socket", 1.10),
    ("get_by_key", Link::Delayed, "get_by_key: 1 ms", 1.03),
    ("insert_10000", Link::Socket, "insert_10000 with two hooks, to COPY without any: socket", 2.0),
    ("insert_10000", Link::Delayed, "insert_10000 with two hooks, to COPY without any: 1 ms", 1.5),
];

pub(super) fn goals(measured: &[Measured]) -> Vec<Goal> {
    let ratio = |name: &str, link: Link| {
        let measured = measured.iter().find(|measured| measured.work.name == name)?;
        let place = SITUATIONS.iter().position(|place| place.link == link && place.connections == 1)?;
        let table = measured.tables.get(place)?;
        median(&table.ratios(table.line(OURS, "")?))
    };
    RATIOS
        .iter()
        .map(|&(name, link, about, target)| Goal { about, target, unit: "", measured: ratio(name, link) })
        .collect()
}
