//! [`Upsert`]: new rows, or changes to those that are there.

use std::{future::IntoFuture, marker::PhantomData};

use tripline_core::{BoxFuture, Conflict, ConflictUpdate, Error, Kind, Phase, Result, Slot};

use super::{
    Ask, Operates,
    create::{Create, Number},
    detached,
};
use crate::{
    AnyCol, AnyRow, Detached, On,
    columns::{Assign, Col},
    hooks::{
        body::Body,
        once::{AsyncOnce, OnceCall, OnceHook, once},
    },
    lifecycle::{
        Inner, run,
        upsert::{are_alike, is_uniform},
    },
    table::{Row, RowOf, Table},
};

/// Columns that a row is known by: one, or a tuple of them. They are the table's key, or unique together.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no columns of `{T}`",
    label = "expected a column, or a tuple of columns",
    note = "for instance `.on_conflict(|u| u.email)` or `.on_conflict(|m| (m.group, m.user))`"
)]
pub trait Columns<T> {
    #[doc(hidden)]
    fn indexes(self) -> Result<Vec<u16>>;
}

#[diagnostic::do_not_recommend]
impl<T, V, M> Columns<T> for Col<T, V, M> {
    fn indexes(self) -> Result<Vec<u16>> {
        Ok(vec![self.index()])
    }
}

#[diagnostic::do_not_recommend]
impl Columns<AnyRow> for AnyCol {
    fn indexes(self) -> Result<Vec<u16>> {
        self.index().map(|index| vec![index])
    }
}

#[diagnostic::do_not_recommend]
impl Columns<AnyRow> for Vec<AnyCol> {
    fn indexes(self) -> Result<Vec<u16>> {
        self.into_iter().map(AnyCol::index).collect()
    }
}

macro_rules! columns {
    ($($($value:ident $marker:ident)+;)+) => { $(
        #[diagnostic::do_not_recommend]
        impl<T, $($value, $marker),+> Columns<T> for ($(Col<T, $value, $marker>,)+) {
            fn indexes(self) -> Result<Vec<u16>> {
                #[allow(non_snake_case, reason = "the type's name serves for the value")]
                let ($($value,)+) = self;
                Ok(vec![$($value.index()),+])
            }
        }
    )+ };
}

columns! {
    A MA B MB;
    A MA B MB C MC;
    A MA B MB C MC D MD;
}

/// A create of which it is to be said what becomes of rows that are there already: see
/// [`Create::on_conflict`](crate::Create::on_conflict).
#[must_use = "say what becomes of rows that are there: `do_nothing` or `do_update`"]
#[derive(Debug)]
pub struct OnConflict<T, X, N, R = T> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, N, R)>,
}

/// New rows, or changes to the rows that are there already (L44): awaited, it gives the row, or the rows in the order of
/// their drafts.
///
/// Hooks run by what happens: those of a create for rows that are new, those of an update for rows that were there. If
/// there are any, the rows that are there are locked and changed first, and the others created then; before-create hooks
/// may run for a row that somebody else creates at the same moment, and which is then changed. Without hooks it is one
/// SQL statement.
///
/// ```
/// # use tripline::{*, prelude::*};
/// #[derive(Table, Clone, Debug)]
/// struct Login { #[key] id: Id<Login>, #[unique] email: String, name: String, #[default(1)] times: i64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![Login]).connect().await?;
/// # db.create_tables().await?;
/// let login = |name: &str| NewLogin { email: "ada@x.org".into(), name: name.into(), ..Default::default() };
/// // What the draft gives.
/// db.create(login("Ada")).on_conflict(|l| l.email).do_update().await?;
/// let row = db.create(login("Countess")).on_conflict(|l| l.email).do_update().await?;
/// assert_eq!((row.name.as_str(), row.times), ("Countess", 1));
/// // Something else.
/// let row = db.create(login("Ada")).on_conflict(|l| l.email).do_update().set(|l| l.times.add(1)).await?;
/// assert_eq!((row.name.as_str(), row.times), ("Countess", 2));
/// // Nothing: then there is no new row.
/// let none = db.create(login("Ada")).on_conflict(|l| l.email).do_nothing().await?;
/// assert!(none.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use = "an upsert does nothing until it is awaited"]
#[derive(Debug)]
pub struct Upsert<T, X, N, R = T> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, N, R)>,
}

/// A create that leaves rows alone that are there already: awaited, it gives the row if it was created, or the rows
/// that were.
#[must_use = "a create does nothing until it is awaited"]
#[derive(Debug)]
pub struct CreateNew<T, X, N, R = T> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, N, R)>,
}

impl<T: Table, X, N: Number, R> Create<T, X, N, R> {
    /// Says by which columns a row is known that may be there already: the key, or columns that are unique together.
    /// What becomes of such a row is said next, by [`do_update`](OnConflict::do_update) or
    /// [`do_nothing`](OnConflict::do_nothing).
    ///
    /// Null is never the same as null: a draft without one of these values is always a new row. The same values in two
    /// drafts are an error. What is the same is the database's to say: its columns may be compared without regard to case.
    pub fn on_conflict<C: Columns<T>>(self, columns: impl FnOnce(T::Cols) -> C) -> OnConflict<T, X, N, R> {
        let Create { on, mut ask, .. } = self;
        ask.op.kind = Kind::Upsert;
        ask.body.kind = Kind::Upsert;
        if ask.refreshed {
            let why = "rows of an upsert are as the database has them: `.refreshed()` is for creates";
            ask.mistake.get_or_insert_with(|| Error::invalid(why));
        }
        match columns(T::cols(ask.op.table)).indexes() {
            Ok(target) => {
                let table = ask.op.table;
                ask.is_alike = ask.body.slots.flat().is_ok_and(|drafts| are_alike(table, drafts, &target));
                ask.conflict = Some(Box::new(Conflict { target, update: None }));
            }
            Err(error) => drop(ask.mistake.get_or_insert(error)),
        }
        OnConflict { on, ask, _types: PhantomData }
    }
}

