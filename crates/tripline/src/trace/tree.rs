//! Trees, made of recordings.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{
    Outcome, Span, Sql, Trace, What,
    recording::{Changed, Event, Recording},
};

/// What a node of a recording led to.
type LedTo<'r> = HashMap<(u64, u32), Vec<&'r Recording>>;

/// The traces of these recordings, the oldest first: what one led to is a part of it, if both are there.
pub(crate) fn traces(recordings: &VecDeque<Box<Recording>>) -> Vec<Trace> {
    let ids: HashSet<u64> = recordings.iter().map(|recording| recording.id).collect();
    let led_to = led_to(recordings);
    let outermost = recordings.iter().filter(|r| r.cause.is_none_or(|(cause, _)| !ids.contains(&cause)));
    outermost.map(|recording| trace(recording, &led_to)).collect()
}

/// The last one of them.
pub(crate) fn last(recordings: &VecDeque<Box<Recording>>) -> Option<Trace> {
    let mut last = recordings.back()?;
    while let Some((cause, _)) = last.cause {
        match recordings.iter().find(|recording| recording.id == cause) {
            Some(recording) => last = recording,
            None => break,
        }
    }
    Some(trace(last, &led_to(recordings)))
}

fn led_to(recordings: &VecDeque<Box<Recording>>) -> LedTo<'_> {
    let mut led_to = LedTo::new();
    for recording in recordings {
        if let Some(cause) = recording.cause {
            led_to.entry(cause).or_default().push(recording);
        }
    }
    led_to
}

/// The trace of one recording, with what it led to.
fn trace(recording: &Recording, led_to: &LedTo<'_>) -> Trace {
    let at = jiff::Timestamp::try_from(recording.at()).unwrap_or_default();
    let root = root(recording, led_to);
    Trace { id: recording.id, at, root, left_out: recording.left_out, warnings: recording.warnings.clone() }
}

/// What a recording alone says.
pub(crate) fn planned(recording: &Recording) -> Span {
    let mut root = root(recording, &LedTo::new());
    fn plan(span: &mut Span) {
        span.outcome = Outcome::Planned;
        span.took = None;
        span.children.iter_mut().for_each(plan);
    }
    plan(&mut root);
    root
}

fn root(recording: &Recording, led_to: &LedTo<'_>) -> Span {
    let mut below: Vec<Vec<u32>> = vec![Vec::new(); recording.nodes.len()];
    for (node, place) in recording.nodes.iter().zip(0..).skip(1) {
        if let Some(below) = below.get_mut(node.under as usize) {
            below.push(place);
        }
    }
    span(recording, &below, led_to, 0)
}

fn span(recording: &Recording, below: &[Vec<u32>], led_to: &LedTo<'_>, place: u32) -> Span {
    let node = &recording.nodes[place as usize];
    let own = below[place as usize].iter().map(|place| span(recording, below, led_to, *place));
    let mut children: Vec<Span> = own.collect();
    let others = led_to.get(&(recording.id, place)).into_iter().flatten();
    children.extend(others.map(|other| root(other, led_to)));
    let (what, outcome) = (what(recording, place), outcome(recording, place));
    Span { what, began: node.began(), took: node.took(), outcome, children }
}

fn outcome(recording: &Recording, place: u32) -> Outcome {
    let node = &recording.nodes[place as usize];
    let answered = matches!(node.event, Event::Flight { answered: true, .. });
    let failed = recording.failed.iter().find(|(failed, _)| *failed == place).map(|(_, code)| *code);
    match (node.took(), failed) {
        (_, None) if answered => Outcome::Done,
        (Some(_), None) => Outcome::Done,
        (_, Some(code)) => Outcome::Failed(code),
        (None, None) => Outcome::Dropped,
    }
}

fn what(recording: &Recording, place: u32) -> What {
    match &recording.nodes[place as usize].event {
        Event::Root(root) => What::Root(*root),
        Event::Operation { operation, rows } => {
            What::Operation { kind: operation.kind, table: operation.table, rows: *rows }
        }
        Event::Hook { phase, hook, scope } => {
            let of_this = recording.changed.iter().filter(|(changed, _)| *changed == place);
            let names = of_this.flat_map(|(_, Changed { table, columns })| {
                columns.iter().map(|column| table.columns[usize::from(column)].name)
            });
            What::Hook { phase: *phase, hook: *hook, scope: *scope, changed: names.collect() }
        }
        Event::Flight { from, to, .. } => {
            let statements = (*from..*to).filter_map(|i| recording.transcript.get(i as usize));
            let sql = |(text, times): (&str, u32)| Sql { text: text.to_owned(), times };
            What::Flight { statements: statements.map(sql).collect() }
        }
    }
}
