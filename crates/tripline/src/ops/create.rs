//! [`Create`]: new rows.

use std::{future::IntoFuture, marker::PhantomData};

use tripline_core::{BoxFuture, Error, Kind, Operation, Phase, Result, Slot, TableRef};

use super::{Ask, Operates, detached, explaining, pipelining, writing};
use crate::{
    Detached, On,
    hooks::{
        body::Body,
        once::{AsyncOnce, OnceCall, OnceHook, once},
    },
    lifecycle::{Inner, run},
    table::{Draft, Row, RowOf, Shape, Slots, Table},
};

/// A create: awaited, it gives the row that was created, or the rows in the order of their drafts.
///
/// Rows come as the operation itself wrote them, with keys and defaults. What hooks changed afterwards shows with
/// [`refreshed`](Create::refreshed) (L17).
///
/// ```
/// # use tripline::{*, prelude::*};
/// #[derive(Table, Clone, Debug)]
/// struct Tag { #[key] id: Id<Tag>, name: String, #[default(0)] uses: i64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![Tag]).connect().await?;
/// # db.create_tables().await?;
/// let rust: Tag = db.create(NewTag { name: "rust".into(), ..Default::default() }).await?;
/// assert_eq!(rust.uses, 0);
/// let drafts = ["sql", "wal"].map(|name| NewTag { name: name.into(), ..Default::default() });
/// let tags: Vec<Tag> = db.create(Vec::from(drafts)).await?;
/// assert_eq!(tags.len(), 2);
/// # Ok(())
/// # }
/// ```
#[must_use = "a create does nothing until it is awaited"]
#[derive(Debug)]
pub struct Create<T, X, N, R = T> {
    pub(super) on: X,
    pub(super) ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, N, R)>,
}

/// What a create takes: a draft, or a `Vec` of drafts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no draft of a row",
    label = "expected a draft, or a `Vec` of drafts",
    note = "`#[derive(Table)] struct User` makes the draft `NewUser`"
)]
pub trait Drafts {
    /// The drafts' table.
    type Table: Table;
    /// Whether it is one or many.
    type Number: Number;
    #[doc(hidden)]
    fn table(&self) -> TableRef;
    #[doc(hidden)]
    fn into_slots(self) -> Result<Vec<Slot>>;
}

/// How many rows a create gives: [`One`] or [`Many`].
pub trait Number: 'static {
    /// A row, or rows.
    type Of<R: Send>: Send;
    #[doc(hidden)]
    const MANY: bool;
    #[doc(hidden)]
    fn take<R: Row>(body: &mut Body) -> Result<Self::Of<R>>;
    /// A row if it is new, or the rows that are.
    type IfNew<R: Send>: Send;
    #[doc(hidden)]
    fn take_new<R: Row>(body: &mut Body) -> Result<Self::IfNew<R>>;
}

/// A create of one row gives the row.
#[derive(Debug)]
pub enum One {}

/// A create of many rows gives a `Vec`.
#[derive(Debug)]
pub enum Many {}

impl Number for One {
    type Of<R: Send> = R;
    const MANY: bool = false;

    fn take<R: Row>(body: &mut Body) -> Result<R> {
        body.take_rows::<R>()?.pop().ok_or_else(|| Error::invalid("the created row did not come back"))
    }

    type IfNew<R: Send> = Option<R>;

    fn take_new<R: Row>(body: &mut Body) -> Result<Option<R>> {
        Ok(body.take_rows::<R>()?.pop())
    }
}

impl Number for Many {
    type Of<R: Send> = Vec<R>;
    const MANY: bool = true;

    fn take<R: Row>(body: &mut Body) -> Result<Vec<R>> {
        body.take_rows::<R>()
    }

    type IfNew<R: Send> = Vec<R>;

    fn take_new<R: Row>(body: &mut Body) -> Result<Vec<R>> {
        body.take_rows::<R>()
    }
}

#[diagnostic::do_not_recommend]
impl<D: Draft> Drafts for D {
    type Table = D::Table;
    type Number = One;

    fn table(&self) -> TableRef {
        Draft::table(self)
    }

    fn into_slots(self) -> Result<Vec<Slot>> {
        let mut slots = Vec::with_capacity(Draft::table(&self).columns.len());
        Slots::into_slots(self, &mut slots)?;
        Ok(slots)
    }
}

