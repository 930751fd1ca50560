//! Trees, made of recordings.

use std::collections::VecDeque;

use super::{
    Outcome, Span, Sql, Trace, What,
    recording::{Event, Node, Recording},
};

/// The traces of these recordings, the oldest first: what one led to is a part of it, if both are there.
pub(crate) fn traces(recordings: &VecDeque<Box<Recording>>) -> Vec<Trace> {
    let is_here = |id: u64| recordings.iter().any(|recording| recording.id == id);
    let outermost = recordings.iter().filter(|r| r.cause.is_none_or(|(cause, _)| !is_here(cause)));
    outermost.map(|recording| trace(recording, recordings)).collect()
}

/// The trace of one recording, with what it led to.
pub(crate) fn trace(recording: &Recording, all: &VecDeque<Box<Recording>>) -> Trace {
    let at = jiff::Timestamp::try_from(recording.at()).unwrap_or_default();
    let root = span(recording, all, 0);
    Trace { id: recording.id, at, root, warnings: recording.warnings.clone() }
}

/// What a recording alone says.
pub(crate) fn planned(recording: &Recording) -> Span {
    let mut root = span(recording, &VecDeque::new(), 0);
    fn plan(span: &mut Span) {
        span.outcome = Outcome::Planned;
        span.took = None;
        span.children.iter_mut().for_each(plan);
    }
    plan(&mut root);
    root
}

fn span(recording: &Recording, all: &VecDeque<Box<Recording>>, place: u32) -> Span {
    let node = &recording.nodes[place as usize];
    let nodes = recording.nodes.iter().zip(0..).skip(1);
    let own = nodes.filter(|(node, _)| node.under == place).map(|(_, place)| span(recording, all, place));
    let mut children: Vec<Span> = own.collect();
    let led_to = Some((recording.id, place));
    children.extend(all.iter().filter(|other| other.cause == led_to).map(|other| span(other, all, 0)));
    Span {
        what: what(recording, &node.event),
        began: node.began,
        took: node.took,
        outcome: outcome(node),
        children,
    }
}

fn outcome(node: &Node) -> Outcome {
    let answered = matches!(node.event, Event::Flight { answered: true, .. });
    match (node.took, node.failed) {
        (_, None) if answered => Outcome::Done,
        (Some(_), None) => Outcome::Done,
        (_, Some(code)) => Outcome::Failed(code),
        (None, None) => Outcome::Dropped,
    }
}

fn what(recording: &Recording, event: &Event) -> What {
    match event {
        Event::Root(root) => What::Root(*root),
        Event::Operation { operation, rows } => {
            What::Operation { kind: operation.kind, table: operation.table, rows: *rows }
        }
        Event::Hook { phase, hook, scope, changed } => {
            let names = changed.iter().flat_map(|changed| {
                changed.columns.iter().map(|column| changed.table.columns[usize::from(column)].name)
            });
            What::Hook { phase: *phase, hook: *hook, scope: *scope, changed: names.collect() }
        }
        Event::Flight { from, to, .. } => {
            let statements = (*from..*to).filter_map(|i| recording.transcript.get(i));
            let sql = |(text, times): (&str, u32)| Sql { text: text.to_owned(), times };
            What::Flight { statements: statements.map(sql).collect() }
        }
    }
}
