//! [`Catalog`]: the tables of a `Db` and what is attached to each, put in order once, when connecting.

mod attach;
mod cascades;
mod warnings;

use std::{panic::Location, sync::Arc};

use tripline_core::{Action, Error, HookName, Kind, Operation, Phase, Result, TableRef};

pub(crate) use self::{
    attach::{concerns, is_before},
    cascades::Cascade,
};
use crate::{
    hooks::{Carrier, Hook, Probed, observer::Observed},
    lifecycle::Reads,
    table::Table,
    trace::{Scope, recording::Event},
    warnings::Warning,
};

/// A table and its hooks, as `tables![..]` lists them.
#[derive(Clone, Copy, Debug)]
pub struct TableEntry {
    pub(crate) table: TableRef,
    pub(crate) hooks: &'static [Probed],
}

impl TableEntry {
    /// The entry of a table.
    pub fn of<T: Table>() -> Self {
        TableEntry { table: T::DESC, hooks: T::HOOKS }
    }
}

/// The tables of a database with their hooks: `tables![User, Post]`.
///
/// A table that is not listed is an error when it is used; listing is what attaches its hooks.
#[macro_export]
macro_rules! tables {
    ($($table:ty),* $(,)?) => { ::std::vec![$($crate::TableEntry::of::<$table>()),*] };
}

/// A registered observer.
pub(crate) struct Registered {
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) observed: &'static [Observed],
    pub(crate) name: &'static str,
    pub(crate) place: &'static Location<'static>,
    /// Of what an observer of all tables observes.
    pub(crate) only: Option<Vec<TableRef>>,
}

/// All tables, by the address of their description.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Sorted by address.
    tables: Vec<(usize, Arc<Attached>)>,
    list: Vec<TableRef>,
    /// What takes operations sent to another database, by its name and the tables' addresses.
    sinks: Vec<(&'static str, Vec<(usize, Arc<Attached>)>)>,
    /// What will not work well.
    pub(crate) warnings: Vec<Warning>,
    /// Foreign keys that the engine cascades, by their table and column.
    cascaded: Vec<(TableRef, u16)>,
}

/// What is attached to one table.
#[derive(Debug)]
pub(crate) struct Attached {
    find: Hooks,
    count: Hooks,
    create: Hooks,
    update: Hooks,
    delete: Hooks,
    /// What a delete makes the engine do to rows that refer to those deleted.
    pub(crate) cascades: Vec<Cascade>,
}

/// The hooks of one kind of operation, in the order in which they run.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    pub(crate) before: Vec<Bound>,
    /// Those without I/O.
    pub(crate) plan: Vec<Bound>,
    /// What answers in the database's place.
    pub(crate) resolver: Option<Bound>,
    pub(crate) after: Vec<Bound>,
    pub(crate) commit: Vec<Bound>,
    pub(crate) rollback: Vec<Bound>,
    /// What the before-hooks must see.
    pub(crate) reads_before: Reads,
    /// What the hooks after the write must see, those after the commit included.
    pub(crate) reads_after: Reads,
    /// What the hooks after the commit must see.
    pub(crate) reads_ended: Reads,
}

/// A hook and the value that carries it.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) hook: Hook,
    name: HookName,
    /// `None` for a table's own hook.
    pub(crate) carrier: Option<Arc<Carrier>>,
    pub(crate) scope: Scope,
}

impl Bound {
    fn new(hook: Hook, carrier: Option<Arc<Carrier>>, scope: Scope) -> Bound {
        Bound { hook, name: HookName::Type((hook.name)()), carrier, scope }
    }

    pub(crate) fn carrier(&self) -> &Carrier {
        match &self.carrier {
            Some(carrier) => &**carrier,
            None => &(),
        }
    }

    /// What is noted when it is called.
    pub(crate) fn event(&self) -> Event {
        Event::Hook { phase: self.hook.phase, hook: self.name(), scope: self.scope }
    }

    pub(crate) fn name(&self) -> HookName {
        self.name
    }
}

impl Hooks {
    /// Whether none of them needs a transaction: those without I/O do not.
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty() && self.commit.is_empty() && self.rollback.is_empty()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.before
            .iter()
            .chain(&self.plan)
            .chain(&self.resolver)
            .chain(&self.after)
            .chain(&self.commit)
            .chain(&self.rollback)
    }
}

impl Attached {
    /// The hooks of a kind of operation.
    pub(crate) fn hooks(&self, kind: Kind) -> Option<&Hooks> {
        match kind {
            Kind::Find => Some(&self.find),
            // Whether there is a row is how many there are.
            Kind::Count | Kind::Exists => Some(&self.count),
            Kind::Create => Some(&self.create),
            Kind::Update => Some(&self.update),
            Kind::Delete => Some(&self.delete),
            _ => None,
        }
    }
}

