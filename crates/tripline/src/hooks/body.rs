//! [`Body`]: the rows that an operation carries through its phases, and their typed faces for hooks.
//!
//! Hooks see typed rows, the engine moves plain values. A typed face is made when the first hook asks for it and
//! kept for the next one, so that one more hook costs a call, not a conversion.

use std::any::{Any, TypeId};

use tripline_core::{ColumnSet, Kind, Query, Result, RowSet, Slot, TableRef, Value};

use super::change::{Change, Edit, Outcome, RowChange, Saves};
use crate::{
    lifecycle::Reads,
    table::{Cells, Row, Shape, SlotReader, Slots, Source},
};

/// The rows of one operation.
#[derive(Debug)]
#[doc(hidden)]
pub struct Body {
    pub(crate) table: TableRef,
    pub(crate) kind: Kind,
    /// What a read asks, while a hook changes it.
    pub(crate) query: Query,
    /// Drafts, one for each row, or patches: one for all rows, or one for each of `old`.
    pub(crate) slots: SlotRows,
    /// The rows before an update or delete, where someone asked.
    pub(crate) old: RowSet,
    /// The rows after a create or update; for an update in the order of `old`, where that was read.
    pub(crate) new: RowSet,
    /// How many rows the operation wrote.
    pub(crate) count: u64,
    typed: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
}

/// Rows as they are after the write, typed.
struct NewRows<R>(Vec<R>);
/// Rows as they were before the write, typed.
struct OldRows<R>(Vec<R>);

impl Body {
    pub(crate) fn new(table: TableRef, kind: Kind) -> Self {
        Body {
            table,
            kind,
            query: Query::default(),
            slots: SlotRows { table, form: Form::Flat(Vec::new()) },
            old: RowSet::default(),
            new: RowSet::default(),
            count: 0,
            typed: Vec::new(),
        }
    }

    /// Drafts as a before-create hook sees them.
    pub(crate) fn drafts<N: Slots>(&mut self) -> Result<&mut [N]> {
        self.slots.typed()
    }