#[diagnostic::do_not_recommend]
impl<D: Draft> Drafts for Vec<D> {
    type Table = D::Table;
    type Number = Many;

    fn table(&self) -> TableRef {
        self.first().map_or(D::Table::DESC, Draft::table)
    }

    fn into_slots(self) -> Result<Vec<Slot>> {
        let table = Drafts::table(&self);
        if self.iter().any(|draft| !std::ptr::eq(draft.table(), table)) {
            return Err(Error::invalid("one create is of rows of one table"));
        }
        let mut slots = Vec::with_capacity(table.columns.len() * self.len());
        self.into_iter().try_for_each(|draft| Slots::into_slots(draft, &mut slots))?;
        Ok(slots)
    }
}

#[diagnostic::do_not_recommend]
impl<D: Draft, const N: usize> Drafts for [D; N] {
    type Table = D::Table;
    type Number = Many;

    fn table(&self) -> TableRef {
        self.first().map_or(D::Table::DESC, Draft::table)
    }

    fn into_slots(self) -> Result<Vec<Slot>> {
        Vec::from(self).into_slots()
    }
}

impl<T: Table, X, N: Number> Create<T, X, N> {
    pub(crate) fn new<D: Drafts<Table = T, Number = N>>(on: X, drafts: D) -> Self {
        let table = drafts.table();
        Create::in_table(on, table, drafts)
    }

    pub(crate) fn in_table<D: Drafts<Table = T, Number = N>>(on: X, table: TableRef, drafts: D) -> Self {
        let mut op = Operation::new(table, Kind::Create);
        op.many = N::MANY;
        let mut ask = Inner::new(op);
        ask.op.returns = T::SHAPE.into();
        ask.is_dynamic = matches!(T::SHAPE, Shape::All);
        ask.decode = T::FALLIBLE.then_some(Body::decode_result::<T>);
        let others = !std::ptr::eq(drafts.table(), table);
        match drafts.into_slots() {
            Ok(slots) if others && !slots.is_empty() => {
                ask.mistake = Some(Error::invalid(format!("these values are not of table `{}`", table.name)));
            }
            Ok(slots) => ask.body.slots.fill(slots),
            Err(error) => ask.mistake = Some(error),
        }
        Create { on, ask, _types: PhantomData }
    }
}

impl<T: Table, X, N: Number, R> Create<T, X, N, R> {
    writing!();

    /// Gives the created rows as this row type.
    pub fn rows<S: RowOf<T>>(mut self) -> Create<T, X, N, S> {
        self.ask.op.returns = S::SHAPE.into();
        self.ask.decode = S::FALLIBLE.then_some(Body::decode_result::<S>);
        Create { on: self.on, ask: self.ask, _types: PhantomData }
    }

    /// Reads the created rows again after the hooks, so that what they changed shows (L17).
    pub fn refreshed(mut self) -> Self {
        self.ask.refreshed = true;
        self
    }

    once! { Create:
        /// A [`BeforeCreate`](crate::BeforeCreate) hook of this operation alone.
        before_create(tx, drafts) BeforeCreate reads none;
        /// An [`AfterCreate`](crate::AfterCreate) hook of this operation alone.
        after_create(tx, rows) AfterCreate reads new;
        /// An [`AfterCreateCommit`](crate::AfterCreateCommit) hook of this operation alone.
        after_create_commit(db, rows) AfterCreateCommit reads new;
    }
}

impl<'x, T: Table, N: Number> Create<T, On<'x>, N> {
    pipelining!();
}

impl<T: Table, N: Number, R> Create<T, Detached, N, R> {
    detached!();
}

#[diagnostic::do_not_recommend]
impl<T: Table, N: Number, R: Row<Table = T>> Operates for Create<T, Detached, N, R> {
    type Output = N::Of<R>;

    fn into_ask(self) -> Ask {
        Ask(self.ask)
    }

    fn take(body: &mut Body) -> Result<Self::Output> {
        N::take::<R>(body)
    }
}

impl<'x, T: Table, N: Number, R: Row<Table = T>> IntoFuture for Create<T, On<'x>, N, R> {
    type Output = Result<N::Of<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { N::take::<R>(&mut run(self.on, self.ask).await?.body) })
    }
}

impl<'x, T: Table, N: Number, R> Create<T, On<'x>, N, R> {
    explaining!();
}
