//! What hooks see of a write: [`Change`], [`RowChange`], [`Edit`], [`Saves`], [`Outcome`], [`Undone`].

use std::{fmt, marker::PhantomData};

use tripline_core::{ColumnSet, Error, Kind, Result, Slot, TableRef};

use crate::{
    AnyRow,
    columns::Col,
    table::{Row, Table},
    types::{Input, Type},
};

/// A row before and after an update.
#[derive(Clone)]
pub struct Change<R> {
    /// The row as it was.
    pub old: R,
    /// The row as the operation wrote it.
    pub new: R,
    pub(crate) table: TableRef,
    pub(crate) modified: ColumnSet,
}

/// A row before and after whichever write.
#[derive(Clone)]
pub struct RowChange<R> {
    /// What happened to the row.
    pub kind: Kind,
    /// The row as it was; none where it was created.
    pub old: Option<R>,
    /// The row as the operation wrote it; none where it was deleted.
    pub new: Option<R>,
    pub(crate) table: TableRef,
    pub(crate) modified: ColumnSet,
}

/// A row that is to be updated, and the changes to it.
#[derive(Debug)]
pub struct Edit<R: Row> {
    /// The row as it is, locked for this transaction.
    pub old: R,
    /// The changes; see [`Field::modified`](crate::Field::modified) for what they would change.
    pub patch: <R::Table as Table>::Patch,
}

/// What a write did, for [`AfterAny`](crate::AfterAny).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The table.
    pub table: &'static str,
    /// What was asked.
    pub kind: Kind,
    /// How many rows were written.
    pub rows: u64,
}

/// A write that was rolled back, for [`AfterRollback`](crate::AfterRollback).
pub type Undone = Outcome;

/// The names of the columns that changed.
fn names(table: TableRef, modified: &ColumnSet) -> Vec<&'static str> {
    modified
        .iter()
        .filter_map(|column| table.columns.get(usize::from(column)).map(|column| column.name))
        .collect()
}

impl<R: fmt::Debug> fmt::Debug for Change<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modified = names(self.table, &self.modified);
        let mut debug = f.debug_struct("Change");
        debug.field("old", &self.old).field("new", &self.new).field("modified", &modified).finish()
    }
}

impl<R: fmt::Debug> fmt::Debug for RowChange<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modified = names(self.table, &self.modified);
        let mut debug = f.debug_struct("RowChange");
        let debug = debug.field("kind", &self.kind).field("old", &self.old).field("new", &self.new);
        debug.field("modified", &modified).finish()
    }
}

impl<R: Row> Change<R> {
    /// Whether the update changed this column: exactly, also where the new value was computed (L22).
    pub fn modified<V, M>(
        &self,
        column: impl FnOnce(<R::Table as Table>::Cols) -> Col<R::Table, V, M>,
    ) -> bool {
        modified::<R, V, M>(&self.modified, column)
    }
}

impl<R: Row> RowChange<R> {
    /// Whether the write changed this column; of created and deleted rows every column counts.
    pub fn modified<V, M>(
        &self,
        column: impl FnOnce(<R::Table as Table>::Cols) -> Col<R::Table, V, M>,
    ) -> bool {
        modified::<R, V, M>(&self.modified, column)
    }
}

fn modified<R: Row, V, M>(
    set: &ColumnSet,
    column: impl FnOnce(<R::Table as Table>::Cols) -> Col<R::Table, V, M>,
) -> bool {
    set.contains(column(R::Table::cols(R::Table::DESC)).index())
}

impl Change<AnyRow> {
    /// Whether the update changed the column of this name; an error if the table has none.
    pub fn modified_column(&self, column: &str) -> Result<bool> {
        modified_column(self.table, &self.modified, column)
    }
}

impl RowChange<AnyRow> {
    /// Whether the write changed the column of this name; an error if the table has none.
    pub fn modified_column(&self, column: &str) -> Result<bool> {
        modified_column(self.table, &self.modified, column)
    }
}

fn modified_column(table: TableRef, set: &ColumnSet, column: &str) -> Result<bool> {
    let unknown = || Error::invalid(format!("table `{}` has no column `{column}`", table.name));
    table.column(column).map(|index| set.contains(index)).ok_or_else(unknown)
}

/// The drafts or patches of a save, by column: one type for create and update.
pub struct Saves<'a, T> {
    table: TableRef,
    slots: &'a mut Vec<Slot>,
    _table: PhantomData<fn() -> T>,
}

/// One draft or patch.
pub struct Save<'a, T> {
    table: TableRef,
    slots: &'a mut [Slot],
    _table: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Saves<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the values: some may be secret.
        write!(f, "Saves of table `{}`", self.table.name)
    }
}

impl<T> std::fmt::Debug for Save<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Save of table `{}`", self.table.name)
    }
}

impl<'a, T: Table> Saves<'a, T> {
    pub(crate) fn new(table: TableRef, slots: &'a mut Vec<Slot>) -> Self {
        Saves { table, slots, _table: PhantomData }
    }

    /// Each draft or patch.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = Save<'_, T>> {
        let table = self.table;
        let rows = self.slots.chunks_exact_mut(table.columns.len().max(1));
        rows.map(move |slots| Save { table, slots, _table: PhantomData })
    }
}

impl<T: Table> Save<'_, T> {
    fn slot<V, M>(&mut self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> &mut Slot {
        &mut self.slots[usize::from(column(T::cols(self.table)).index())]
    }

    /// The value, where it is known: given or a default, but not computed by the database.
    pub fn get<V: Type, M>(&mut self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> Result<Option<V>> {
        match self.slot(column) {
            Slot::To(value) | Slot::Default(value) => {
                V::decode(value.clone()).map(Some).map_err(|mismatch| Error::invalid(mismatch.to_string()))
            }
            Slot::Unset | Slot::Expr(_) => Ok(None),
        }
    }

    /// Whether caller or hook gave it (L22).
    pub fn is_set<V, M>(&mut self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> bool {
        self.slot(column).is_set()
    }

    /// Gives a value. Errors if it cannot be written as the column's type.
    pub fn set<V: Type, M>(
        &mut self,
        column: impl FnOnce(T::Cols) -> Col<T, V, M>,
        value: impl Input<V>,
    ) -> Result<()> {
        *self.slot(column) = Slot::To(value.into_input().encode()?);
        Ok(())
    }

    /// Takes back what was said.
    pub fn unset<V, M>(&mut self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) {
        *self.slot(column) = Slot::Unset;
    }
}
