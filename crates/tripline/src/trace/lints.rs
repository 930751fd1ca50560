//! What in a recording will not work well (X5).

use std::collections::HashMap;

use super::recording::{Event, Recording};
use crate::{Lints, warnings::Warning};

/// What the recording shows. `one_writer` is whether others wait while it writes.
pub(crate) fn warnings(recording: &Recording, lints: &Lints, one_writer: bool) -> Vec<Warning> {
    // Most are short, and have nothing to show.
    let short = recording.nodes.len() <= lints.repeated.min(lints.statements_per_row);
    let soon = recording.nodes.iter().all(|node| node.took.is_none_or(|took| took <= lints.holds_writer));
    if short && (soon || !one_writer) {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    for (node, place) in recording.nodes.iter().zip(0..) {
        let Event::Hook { hook, .. } = &node.event else { continue };
        let (statements, counts) = statements(recording, place);
        for (sql, times) in counts.into_iter().filter(|(_, times)| *times >= lints.repeated) {
            warnings.push(Warning::Repeated { hook: *hook, sql: sql.to_owned(), times });
        }
        let rows = match recording.nodes.get(node.under as usize).map(|parent| &parent.event) {
            Some(Event::Operation { rows: Some(rows), .. }) => (*rows).max(1),
            _ => 1,
        };
        if statements as u64 > rows.saturating_mul(lints.statements_per_row as u64) {
            warnings.push(Warning::ManyStatements { hook: *hook, statements, rows });
        }
        // Nothing is kept before the first statement.
        let has_sent =
            recording.nodes[..place as usize].iter().any(|n| matches!(n.event, Event::Flight { .. }));
        if let Some(took) = node.took.filter(|took| one_writer && has_sent && *took > lints.holds_writer) {
            warnings.push(Warning::HoldsWriter { hook: *hook, took });
        }
    }
    warnings
}

/// How many statements were sent below this step, and each of those by the operations that it asked for itself.
fn statements(recording: &Recording, hook: u32) -> (usize, HashMap<&str, usize>) {
    let (mut all, mut own) = (0, HashMap::new());
    for node in &recording.nodes {
        let Event::Flight { from, to, .. } = node.event else { continue };
        let mut under = Some(node.under);
        let mut level = 0;
        while let Some(step) = under.filter(|step| *step > 0 && *step != hook) {
            under = recording.nodes.get(step as usize).map(|node| node.under);
            level += 1;
        }
        if under != Some(hook) {
            continue;
        }
        for (sql, times) in (from..to).filter_map(|i| recording.transcript.get(i)) {
            let is_control =
                !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|word| sql.starts_with(word));
            if is_control {
                continue;
            }
            all += 1;
            // One that is executed for many rows is one statement.
            if level == 1 && times == 1 {
                *own.entry(sql).or_insert(0) += 1;
            }
        }
    }
    (all, own)
}
