//! [`Reads`]: the columns that hooks ask for.

use tripline_core::{ColumnSet, TableRef};

use crate::table::Shape;

/// Columns of rows before and after a write that someone must see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    /// Before; none if nobody asks.
    pub(crate) old: Option<ColumnSet>,
    /// After; none if nobody asks.
    pub(crate) new: Option<ColumnSet>,
}

impl Reads {
    pub(crate) fn add(&mut self, table: TableRef, old: Option<Shape>, new: Option<Shape>) {
        for (shape, set) in [(old, &mut self.old), (new, &mut self.new)] {
            match shape {
                None => {}
                Some(Shape::Columns(columns)) => set.get_or_insert_default().extend(columns.iter().copied()),
                Some(Shape::All) => set.get_or_insert_default().extend(0..table.columns.len() as u16),
            }
        }
    }

    /// Whether someone compares rows before and after.
    pub(crate) fn pairs(&self) -> bool {
        self.old.is_some() && self.new.is_some()
    }
}
