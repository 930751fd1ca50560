//! [`Find`], [`First`]: reading rows.

use std::{future::IntoFuture, marker::PhantomData};

use tripline_core::{BoxFuture, Error, Kind, Operation, Phase, Result, TableRef};

use super::{Ask, Operates, add_key, choosing, explaining};
use crate::{
    Detached, On,
    columns::OrderBy,
    hooks::{
        body::Body,
        once::{AsyncOnce, OnceCall, OnceHook, once},
    },
    lifecycle::{Inner, run},
    table::{IntoKey, Row, RowOf, Table},
};

/// A find: awaited, it gives the rows that fulfil all filters, as a `Vec`.
///
/// ```
/// # use tripline::{*, prelude::*};
/// #[derive(Table, Clone, Debug)]
/// struct User { #[key] id: Id<User>, name: String, email: String }
///
/// #[derive(Row, Debug)]
/// #[row(of = User)]
/// struct UserName { id: Id<User>, name: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
/// # db.create_tables().await?;
/// let users: Vec<User> = db.find::<User>().filter(|u| u.email.ends_with("@x.org")).await?;
/// let names: Vec<UserName> = db.find::<User>().rows::<UserName>().order(|u| u.name.asc()).limit(20).await?;
/// let ada: Option<User> = db.find::<User>().by_key(Id::new(1)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a find does nothing until it is awaited"]
#[derive(Debug)]
pub struct Find<T, X, R = T> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, R)>,
}

/// Methods that all finds have.
macro_rules! reading {
    () => {
        $crate::ops::anywhere!();

        /// Skips the read hooks of this operation (L62), [`FilterReads`](crate::FilterReads) among them.
        pub fn without_hooks(mut self) -> Self {
            self.ask.op.without_hooks = true;
            self
        }

        once! { Find:
            /// An [`AfterFind`](crate::AfterFind) hook of this operation alone.
            after_find(read, rows) AfterFind reads new;
        }
    };
}

impl<T: Table, X> Find<T, X> {
    pub(crate) fn new(on: X, table: TableRef) -> Self {
        let mut ask = Inner::new(Operation::new(table, Kind::Find));
        ask.op.returns = T::SHAPE.into();
        Find { on, ask, _types: PhantomData }
    }
}

impl<T: Table, X, R> Find<T, X, R> {
    choosing!();
    reading!();

    /// Gives rows of this row type: only its columns are read.
    pub fn rows<S: RowOf<T>>(mut self) -> Find<T, X, S> {
        self.ask.op.returns = S::SHAPE.into();
        Find { on: self.on, ask: self.ask, _types: PhantomData }
    }

    /// Adds a key of the order; the first one given decides first. Rows that are equal by all keys come in no
    /// certain order.
    pub fn order(mut self, by: impl FnOnce(T::Cols) -> OrderBy<T>) -> Self {
        match by(T::cols(self.ask.op.table)).0 {
            Ok(order) => self.ask.op.query.order.push(order),
            Err(error) => drop(self.ask.mistake.get_or_insert(error)),
        }
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.ask.op.query.limit = Some(rows);
        self
    }

    /// Leaves out so many rows first. The database still visits them.
    pub fn offset(mut self, rows: u64) -> Self {
        self.ask.op.query.offset = Some(rows);
        self
    }

    /// The row with this key, if there is one.
    pub fn by_key(mut self, key: impl IntoKey<T::Key>) -> First<T, X, R> {
        add_key(&mut self.ask, key.into_key());
        self.ask.op.many = false;
        // The key is unique: there is nothing for a limit to cut off.
        First { on: self.on, ask: self.ask, _types: PhantomData }
    }

    /// The first row, if there is one.
    pub fn first(mut self) -> First<T, X, R> {
        // An offset beyond a limit of none stays none.
        self.ask.op.query.limit = Some(self.ask.op.query.limit.map_or(1, |limit| limit.min(1)));
        self.ask.op.many = false;
        First { on: self.on, ask: self.ask, _types: PhantomData }
    }
}