    /// Drafts or patches by column.
    pub(crate) fn saves<R: Row>(&mut self) -> Result<Saves<'_, R::Table>> {
        Ok(Saves::new(self.table, self.slots.flat()?))
    }

    /// The patches beside their old rows, as a hook changes them; [`put_edits`](Self::put_edits) takes them back.
    pub(crate) fn edits<R: Row>(&mut self) -> Result<Vec<Edit<R>>> {
        let old = decode::<R>(&self.old, self.table)?;
        let patches = self.slots.flat()?.clone();
        let mut reader = SlotReader::new(self.table, patches);
        old.into_iter().map(|old| Ok(Edit { old, patch: Slots::from_slots(&mut reader)? })).collect()
    }

    /// Takes the patches as a hook left them.
    pub(crate) fn put_edits<R: Row>(&mut self, edits: Vec<Edit<R>>) -> Result<()> {
        let slots = self.slots.flat()?;
        slots.clear();
        edits.into_iter().try_for_each(|edit| edit.patch.into_slots(slots))
    }

    /// The rows after the write.
    pub(crate) fn rows<R: Row>(&mut self) -> Result<&[R]> {
        let rows = self.cached(|body| Ok(NewRows(decode::<R>(&body.new, body.table)?)))?;
        Ok(&rows.0)
    }

    /// The rows that a delete removes.
    pub(crate) fn gone<R: Row>(&mut self) -> Result<&[R]> {
        let rows = self.cached(|body| Ok(OldRows(decode::<R>(&body.old, body.table)?)))?;
        Ok(&rows.0)
    }

    /// The rows before and after an update, paired.
    pub(crate) fn changes<R: Row>(&mut self) -> Result<&[Change<R>]> {
        let changes: &Vec<Change<R>> = self.cached(|body| {
            let pairs =
                decode::<R>(&body.old, body.table)?.into_iter().zip(decode::<R>(&body.new, body.table)?);
            let modified = body.modified();
            Ok(pairs
                .enumerate()
                .map(|(i, (old, new))| Change { old, new, table: body.table, modified: modified(i) })
                .collect())
        })?;
        Ok(changes)
    }

    /// The rows before and after whichever write.
    pub(crate) fn row_changes<R: Row>(&mut self) -> Result<&[RowChange<R>]> {
        let changes: &Vec<RowChange<R>> = self.cached(|body| {
            let old = decode::<R>(&body.old, body.table)?.into_iter().map(Some);
            let new = decode::<R>(&body.new, body.table)?.into_iter().map(Some);
            let none = || std::iter::repeat_with(|| None);
            let modified = body.modified();
            let change = |(i, (old, new))| RowChange {
                kind: body.kind,
                old,
                new,
                table: body.table,
                modified: modified(i),
            };
            Ok(match body.kind {
                Kind::Create => none().zip(new).enumerate().map(change).collect(),
                Kind::Delete => old.zip(none()).enumerate().map(change).collect(),
                _ => old.zip(new).enumerate().map(change).collect(),
            })
        })?;
        Ok(changes)
    }

    /// Decodes the caller's rows, to see whether that goes.
    pub(crate) fn decode_result<R: Row>(&mut self) -> Result<()> {
        match self.kind {
            Kind::Delete => self.gone::<R>().map(drop),
            _ => self.rows::<R>().map(drop),
        }
    }

    /// The caller's rows, taken from what hooks saw where that is the same type.
    pub(crate) fn take_rows<R: Row>(&mut self) -> Result<Vec<R>> {
        let of_deleted = self.kind == Kind::Delete;
        let wanted = if of_deleted { TypeId::of::<OldRows<R>>() } else { TypeId::of::<NewRows<R>>() };
        if let Some(found) = self.typed.iter().position(|(id, _)| *id == wanted) {
            let rows = self.typed.swap_remove(found).1;
            let rows = if of_deleted {
                rows.downcast::<OldRows<R>>().map(|rows| rows.0)
            } else {
                rows.downcast::<NewRows<R>>().map(|rows| rows.0)
            };
            if let Ok(rows) = rows {
                return Ok(rows);
            }
        }
        let rows = std::mem::take(if of_deleted { &mut self.old } else { &mut self.new });
        take::<R>(rows, self.table)
    }

    /// Forgets the typed faces of rows that were read anew.
    pub(crate) fn forget_typed(&mut self) {
        self.typed.clear();
    }

    /// A body for hooks after the commit, with what they read. The caller's rows stay here; if the caller gets
    /// `none`, all goes there, with the typed faces that earlier hooks have seen.
    pub(crate) fn kept_for_commit(&mut self, reads: &Reads, none: bool) -> Body {
        let mut kept = Body::new(self.table, self.kind);
        kept.count = self.count;
        if none {
            (kept.old, kept.new) = (std::mem::take(&mut self.old), std::mem::take(&mut self.new));
            kept.typed = std::mem::take(&mut self.typed);
        } else if reads.pairs() {
            // Which columns changed is found by comparing all that were written.
            (kept.old, kept.new) = (self.old.clone(), self.new.clone());
        } else {
            (kept.old, kept.new) =
                (self.old.with_columns(reads.old.as_ref()), self.new.with_columns(reads.new.as_ref()));
        }
        kept
    }

    /// Which columns the write changed in a row: exact, since both values are known.
    fn modified(&self) -> impl Fn(usize) -> ColumnSet {
        let one_sided = self.old.is_empty() || self.new.is_empty();
        let all = || self.new.columns.iter().chain(self.old.columns.iter()).copied().collect();
        let all: ColumnSet = if one_sided { all() } else { ColumnSet::EMPTY };
        let both = |(i, column): (usize, &u16)| Some((*column, self.old.position(*column)?, i));
        let both: Vec<_> = self.new.columns.iter().enumerate().filter_map(both).collect();
        move |row| {
            if one_sided {
                return all.clone();
            }
            let (old, new) = (self.old.row(row), self.new.row(row));
            both.iter().filter(|(_, was, is)| old[*was] != new[*is]).map(|(column, ..)| *column).collect()
        }
    }

    fn cached<X: Any + Send + Sync>(&mut self, make: impl FnOnce(&Self) -> Result<X>) -> Result<&X> {
        let id = TypeId::of::<X>();
        let found = match self.typed.iter().position(|(known, _)| *known == id) {
            Some(found) => found,
            None => {
                let made = make(self)?;
                self.typed.push((id, Box::new(made)));
                self.typed.len() - 1
            }
        };
        Ok(self.typed[found].1.downcast_ref().expect("the value was stored under its own type"))
    }
}

