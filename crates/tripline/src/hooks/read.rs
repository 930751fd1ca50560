//! What read hooks work on: [`ReadQuery`] before a read, [`Found`] after a find.

use std::marker::PhantomData;

use tripline_core::{Error, Query, Result, RowSet, TableRef, Value};

use super::body::Body;
use crate::{
    columns::{Col, Expr, OrderBy},
    table::Table,
    types::{Input, Type},
};

/// A read that is about to run, as a [`BeforeFind`](crate::BeforeFind) or [`BeforeCount`](crate::BeforeCount) hook
/// changes it: it can be narrowed, not widened.
pub struct ReadQuery<'a, T> {
    table: TableRef,
    query: &'a mut Query,
    mistake: Option<Error>,
    _table: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for ReadQuery<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the filter: its values may be secret.
        write!(f, "ReadQuery of table `{}`", self.table.name)
    }
}

impl<'a, T: Table> ReadQuery<'a, T> {
    pub(crate) fn new(body: &'a mut Body) -> Self {
        ReadQuery { table: body.table, query: &mut body.query, mistake: None, _table: PhantomData }
    }

    /// Adds a condition to those that the read has.
    pub fn filter(&mut self, condition: impl FnOnce(T::Cols) -> Expr<T>) -> &mut Self {
        match condition(T::cols(self.table)).0 {
            Ok(node) => self.query.and(node),
            Err(error) => drop(self.mistake.get_or_insert(error)),
        }
        self
    }

    /// Adds a key of the order, behind those that the read has.
    pub fn order(&mut self, by: impl FnOnce(T::Cols) -> OrderBy<T>) -> &mut Self {
        match by(T::cols(self.table)).0 {
            Ok(order) => self.query.order.push(order),
            Err(error) => drop(self.mistake.get_or_insert(error)),
        }
        self
    }

    /// At most so many rows; a smaller limit that the read has stays.
    pub fn limit(&mut self, rows: u64) -> &mut Self {
        self.query.limit = Some(self.query.limit.map_or(rows, |limit| limit.min(rows)));
        self
    }

    /// At most how many rows the read gives.
    pub fn limited_to(&self) -> Option<u64> {
        self.query.limit
    }

    /// The first mistake made while changing it.
    pub(crate) fn into_result(self) -> Result<()> {
        self.mistake.map_or(Ok(()), Err)
    }
}

/// The rows of a find, as a [`TransformFind`](crate::TransformFind) hook changes them: the columns that were read.
pub struct Found<'a, T> {
    table: TableRef,
    rows: &'a mut RowSet,
    _table: PhantomData<fn() -> T>,
}

/// One row of a find.
pub struct FoundRow<'a, T> {
    table: TableRef,
    columns: &'a [u16],
    values: &'a mut [Value],
    _table: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Found<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the values: some may be secret.
        write!(f, "{} rows of table `{}`", self.rows.len(), self.table.name)
    }
}

impl<T> std::fmt::Debug for FoundRow<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a row of table `{}`", self.table.name)
    }
}

impl<'a, T: Table> Found<'a, T> {
    pub(crate) fn new(body: &'a mut Body) -> Self {
        body.forget_typed();
        Found { table: body.table, rows: &mut body.new, _table: PhantomData }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each row.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = FoundRow<'_, T>> {
        let (table, columns) = (self.table, &*self.rows.columns);
        let rows = self.rows.values.chunks_exact_mut(columns.len().max(1));
        rows.map(move |values| FoundRow { table, columns, values, _table: PhantomData })
    }
}

impl<T: Table> FoundRow<'_, T> {
    fn position<V, M>(&self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> Option<usize> {
        let column = column(T::cols(self.table)).index();
        self.columns.iter().position(|read| *read == column)
    }

    /// The value of a column; none where the column was not read.
    pub fn get<V: Type, M>(&self, column: impl FnOnce(T::Cols) -> Col<T, V, M>) -> Result<Option<V>> {
        let Some(position) = self.position(column) else { return Ok(None) };
        let decoded = V::decode(self.values[position].clone());
        decoded.map(Some).map_err(|mismatch| Error::invalid(mismatch.to_string()))
    }

    /// Puts a value in place of what was read; false where the column was not read. Errors if it cannot be written as
    /// the column's type.
    pub fn set<V: Type, M>(
        &mut self,
        column: impl FnOnce(T::Cols) -> Col<T, V, M>,
        value: impl Input<V>,
    ) -> Result<bool> {
        let value = value.into_input().encode()?;
        let position = self.position(column);
        if let Some(position) = position {
            self.values[position] = value;
        }
        Ok(position.is_some())
    }
}
