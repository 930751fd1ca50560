//! What in a recording will not work well (X5).

use std::collections::HashMap;

use super::recording::{Event, Node, Recording};
use crate::{Lints, warnings::Warning};

/// What the recording shows. `one_writer` is whether others wait while it writes.
pub(crate) fn warnings(recording: &Recording, lints: &Lints, one_writer: bool) -> Vec<Warning> {
    // Most send little, and have nothing to show.
    let short = recording.transcript.len() < lints.repeated.min(lints.statements_per_row);
    // None takes longer than the whole, unless something of that was dropped.
    let whole = recording.nodes.first().and_then(Node::took);
    let soon = whole.is_some_and(|whole| whole <= lints.holds_writer);
    if short && (soon || !one_writer) {
        return Vec::new();
    }
    let mut sent = sent_by_hooks(recording);
    // Nothing is kept waiting before the first statement.
    let first_flight = recording.nodes.iter().position(|node| matches!(node.event, Event::Flight { .. }));
    let mut warnings = Vec::new();
    for (place, node) in recording.nodes.iter().enumerate() {
        let Event::Hook { hook, .. } = &node.event else { continue };
        let Sent { statements, own } = sent.remove(&place).unwrap_or_default();
        for (sql, times) in own.into_iter().filter(|(_, times)| *times >= lints.repeated) {
            warnings.push(Warning::Repeated { hook: *hook, sql: sql.to_owned(), times });
        }
        let rows = match recording.nodes.get(node.under as usize).map(|parent| &parent.event) {
            Some(Event::Operation { rows: Some(rows), .. }) => (*rows).max(1),
            _ => 1,
        };
        if statements as u64 > rows.saturating_mul(lints.statements_per_row as u64) {
            warnings.push(Warning::ManyStatements { hook: *hook, statements, rows });
        }
        let has_sent = first_flight.is_some_and(|first| first < place);
        if let Some(took) = node.took().filter(|took| one_writer && has_sent && *took > lints.holds_writer) {
            warnings.push(Warning::HoldsWriter { hook: *hook, took });
        }
    }
    warnings
}

/// What was sent below a hook.
#[derive(Default)]
struct Sent<'r> {
    /// How many statements.
    statements: usize,
    /// How often each of those that operations sent for which the hook itself asked.
    own: HashMap<&'r str, usize>,
}

/// Goes through the statements once, and up from each: as deep as hooks nest.
fn sent_by_hooks(recording: &Recording) -> HashMap<usize, Sent<'_>> {
    let mut sent: HashMap<usize, Sent<'_>> = HashMap::new();
    for node in &recording.nodes {
        let Event::Flight { from, to, .. } = node.event else { continue };
        let counted = |sql: &str| COUNTED.iter().any(|word| sql.starts_with(word));
        let statements = || {
            (from..to).filter_map(|i| recording.transcript.get(i as usize)).filter(|(sql, _)| counted(sql))
        };
        let (mut under, mut level) = (node.under as usize, 0);
        while let Some(step) = recording.nodes.get(under).filter(|_| under > 0) {
            if let Event::Hook { .. } = step.event {
                let hook = sent.entry(under).or_default();
                hook.statements += statements().count();
                // One that is executed for many rows is one statement.
                for (sql, _) in statements().filter(|(_, times)| level == 1 && *times == 1) {
                    *hook.own.entry(sql).or_insert(0) += 1;
                }
            }
            under = step.under as usize;
            level += 1;
        }
    }
    sent
}

/// What begins and ends transactions is not counted.
const COUNTED: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
