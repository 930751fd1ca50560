//! Resolvers: what answers an operation in the database's place (L33).

use std::{any::Any, cmp::Ordering, fmt, marker::PhantomData};

use tripline_core::{
    Error, Invalid, Operation, Origin, Result, RowSet, Slot, TableRef, Value, all_columns, holds, ordering,
};

use super::body::Body;
use crate::{
    Db,
    actor::Actor,
    lifecycle::{
        origin::{self, Frame},
        values_of,
    },
    table::{Slots, Table},
};

/// What a resolver is asked, whichever its table.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) op: &'a Operation,
    pub(crate) actor: &'a Actor,
    /// Of the operation in whose hook this one was made.
    pub(crate) frame: Option<&'a Frame<'a>>,
    pub(crate) db: &'a Db,
    /// Whether rows must be given, not only their number.
    pub(crate) wants_rows: bool,
}

/// An operation on table `T` that a resolver answers (L33). It has no transaction; of what it reaches nothing is
/// rolled back.
pub struct Resolving<'a, T> {
    question: Question<'a>,
    _table: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Resolving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.question.op.fmt(f)
    }
}

/// What a resolver of updates or deletes answers.
#[derive(Clone, Debug)]
pub enum Resolved<T> {
    /// How many rows were written. An error if somebody wants the rows: see [`Resolving::wants_rows`].
    Count(u64),
    /// The rows: after an update as they are, after a delete as they were.
    Rows(Vec<T>),
}

impl<'a, T: Table> Resolving<'a, T> {
    pub(crate) fn new(question: Question<'a>) -> Self {
        Resolving { question, _table: PhantomData }
    }

    /// The operation, as plan hooks left it: its condition, order and limit among it.
    pub fn operation(&self) -> &'a Operation {
        self.question.op
    }

    /// The actor it runs for, if it is of this type.
    pub fn actor<A: Any>(&self) -> Option<&'a A> {
        self.question.actor.get()
    }

    /// Whether it was made by a hook, rather than by the application (L60).
    pub fn is_implicit(&self) -> bool {
        origin::is_made(self.question.frame, self.question.db)
    }

    /// The operations that led here, the innermost first, each with why it was made (L60).
    pub fn origin(&self) -> impl Iterator<Item = Origin> + use<'a, T> {
        origin::origin_of(self.question.op, self.question.frame, self.question.db)
    }

    /// Whether the caller or a hook wants the rows of an update or delete, not only their number.
    pub fn wants_rows(&self) -> bool {
        self.question.wants_rows
    }

    /// Of these rows those that the operation asks for, in its order and within its limits: for a source that cannot
    /// choose itself.
    pub fn choose(&self, rows: Vec<T>) -> Result<Vec<T>> {
        let (table, query) = (self.question.op.table, &self.question.op.query);
        let mut kept = Vec::new();
        for row in rows {
            let values = encode(&row, table)?;
            let fulfils = match &query.filter {
                Some(filter) => holds(filter, &|column| &values[usize::from(column)])?,
                None => true,
            };
            if fulfils {
                kept.push((values, row));
            }
        }
        let mut mistake: Option<Invalid> = None;
        kept.sort_by(|(left, _), (right, _)| {
            let (left, right) =
                (|column: u16| &left[usize::from(column)], |column: u16| &right[usize::from(column)]);
            ordering(&query.order, &left, &right).unwrap_or_else(|error| {
                mistake.get_or_insert(error);
                Ordering::Equal
            })
        });
        if let Some(mistake) = mistake {
            return Err(mistake.into());
        }
        let (skipped, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(u64::MAX));
        let (skipped, limit) =
            (usize::try_from(skipped).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(kept.into_iter().map(|(_, row)| row).skip(skipped).take(limit).collect())
    }
}

/// The values of a row, all columns of its table.
fn encode<T: Table>(row: &T, table: TableRef) -> Result<Vec<Value>> {
    let mut slots = Vec::with_capacity(table.columns.len());
    T::draft(row).into_slots(&mut slots)?;
    Ok(values_of(slots))
}

impl Body {
    /// Takes a resolver's rows as what was read or written.
    pub(crate) fn put_rows<T: Table>(&mut self, rows: Vec<T>) -> Result<()> {
        let width = self.table.columns.len();
        let mut slots: Vec<Slot> = Vec::with_capacity(width * rows.len());
        for (i, row) in rows.iter().enumerate() {
            T::draft(row).into_slots(&mut slots)?;
            // Rows of tables known at run time say themselves of which they are.
            if slots.len() != width * (i + 1) {
                let why = format!("a resolver of table `{}` gave a row with other columns", self.table.name);
                return Err(Error::invalid(why));
            }
        }
        let set = RowSet { columns: all_columns(self.table), values: values_of(slots) };
        self.count = rows.len() as u64;
        match self.kind {
            tripline_core::Kind::Delete => self.old = set,
            _ => self.new = set,
        }
        self.forget_typed();
        Ok(())
    }

    /// Takes what a resolver says of a write.
    pub(crate) fn put_resolved<T: Table>(&mut self, resolved: Resolved<T>) -> Result<()> {
        match resolved {
            Resolved::Rows(rows) => self.put_rows(rows),
            Resolved::Count(count) => {
                self.count = count;
                Ok(())
            }
        }
    }
}

/// What is wrong with a resolver's answer.
pub(crate) fn wrong(op: &Operation, why: impl fmt::Display) -> Error {
    Error::Invalid(Box::new(Invalid {
        table: Some(op.table.name),
        column: None,
        reason: format!("the resolver of a {} gave {why}", op.kind),
    }))
}
