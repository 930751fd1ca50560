//! [`RowSet`] and [`Slot`]: rows as flat lists of values, without an allocation per row.

use std::borrow::Cow;

use crate::{ColumnSet, Node, Value};

/// What a draft or patch holds for a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Slot {
    /// Nothing was said.
    #[default]
    Unset,
    /// The engine's default: readable by hooks, but not counted as set (L27).
    Default(Value),
    /// This value.
    To(Value),
    /// The value of an expression over the row that is updated.
    Expr(Box<Node>),
}

impl Slot {
    /// Whether caller or hook gave something (L22).
    pub fn is_set(&self) -> bool {
        matches!(self, Slot::To(_) | Slot::Expr(_))
    }
}

/// Rows with the same columns, one after the other in one list.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    /// Which columns of the table, in which order.
    pub columns: Cow<'static, [u16]>,
    /// The values: a multiple of the number of columns.
    pub values: Vec<Value>,
}

impl RowSet {
    /// No rows yet, with these columns.
    pub fn new(columns: impl Into<Cow<'static, [u16]>>) -> Self {
        RowSet { columns: columns.into(), values: Vec::new() }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One row's values.
    pub fn row(&self, index: usize) -> &[Value] {
        let width = self.columns.len();
        &self.values[index * width..][..width]
    }

    /// The rows' values, row by row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, Value> {
        self.values.chunks_exact(self.columns.len().max(1))
    }

    /// The rows with only these of their columns; none without.
    pub fn with_columns(&self, columns: Option<&ColumnSet>) -> RowSet {
        let Some(columns) = columns else { return RowSet::default() };
        let kept: Vec<(u16, usize)> = columns.iter().filter_map(|c| Some((c, self.position(c)?))).collect();
        if kept.len() == self.columns.len() {
            return self.clone();
        }
        let mut rows = RowSet::new(kept.iter().map(|(column, _)| *column).collect::<Vec<_>>());
        rows.values.reserve(kept.len() * self.len());
        for row in self.iter() {
            rows.values.extend(kept.iter().map(|(_, position)| row[*position].clone()));
        }
        rows
    }

    /// Where a column of the table stands in these rows.
    pub fn position(&self, column: u16) -> Option<usize> {
        // Whole rows are the usual case, and then a column stands at its own index.
        if self.columns.get(usize::from(column)) == Some(&column) {
            return Some(usize::from(column));
        }
        self.columns.iter().position(|c| *c == column)
    }
}