impl<T: Table, X, N: Number, R: Row<Table = T>> OnConflict<T, X, N, R> {
    /// A row that is there gets the values that its draft gives, or what [`set`](Upsert::set) says.
    pub fn do_update(mut self) -> Upsert<T, X, N, R> {
        if let Some(conflict) = &mut self.ask.conflict {
            conflict.update = Some(ConflictUpdate::default());
        }
        let width = self.ask.op.table.columns.len();
        self.ask.is_uniform = self.ask.body.slots.flat().is_ok_and(|drafts| is_uniform(drafts, width));
        // Rows that are there come from the database, whatever that has.
        self.ask.decode = R::FALLIBLE.then_some(Body::decode_result::<R>);
        Upsert { on: self.on, ask: self.ask, _types: PhantomData }
    }

    /// A row that is there stays as it is, and no hook runs for it.
    pub fn do_nothing(mut self) -> CreateNew<T, X, N, R> {
        self.ask.decode = None;
        CreateNew { on: self.on, ask: self.ask, _types: PhantomData }
    }
}

impl<T: Table, X, N: Number, R> Upsert<T, X, N, R> {
    /// Changes a column of a row that is there; then it gets nothing else from its draft.
    pub fn set(mut self, change: impl FnOnce(T::Cols) -> Assign<T>) -> Self {
        let Assign(column, slot, _) = change(T::cols(self.ask.op.table));
        let width = self.ask.op.table.columns.len();
        self.ask.is_uniform = true;
        match (slot, self.ask.conflict.as_mut().and_then(|conflict| conflict.update.as_mut())) {
            (Ok(slot), Some(update)) => {
                update.set.resize(width, Slot::Unset);
                update.set[usize::from(column)] = slot;
            }
            (Err(error), _) => drop(self.ask.mistake.get_or_insert(error)),
            (Ok(_), None) => {}
        }
        self
    }

    /// Gives the rows as this row type.
    pub fn rows<S: RowOf<T>>(mut self) -> Upsert<T, X, N, S> {
        self.ask.op.returns = S::SHAPE.into();
        self.ask.decode = S::FALLIBLE.then_some(Body::decode_result::<S>);
        Upsert { on: self.on, ask: self.ask, _types: PhantomData }
    }

    super::writing!();

    once! { Upsert:
        /// A [`BeforeUpdateRows`](crate::BeforeUpdateRows) hook of this operation alone, for rows that are there.
        before_update_rows(tx, edits) BeforeUpdateRows reads old;
        /// An [`AfterUpdate`](crate::AfterUpdate) hook of this operation alone, for rows that were there.
        after_update(tx, changes) AfterUpdate reads both;
        /// An [`AfterUpdateCommit`](crate::AfterUpdateCommit) hook of this operation alone, for rows that were there.
        after_update_commit(db, changes) AfterUpdateCommit reads both;
    }
}

impl<T: Table, X, N: Number, R> CreateNew<T, X, N, R> {
    super::writing!();
}

impl<T: Table, N: Number, R> Upsert<T, Detached, N, R> {
    detached!();
}

impl<T: Table, N: Number, R> CreateNew<T, Detached, N, R> {
    detached!();
}

impl<'x, T: Table, N: Number, R: Row<Table = T>> IntoFuture for Upsert<T, On<'x>, N, R> {
    type Output = Result<N::Of<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { N::take::<R>(&mut run(self.on, self.ask).await?.body) })
    }
}

impl<'x, T: Table, N: Number, R: Row<Table = T>> IntoFuture for CreateNew<T, On<'x>, N, R> {
    type Output = Result<N::IfNew<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { N::take_new::<R>(&mut run(self.on, self.ask).await?.body) })
    }
}

#[diagnostic::do_not_recommend]
impl<T: Table, N: Number, R: Row<Table = T>> Operates for Upsert<T, Detached, N, R> {
    type Output = N::Of<R>;

    fn into_ask(self) -> Ask {
        Ask(self.ask)
    }

    fn take(body: &mut Body) -> Result<Self::Output> {
        N::take::<R>(body)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Table, N: Number, R: Row<Table = T>> Operates for CreateNew<T, Detached, N, R> {
    type Output = N::IfNew<R>;

    fn into_ask(self) -> Ask {
        Ask(self.ask)
    }

    fn take(body: &mut Body) -> Result<Self::Output> {
        N::take_new::<R>(body)
    }
}

impl<'x, T: Table, N: Number, R> Upsert<T, On<'x>, N, R> {
    super::explaining!();
}

impl<'x, T: Table, N: Number, R> CreateNew<T, On<'x>, N, R> {
    super::explaining!();
}