impl Catalog {
    pub(crate) fn new(
        entries: &[TableEntry],
        observers: &[Registered],
        sinks: Vec<(&'static str, Registered)>,
    ) -> Result<Catalog> {
        let mut catalog = Catalog::default();
        let mut names: Vec<String> = Vec::new();
        for entry in entries {
            // Without case: SQLite does not tell `users` from `Users`, so the hooks of one would miss the other's rows.
            if catalog.list.iter().any(|table| table.name.eq_ignore_ascii_case(entry.table.name)) {
                return Err(setup(format!("table `{}` is listed twice in `tables![..]`", entry.table.name)));
            }
            catalog.list.push(entry.table);
            names.push(entry.table.name.to_lowercase());
        }
        for entry in entries {
            // Indexes share one space of names with tables: a second one would silently not be made.
            for index in entry.table.indexes.iter().filter(|index| !index.unique) {
                let name = index.database_name(entry.table);
                if names.contains(&name.to_lowercase()) {
                    return Err(setup(format!(
                        "the name `{name}` of an index of table `{}` is taken",
                        entry.table.name
                    )));
                }
                names.push(name.to_lowercase());
            }
        }
        let mut all = Vec::new();
        for entry in entries {
            let attached = attach::attach(entry, observers)?;
            check_table(entry.table, &attached, &catalog.list)?;
            all.push((entry.table, attached));
        }
        catalog.cascaded = cascades::attach(&mut all);
        cascades::refuse_resolved(&all)?;
        catalog.warnings = warnings::all_tables(&all, observers);
        catalog.warnings.extend(warnings::cycles(&all));
        let tables = all.into_iter().map(|(table, attached)| (address(table), Arc::new(attached)));
        catalog.tables.extend(tables);
        catalog.tables.sort_by_key(|(address, _)| *address);
        for (name, sink) in sinks {
            if catalog.sinks.iter().any(|(known, _)| *known == name) {
                return Err(setup(format!("database `{name}` has two sinks")));
            }
            let mut tables = Vec::with_capacity(entries.len());
            for entry in entries {
                // Of the table itself nothing runs there (L65).
                let bare = TableEntry { table: entry.table, hooks: &[] };
                tables.push((
                    address(entry.table),
                    Arc::new(attach::attach(&bare, std::slice::from_ref(&sink))?),
                ));
            }
            catalog.sinks.push((name, tables));
        }
        for observer in observers {
            let typed = observer.observed.iter().filter_map(|observed| observed.table).map(|table| table());
            // Tables described at run time are known by their description itself: the same one has to be connected with.
            for table in typed.chain(observer.only.iter().flatten().copied()) {
                catalog.get(table).map_err(|_| {
                    setup(format!(
                        "`{}` observes table `{}`, which is not listed in `tables![..]`, nor added by `.table(..)`",
                        observer.name, table.name
                    ))
                })?;
            }
        }
        Ok(catalog)
    }

    pub(crate) fn get(&self, table: TableRef) -> Result<&Arc<Attached>> {
        let found = self.tables.binary_search_by_key(&address(table), |(address, _)| *address);
        found.map(|i| &self.tables[i].1).map_err(|_| Error::UnknownTable(table.name.into()))
    }

    /// The foreign keys that the engine cascades itself.
    pub(crate) fn cascaded(&self) -> &[(TableRef, u16)] {
        &self.cascaded
    }

    /// What is attached to the table in the database that the operation is sent to.
    pub(crate) fn of(&self, op: &Operation) -> Result<&Arc<Attached>> {
        let own = self.get(op.table)?;
        let Some(name) = op.database else { return Ok(own) };
        let sink = self.sinks.iter().find(|(known, _)| *known == name);
        let (_, tables) = sink.ok_or(Error::UnknownDatabase(name))?;
        let found = tables.iter().find(|(known, _)| *known == address(op.table));
        found.map(|(_, attached)| attached).ok_or_else(|| Error::UnknownTable(op.table.name.into()))
    }

    /// A table by its name.
    pub(crate) fn named(&self, name: &str) -> Option<TableRef> {
        self.list.iter().copied().find(|table| table.name == name)
    }

    pub(crate) fn tables(&self) -> &[TableRef] {
        &self.list
    }
}

fn address(table: TableRef) -> usize {
    std::ptr::from_ref(table).addr()
}

fn setup(why: String) -> Error {
    Error::Setup(why.into())
}

/// What can be known to be wrong before anything runs.
fn check_table(table: TableRef, attached: &Attached, list: &[TableRef]) -> Result<()> {
    for column in table.columns {
        let sets =
            |b: &Bound| matches!(b.hook.phase, Phase::BeforeCreate | Phase::BeforeSave | Phase::PlanCreate);
        if column.set_by_hook && !attached.create.before.iter().chain(&attached.create.plan).any(sets) {
            return Err(setup(format!(
                "`{}.{}` is set by a hook, but no before-create, before-save or plan-create hook is attached",
                table.name, column.name
            )));
        }
        let Some(reference) = &column.references else { continue };
        let parent = reference.table();
        if !list.iter().any(|listed| listed.name == parent.name) {
            return Err(setup(format!(
                "`{}.{}` refers to table `{}`, which is not listed in `tables![..]`",
                table.name, column.name, parent.name
            )));
        }
        let target = parent.column(reference.target());
        let unique = |column: u16| {
            parent.key == [column]
                || parent.indexes.iter().any(|index| index.unique && index.columns == [column])
        };
        let whole_key = reference.column.is_some() || parent.key.len() == 1;
        if !whole_key || !target.is_some_and(unique) {
            return Err(setup(format!(
                "`{}.{}` refers to `{}.{}`, which is neither that table's key nor a unique column of it",
                table.name,
                column.name,
                parent.name,
                reference.target()
            )));
        }
        let target_type = target.map(|target| parent.columns[usize::from(target)].ty);
        if target_type != Some(column.ty) {
            return Err(setup(format!(
                "`{}.{}` is of another type than `{}.{}`, which it refers to",
                table.name,
                column.name,
                parent.name,
                reference.target()
            )));
        }
        // What a delete does to these rows the engine can do itself; keys do not change, and other columns rarely do.
        let changes = matches!(reference.on_update, Action::Cascade | Action::SetNull | Action::SetDefault);
        if let Some(bound) = attached.update.iter().next().filter(|_| changes) {
            return Err(setup(format!(
                "the foreign key `{}.{}` lets the database change rows of `{}` on update of a row of `{}`, which would \
                 skip {}: use `restrict` and change the rows in a hook of `{}`",
                table.name,
                column.name,
                table.name,
                parent.name,
                bound.name(),
                parent.name
            )));
        }
    }
    Ok(())
}