/// Rows as a row type; the values stay, since others need them too.
fn decode<R: Row>(rows: &RowSet, table: TableRef) -> Result<Vec<R>> {
    let position = |column: u16| rows.position(column).unwrap_or(usize::MAX);
    let positions: Vec<usize> = match R::SHAPE {
        Shape::Columns(columns) => columns.iter().map(|column| position(*column)).collect(),
        Shape::All => (0..table.columns.len() as u16).map(position).collect(),
    };
    let mut typed = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        typed.push(R::decode(&mut Cells {
            table,
            source: Source::Kept { row, positions: positions.iter() },
        })?);
    }
    Ok(typed)
}

/// Rows as a row type; the values are taken. They must have just the columns of the row type.
pub(crate) fn take<R: Row>(rows: RowSet, table: TableRef) -> Result<Vec<R>> {
    let exact = match R::SHAPE {
        Shape::Columns(columns) => *rows.columns == *columns,
        Shape::All => rows.columns.len() == table.columns.len(),
    };
    if !exact {
        return decode(&rows, table);
    }
    let count = rows.len();
    let mut values: std::vec::IntoIter<Value> = rows.values.into_iter();
    let mut typed = Vec::with_capacity(count);
    for _ in 0..count {
        typed.push(R::decode(&mut Cells { table, source: Source::Owned(&mut values) })?);
    }
    Ok(typed)
}

/// Drafts or patches, plain or typed: as the last who looked at them left them.
#[derive(Debug)]
pub(crate) struct SlotRows {
    table: TableRef,
    form: Form,
}

enum Form {
    Flat(Vec<Slot>),
    Typed(Box<dyn TypedSlots>),
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the values: some may be secret.
        f.write_str(if matches!(self, Form::Flat(_)) { "Flat" } else { "Typed" })
    }
}

trait TypedSlots: Any + Send + Sync {
    fn rows(&self) -> usize;
    fn flatten(&mut self, out: &mut Vec<Slot>) -> Result<()>;
}

impl<N: Slots> TypedSlots for Vec<N> {
    fn rows(&self) -> usize {
        self.len()
    }

    fn flatten(&mut self, out: &mut Vec<Slot>) -> Result<()> {
        self.drain(..).try_for_each(|row| row.into_slots(out))
    }
}

impl SlotRows {
    /// Puts these slots in place of what there was.
    pub(crate) fn fill(&mut self, slots: Vec<Slot>) {
        self.form = Form::Flat(slots);
    }

    /// Sets a column of the one patch of a builder.
    pub(crate) fn set(&mut self, column: u16, slot: Slot) {
        if let Form::Flat(slots) = &mut self.form {
            slots[usize::from(column)] = slot;
        }
    }

    /// Whether there is no draft.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.form, Form::Flat(slots) if slots.is_empty())
    }

    /// The plain form.
    pub(crate) fn flat(&mut self) -> Result<&mut Vec<Slot>> {
        if let Form::Typed(typed) = &mut self.form {
            let mut slots = Vec::with_capacity(typed.rows() * self.table.columns.len());
            typed.flatten(&mut slots)?;
            self.form = Form::Flat(slots);
        }
        match &mut self.form {
            Form::Flat(slots) => Ok(slots),
            Form::Typed(_) => unreachable!("it was made flat above"),
        }
    }

    /// The typed form.
    pub(crate) fn typed<N: Slots>(&mut self) -> Result<&mut [N]> {
        let fits = match &self.form {
            Form::Typed(typed) => (&**typed as &dyn Any).is::<Vec<N>>(),
            Form::Flat(_) => false,
        };
        if !fits {
            let slots = std::mem::take(self.flat()?);
            let rows = slots.len() / self.table.columns.len().max(1);
            let mut reader = SlotReader::new(self.table, slots);
            let typed = (0..rows).map(|_| N::from_slots(&mut reader)).collect::<Result<Vec<N>>>()?;
            self.form = Form::Typed(Box::new(typed));
        }
        match &mut self.form {
            Form::Typed(typed) => {
                let typed: &mut dyn Any = &mut **typed;
                Ok(typed.downcast_mut::<Vec<N>>().expect("its type was compared above"))
            }
            Form::Flat(_) => unreachable!("it was made typed above"),
        }
    }
}

impl Body {
    /// What the write did.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome { table: self.table.name, kind: self.kind, rows: self.count }
    }
}
