//! What can be known to work badly before anything runs (X5).

use tripline_core::{HookName, Kept, Kind, TableRef};

use super::{Attached, Registered};
use crate::{trace::Scope, warnings::Warning};

const WRITES: [Kind; 3] = [Kind::Create, Kind::Update, Kind::Delete];

/// Observers of all tables that alone take operations off the shortest way.
pub(super) fn all_tables(tables: &[(TableRef, Attached)], observers: &[Registered]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for observer in observers {
        let of_this = |scope: Scope| scope == Scope::AllTables(observer.place);
        let (mut phases, mut alone) = (Vec::new(), 0);
        for (_, attached) in tables {
            let kinds = WRITES.into_iter().chain([Kind::Find, Kind::Count]);
            let hooks: Vec<_> = kinds.filter_map(|kind| attached.hooks(kind)).collect();
            let company = |scope: &dyn Fn(Scope) -> bool| {
                hooks.iter().any(|hooks| {
                    let mut hooks = hooks.iter().filter(|bound| scope(bound.scope));
                    hooks.any(|bound| !bound.hook.is_plan() && !bound.hook.is_resolver())
                })
            };
            if company(&of_this) && !company(&|scope| !of_this(scope)) {
                alone += 1;
            }
            for bound in hooks.iter().flat_map(|hooks| hooks.iter()).filter(|bound| of_this(bound.scope)) {
                if !phases.contains(&bound.hook.phase) {
                    phases.push(bound.hook.phase);
                }
            }
        }
        if alone > 0 {
            let (observer, place) = (observer.name, observer.place);
            warnings.push(Warning::AllTables { observer, place, phases, tables: alone });
        }
    }
    warnings
}

/// Hooks that say what they write, and come back to where they were: for each operation the shortest way back.
///
/// Not all ways: of those there may be more than anybody could wait for.
pub(super) fn cycles(tables: &[(TableRef, Attached)]) -> Vec<Warning> {
    let mut found: Vec<Vec<(Kept, HookName)>> = Vec::new();
    for (table, _) in tables {
        for kind in WRITES {
            let Some(cycle) = way_back(tables, (table, kind)) else { continue };
            let is_same = |known: &Vec<(Kept, HookName)>| {
                known.len() == cycle.len() && cycle.iter().all(|step| known.contains(step))
            };
            if !found.iter().any(is_same) {
                found.push(cycle);
            }
        }
    }
    found.into_iter().map(|steps| Warning::Cycle { steps }).collect()
}

/// The operations from this one back to it, each with the hook that makes the next.
fn way_back(tables: &[(TableRef, Attached)], start: (TableRef, Kind)) -> Option<Vec<(Kept, HookName)>> {
    /// An operation that is reached, and by which hook of which one before it.
    struct Reached {
        kept: Kept,
        by: Option<(usize, HookName)>,
    }
    let of = |(table, kind): (TableRef, Kind)| Kept { table: table.name, kind };
    let mut reached = vec![Reached { kept: of(start), by: None }];
    let mut next = 0;
    while let Some(Kept { table, kind }) = reached.get(next).map(|reached| reached.kept) {
        let attached = tables.iter().find(|(known, _)| known.name == table).map(|(_, attached)| attached);
        let hooks =
            attached.and_then(|attached| attached.hooks(kind)).into_iter().flat_map(|hooks| hooks.iter());
        for (bound, write) in
            hooks.flat_map(|bound| bound.hook.writes.iter().map(move |write| (bound, write)))
        {
            let to = of(((write.table)(), write.kind));
            if to == of(start) {
                let mut steps = vec![(reached[next].kept, bound.name())];
                let mut before = reached[next].by;
                while let Some((place, hook)) = before {
                    steps.push((reached[place].kept, hook));
                    before = reached[place].by;
                }
                steps.reverse();
                return Some(steps);
            }
            if !reached.iter().any(|reached| reached.kept == to) {
                reached.push(Reached { kept: to, by: Some((next, bound.name())) });
            }
        }
        next += 1;
    }
    None
}