impl<'x, T: Table, R: Row<Table = T>> Find<T, On<'x>, R> {
    /// The one row: an error if there is none, or more than one.
    pub fn one(mut self) -> BoxFuture<'x, Result<R>> {
        let kept = self.ask.op.kept();
        self.ask.op.query.limit = Some(self.ask.op.query.limit.map_or(2, |limit| limit.min(2)));
        Box::pin(async move {
            let mut rows = run(self.on, self.ask).await?.body.take_rows::<R>()?;
            match (rows.pop(), rows.is_empty()) {
                (Some(row), true) => Ok(row),
                (Some(_), false) => Err(Error::NotUnique(kept)),
                (None, _) => Err(Error::NotFound(kept)),
            }
        })
    }

    /// How many rows; with a limit at most so many.
    pub fn count(mut self) -> BoxFuture<'x, Result<u64>> {
        self.ask.op.kind = Kind::Count;
        Box::pin(async move { Ok(run(self.on, self.ask).await?.body.count) })
    }

    /// Whether there is such a row.
    pub fn exists(mut self) -> BoxFuture<'x, Result<bool>> {
        self.ask.op.kind = Kind::Exists;
        Box::pin(async move { Ok(run(self.on, self.ask).await?.body.count > 0) })
    }
}

impl<'x, T: Table, R: Row<Table = T>> IntoFuture for Find<T, On<'x>, R> {
    type Output = Result<Vec<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { run(self.on, self.ask).await?.body.take_rows::<R>() })
    }
}

#[diagnostic::do_not_recommend]
impl<T: Table, R: Row<Table = T>> Operates for Find<T, Detached, R> {
    type Output = Vec<R>;

    fn into_ask(mut self) -> Ask {
        self.ask.decode = R::FALLIBLE.then_some(Body::decode_result::<R>);
        Ask(self.ask)
    }

    fn take(body: &mut Body) -> Result<Vec<R>> {
        body.take_rows::<R>()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Table, R: Row<Table = T>> Operates for First<T, Detached, R> {
    type Output = Option<R>;

    fn into_ask(mut self) -> Ask {
        self.ask.decode = R::FALLIBLE.then_some(Body::decode_result::<R>);
        Ask(self.ask)
    }

    fn take(body: &mut Body) -> Result<Option<R>> {
        Ok(body.take_rows::<R>()?.pop())
    }
}

impl<T: Table, R> Find<T, Detached, R> {
    /// How many rows, as an operation for a plan or batch.
    pub fn count(mut self) -> Count {
        self.ask.op.kind = Kind::Count;
        Count(self.ask)
    }

    /// Whether there is such a row, as an operation for a plan or batch.
    pub fn exists(mut self) -> Exists {
        self.ask.op.kind = Kind::Exists;
        Exists(self.ask)
    }
}

/// A count that is not bound to a database yet.
#[must_use = "a count does nothing until it is part of a plan or batch"]
#[derive(Debug)]
pub struct Count(Box<Inner>);

/// An `exists` that is not bound to a database yet.
#[must_use = "an `exists` does nothing until it is part of a plan or batch"]
#[derive(Debug)]
pub struct Exists(Box<Inner>);

#[diagnostic::do_not_recommend]
impl Operates for Count {
    type Output = u64;

    fn into_ask(self) -> Ask {
        Ask(self.0)
    }

    fn take(body: &mut Body) -> Result<u64> {
        Ok(body.count)
    }
}

#[diagnostic::do_not_recommend]
impl Operates for Exists {
    type Output = bool;

    fn into_ask(self) -> Ask {
        Ask(self.0)
    }

    fn take(body: &mut Body) -> Result<bool> {
        Ok(body.count > 0)
    }
}

/// The first row of a find: awaited, it gives an `Option`.
#[must_use = "a find does nothing until it is awaited"]
#[derive(Debug)]
pub struct First<T, X, R = T> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, R)>,
}

impl<T: Table, X, R> First<T, X, R> {
    reading!();

    /// Gives the row as this row type: only its columns are read.
    pub fn rows<S: RowOf<T>>(mut self) -> First<T, X, S> {
        self.ask.op.returns = S::SHAPE.into();
        First { on: self.on, ask: self.ask, _types: PhantomData }
    }
}

impl<'x, T: Table, R: Row<Table = T>> First<T, On<'x>, R> {
    /// The row, or an error if there is none: `db.find::<User>().by_key(id).one()`.
    pub fn one(self) -> BoxFuture<'x, Result<R>> {
        let kept = self.ask.op.kept();
        Box::pin(async move { self.await?.ok_or(Error::NotFound(kept)) })
    }
}

impl<'x, T: Table, R: Row<Table = T>> IntoFuture for First<T, On<'x>, R> {
    type Output = Result<Option<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(run(self.on, self.ask).await?.body.take_rows::<R>()?.pop()) })
    }
}

impl<'x, T: Table, R> Find<T, On<'x>, R> {
    explaining!();
}

impl<'x, T: Table, R> First<T, On<'x>, R> {
    explaining!();
}
