//! Upsert: new rows, or changes to the rows that are there already (L44).
//!
//! Where nothing is attached it is one statement. Else it is an update of the rows that are there, which are locked
//! first, and a create of the rest, each with its own hooks. A created row that turns out to be there after all, since
//! somebody else was faster or a hook has changed what it is known by, goes the way of an update then.

mod created;
mod divided;
mod existing;
mod find;
mod known;
mod single;

use tripline_core::{Error, Invalid, Kind, Result, Slot, TableRef};

pub(crate) use self::known::are_alike;
pub(super) use self::{
    created::insert_new,
    divided::divided,
    single::{prepare, write},
};
use super::run::Inner;
use crate::{
    Db,
    catalog::{Bound, is_before},
};

impl Inner {
    /// Whether it is an upsert that is several operations, since something is attached to what it may do.
    pub(crate) fn is_divided(&self, db: &Db) -> bool {
        if self.op.kind != Kind::Upsert {
            return false;
        }
        let attached = db.inner.catalog.of(&self.op).ok().filter(|_| !self.op.without_hooks);
        let has_some = |kind| {
            let hooks = attached.and_then(|attached| attached.hooks(kind));
            hooks.is_some_and(|hooks| hooks.iter().next().is_some())
        };
        let is_past = |bound: &Bound| is_before(bound.hook.phase);
        let of_create = attached.and_then(|attached| attached.hooks(Kind::Create));
        let creates = of_create
            .is_some_and(|hooks| hooks.iter().any(|bound| self.callers.is_none() || !is_past(bound)));
        creates || has_some(Kind::Update) || !self.once.is_empty() || !self.is_uniform || self.is_alike
    }
}

/// Whether all drafts say something of the same columns.
pub(crate) fn is_uniform(drafts: &[Slot], width: usize) -> bool {
    let mut rows = drafts.chunks_exact(width.max(1));
    let Some(first) = rows.next() else { return true };
    let same = |row: &[Slot]| row.iter().zip(first).all(|(slot, other)| slot.is_set() == other.is_set());
    rows.all(same)
}

/// The columns that a draft gives and an existing row can take.
fn given(table: TableRef, draft: &[Slot], target: &[u16]) -> Vec<u16> {
    let given = (0..).zip(draft).filter(|(_, slot)| slot.is_set()).map(|(column, _)| column);
    given.filter(|column| !target.contains(column) && !table.is_key(*column)).collect()
}

/// The columns must be known to be unique, by which else would a row be the same?
pub(crate) fn check_target(table: TableRef, target: &[u16]) -> Result<()> {
    let same = |columns: &[u16]| {
        columns.len() == target.len() && columns.iter().all(|column| target.contains(column))
    };
    if same(table.key) || table.indexes.iter().any(|index| index.unique && same(index.columns)) {
        return Ok(());
    }
    let names: Vec<&str> = target.iter().map(|column| table.columns[usize::from(*column)].name).collect();
    Err(about(
        table,
        format!(
            "an upsert knows rows by the key or by columns that are unique together: not by `{}`",
            names.join("`, `")
        ),
    ))
}

fn no_conflict(table: TableRef) -> Error {
    about(table, "an upsert without columns to know rows by".to_owned())
}

fn about(table: TableRef, reason: String) -> Error {
    Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason }))
}
