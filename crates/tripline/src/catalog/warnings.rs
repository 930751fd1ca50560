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

/// Hooks that say what they write, and come back to where they were.
pub(super) fn cycles(tables: &[(TableRef, Attached)]) -> Vec<Warning> {
    let mut found: Vec<Vec<(Kept, HookName)>> = Vec::new();
    for (table, _) in tables {
        for kind in WRITES {
            walk(tables, &mut Vec::new(), (table, kind), &mut found);
        }
    }
    found.into_iter().map(|steps| Warning::Cycle { steps }).collect()
}

fn walk(
    tables: &[(TableRef, Attached)],
    path: &mut Vec<(Kept, HookName)>,
    (table, kind): (TableRef, Kind),
    found: &mut Vec<Vec<(Kept, HookName)>>,
) {
    let here = Kept { table: table.name, kind };
    if let Some(start) = path.iter().position(|(kept, _)| *kept == here) {
        let cycle = path[start..].to_vec();
        let is_same = |known: &Vec<(Kept, HookName)>| {
            known.len() == cycle.len() && cycle.iter().all(|step| known.contains(step))
        };
        if !found.iter().any(is_same) {
            found.push(cycle);
        }
        return;
    }
    let attached = tables.iter().find(|(known, _)| std::ptr::eq(*known, table)).map(|(_, attached)| attached);
    for bound in attached.and_then(|attached| attached.hooks(kind)).into_iter().flat_map(|hooks| hooks.iter())
    {
        for write in bound.hook.writes {
            path.push((here, bound.name()));
            walk(tables, path, ((write.table)(), write.kind), found);
            path.pop();
        }
    }
}
