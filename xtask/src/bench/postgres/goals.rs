//! The goals of speed on PostgreSQL.

use super::{Measured, server::Link, works::SITUATIONS};
use crate::bench::{OURS, goals::Goal, stats::median};

/// The work, our way of it, the link, what it is about, the goal as a ratio to raw. All are with one connection.
const RATIOS: [(&str, &str, Link, &str, f64); 8] = [
    ("insert_counter", "", Link::Socket, "insert_counter, the counter kept by a hook: socket", 0.90),
    ("insert_counter", "", Link::Delayed, "insert_counter, the counter kept by a hook: 1 ms", 0.55),
    (
        "insert_counter",
        "planned",
        Link::Socket,
        "insert_counter, the counter kept by a plan hook: socket",
        0.72,
    ),
    (
        "insert_counter",
        "planned",
        Link::Delayed,
        "insert_counter, the counter kept by a plan hook: 1 ms",
        0.32,
    ),
    ("get_by_key", "", Link::Socket, "get_by_key: socket", 1.10),
    ("get_by_key", "", Link::Delayed, "get_by_key: 1 ms", 1.03),
    ("insert_10000", "", Link::Socket, "insert_10000 with two hooks, to COPY without any: socket", 2.0),
    ("insert_10000", "", Link::Delayed, "insert_10000 with two hooks, to COPY without any: 1 ms", 1.5),
];

pub(super) fn goals(measured: &[Measured]) -> Vec<Goal> {
    let ratio = |name: &str, way: &str, link: Link| {
        let measured = measured.iter().find(|measured| measured.work.name == name)?;
        let place = SITUATIONS.iter().position(|place| place.link == link && place.connections == 1)?;
        let table = measured.tables.get(place)?;
        median(&table.ratios(table.line(OURS, way)?))
    };
    RATIOS
        .iter()
        .map(|&(name, way, link, about, target)| Goal {
            about,
            target,
            unit: "",
            measured: ratio(name, way, link),
        })
        .collect()
}
