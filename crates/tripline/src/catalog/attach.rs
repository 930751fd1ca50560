//! Which hooks run for which operation, and in which order.

use tripline_core::{Kind, Phase, Result};

use super::{Attached, Bound, Hooks, Registered, TableEntry, setup};
use crate::{
    hooks::Hook,
    lifecycle::{Reads, is_write},
    trace::Scope,
};

/// From the outside in: observers of all tables, observers of this one, its own hooks (L11).
pub(super) fn attach(entry: &TableEntry, observers: &[Registered]) -> Result<Attached> {
    let mut scopes: [Vec<Bound>; 3] = Default::default();
    for observer in observers {
        for observed in observer.observed {
            let scope = match observed.table {
                None => match &observer.only {
                    None => 0,
                    Some(only) if only.iter().any(|table| std::ptr::eq(*table, entry.table)) => 1,
                    Some(_) => continue,
                },
                Some(table) if table().name == entry.table.name => 1,
                Some(_) => continue,
            };
            let place = observer.place;
            let kind = if scope == 0 { Scope::AllTables(place) } else { Scope::Observer(place) };
            let bound = |hook: &Hook| Bound::new(*hook, Some(observer.carrier.clone()), kind);
            scopes[scope].extend(observed.hooks.iter().flatten().map(bound));
        }
    }
    let own = entry.hooks.iter().flatten().flatten();
    scopes[2].extend(own.map(|hook| Bound::new(*hook, None, Scope::Table)));
    // A stable sort: observers of one scope stay in order of registration (L13).
    scopes.iter_mut().for_each(|scope| scope.sort_by_key(|bound| generality(bound.hook.phase)));
    let hooks = |kind| {
        let all = || scopes.iter().flatten().filter(move |bound| concerns(bound.hook.phase, kind)).cloned();
        let mut resolvers = all().filter(|bound| bound.hook.is_resolver());
        let resolver = resolvers.next();
        if let (Some(one), Some(other)) = (&resolver, resolvers.next()) {
            let why = "a table has one resolver for a kind of operation";
            let (table, one, other) = (entry.table.name, one.name(), other.name());
            return Err(setup(format!(
                "table `{table}` has two resolvers for {kind}, {one} and {other}: {why}"
            )));
        }
        let (plan, before) =
            all().filter(|bound| is_before(bound.hook.phase)).partition(|b| b.hook.is_plan());
        // Exactly the reverse (L11, L12).
        let mut after: Vec<Bound> =
            all().filter(|b| !is_before(b.hook.phase) && !b.hook.is_resolver()).collect();
        after.reverse();
        let (ended, after): (Vec<Bound>, Vec<Bound>) =
            after.into_iter().partition(|bound| bound.hook.is_ended());
        let (rollback, commit) =
            ended.into_iter().partition(|bound| bound.hook.phase == Phase::AfterRollback);
        let mut hooks = Hooks { before, plan, resolver, after, commit, rollback, ..Hooks::default() };
        let (mut before, mut after, mut ended) = (Reads::default(), Reads::default(), Reads::default());
        for bound in hooks.iter() {
            // A created row has no old form, a deleted one no new form.
            let old = bound.hook.reads.old.filter(|_| kind != Kind::Create);
            let new = bound.hook.reads.new.filter(|_| kind != Kind::Delete);
            let reads = if is_before(bound.hook.phase) { &mut before } else { &mut after };
            reads.add(entry.table, old, new);
            if bound.hook.is_ended() {
                ended.add(entry.table, old, new);
            }
        }
        (hooks.reads_before, hooks.reads_after, hooks.reads_ended) = (before, after, ended);
        let unseen =
            hooks.reads_before.old.is_some() || kind == Kind::Update && hooks.reads_after.old.is_some();
        if let Some(resolver) = hooks.resolver.as_ref().filter(|_| unseen) {
            let (table, resolver) = (entry.table.name, resolver.name());
            return Err(setup(format!(
                "hooks of table `{table}` for {kind} look at rows as they were before, which {resolver} cannot give"
            )));
        }
        Ok(hooks)
    };
    Ok(Attached {
        find: hooks(Kind::Find)?,
        count: hooks(Kind::Count)?,
        create: hooks(Kind::Create)?,
        update: hooks(Kind::Update)?,
        delete: hooks(Kind::Delete)?,
        cascades: Vec::new(),
    })
}

/// Specific to general: create, update and delete; save; change; any (L12).
fn generality(phase: Phase) -> u8 {
    use Phase::*;
    match phase {
        // What the hooks that look see is what those left that transform.
        BeforeUpdateRows | BeforeDeleteRows | TransformFind => 1,
        BeforeSave | AfterSave | AfterSaveCommit => 2,
        AfterChange | AfterChangeCommit => 3,
        BeforeAny | AfterAny | AfterRollback => 4,
        _ => 0,
    }
}

pub(crate) fn is_before(phase: Phase) -> bool {
    use Phase::*;
    matches!(
        phase,
        BeforeFind
            | BeforeCount
            | BeforeCreate
            | BeforeUpdate
            | BeforeUpdateRows
            | BeforeDelete
            | BeforeDeleteRows
            | BeforeSave
            | BeforeAny
            | FilterReads
            | PlanFind
            | PlanCount
            | PlanCreate
            | PlanUpdate
            | PlanDelete
    )
}

/// Whether a hook of this phase runs for this kind of operation.
pub(crate) fn concerns(phase: Phase, kind: Kind) -> bool {
    use Phase::*;
    match phase {
        FilterReads => !is_write(kind),
        BeforeFind | PlanFind | ResolveFind | TransformFind | AfterFind => kind == Kind::Find,
        BeforeCount | PlanCount | ResolveCount | AfterCount => matches!(kind, Kind::Count | Kind::Exists),
        BeforeCreate | PlanCreate | ResolveCreate | AfterCreate | AfterCreateCommit => kind == Kind::Create,
        BeforeUpdate | BeforeUpdateRows | PlanUpdate | ResolveUpdate | AfterUpdate | AfterUpdateCommit => {
            kind == Kind::Update
        }
        BeforeDelete | BeforeDeleteRows | PlanDelete | ResolveDelete | AfterDelete | AfterDeleteCommit => {
            kind == Kind::Delete
        }
        BeforeSave | AfterSave | AfterSaveCommit => matches!(kind, Kind::Create | Kind::Update),
        BeforeAny | AfterAny | AfterChange | AfterChangeCommit | AfterRollback => is_write(kind),
        _ => false,
    }
}
