//! [`Given`]: what was given of rows that a hook sees after the write (L40).

use std::marker::PhantomData;

use tripline_core::{ColumnSet, Error, Result, Slot, TableRef};

use crate::{AnyRow, columns::Col, table::Table};

/// What the caller and the hooks before the write gave of the rows that an after-hook sees, apart from defaults,
/// on-update values and what stayed as it was. See [`Tx::given`](crate::Tx::given).
#[derive(Debug)]
pub struct Given<'t, T> {
    table: TableRef,
    rows: &'t GivenRows,
    _table: PhantomData<fn() -> T>,
}

/// The columns that are set: of each row, or the same of all.
#[derive(Debug)]
pub(crate) enum GivenRows {
    All(ColumnSet),
    Each(Vec<ColumnSet>),
}

impl GivenRows {
    /// Those of drafts, or of patches: one for all rows, or one for each.
    pub(crate) fn of(slots: &[Slot], table: TableRef, each: bool) -> GivenRows {
        let set = |row: &[Slot]| {
            (0..).zip(row).filter(|(_, slot)| slot.is_set()).map(|(column, _)| column).collect()
        };
        match each {
            true => GivenRows::Each(slots.chunks_exact(table.columns.len().max(1)).map(set).collect()),
            false => GivenRows::All(set(slots)),
        }
    }

    /// Of only these rows, in this order.
    pub(crate) fn choose(&mut self, rows: impl Iterator<Item = usize>) {
        if let GivenRows::Each(each) = self {
            *each = rows.filter_map(|row| each.get(row).cloned()).collect();
        }
    }
}

impl<'t, T: Table> Given<'t, T> {
    pub(crate) fn new(table: TableRef, rows: &'t GivenRows) -> Result<Self> {
        let is_any = T::DESC.columns.is_empty();
        if !is_any && !std::ptr::eq(T::DESC, table) {
            let why = format!("the rows are of table `{}`, not of `{}`", table.name, T::DESC.name);
            return Err(Error::invalid(why));
        }
        Ok(Given { table, rows, _table: PhantomData })
    }

    /// Whether caller or hook gave this column of the row that has this place among those the hook sees (L22). Of a place
    /// behind the last one nothing was given.
    pub fn is_set<V, M>(&self, row: usize, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> bool {
        self.has(row, column(T::cols(self.table)).index())
    }

    fn has(&self, row: usize, column: u16) -> bool {
        let of_row = match self.rows {
            GivenRows::All(set) => Some(set),
            GivenRows::Each(each) => each.get(row),
        };
        of_row.is_some_and(|set| set.contains(column))
    }
}

impl Given<'_, AnyRow> {
    /// The same for the column of this name; an error if the table has none.
    pub fn is_set_column(&self, row: usize, column: &str) -> Result<bool> {
        let unknown = || Error::invalid(format!("table `{}` has no column `{column}`", self.table.name));
        self.table.column(column).map(|index| self.has(row, index)).ok_or_else(unknown)
    }
}
