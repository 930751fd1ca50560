//! [`Update`]: changes to rows.

use std::{future::IntoFuture, marker::PhantomData};

use tripline_core::{BoxFuture, Kind, Operation, Phase, Result, Slot, TableRef};

use super::{Ask, Operates, add_key, choosing, counts_or_rows, detached, explaining, pipelining, writing};
use crate::{
    Detached, On,
    columns::Assign,
    hooks::{
        body::Body,
        once::{AsyncOnce, OnceCall, OnceHook, once},
    },
    lifecycle::{Inner, run},
    table::{IntoKey, Row, RowOf, Shape, Table},
};

/// An update: awaited, it gives the number of rows; with [`rows`](Update::rows) the rows themselves.
///
/// Without a filter it is an error, unless [`all_rows`](Update::all_rows) says that all are meant. Nothing set
/// means nothing done.
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[derive(Table, Clone, Debug)]
/// # struct Post { #[key] id: Id<Post>, title: String, likes: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![Post]).connect().await?;
/// # db.create_tables().await?;
/// # let post = db.create(NewPost { title: "a".into(), likes: 1.into(), ..Default::default() }).await?;
/// let n: u64 = db.update::<Post>().filter(|p| p.likes.gt(0)).set(|p| p.likes.add(1)).await?;
/// let posts: Vec<Post> = db.update::<Post>().by_key(post.id).set(|p| p.title.set("b")).rows::<Post>().await?;
/// assert_eq!((n, posts[0].likes), (1, 2));
/// # Ok(())
/// # }
/// ```
#[must_use = "an update does nothing until it is awaited"]
#[derive(Debug)]
pub struct Update<T, X, R = ()> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, R)>,
}

impl<T: Table, X> Update<T, X> {
    pub(crate) fn new(on: X, table: TableRef) -> Self {
        let mut ask = Inner::new(Operation::new(table, Kind::Update));
        ask.is_dynamic = matches!(T::SHAPE, Shape::All);
        ask.body.slots.fill(vec![Slot::Unset; table.columns.len()]);
        Update { on, ask, _types: PhantomData }
    }

    /// Gives the updated rows, as this row type: `.rows::<User>()`.
    pub fn rows<S: RowOf<T>>(mut self) -> Update<T, X, S> {
        self.ask.op.returns = S::SHAPE.into();
        if S::FALLIBLE {
            self.ask.decode = Some(Body::decode_result::<S>);
        }
        Update { on: self.on, ask: self.ask, _types: PhantomData }
    }
}

impl<T: Table, X, R> Update<T, X, R> {
    choosing!();
    writing!();

    /// Changes a column; the last change to a column counts.
    pub fn set(mut self, change: impl FnOnce(T::Cols) -> Assign<T>) -> Self {
        let Assign(column, slot, _) = change(T::cols(self.ask.op.table));
        match slot {
            Ok(slot) => self.ask.body.slots.set(column, slot),
            Err(error) => drop(self.ask.mistake.get_or_insert(error)),
        }
        self
    }

    /// Only the row with this key.
    pub fn by_key(mut self, key: impl IntoKey<T::Key>) -> Self {
        self.ask.op.many = false;
        add_key(&mut self.ask, key.into_key());
        self
    }

    /// Says that all rows of the table are meant.
    pub fn all_rows(mut self) -> Self {
        self.ask.op.query.all_rows = true;
        self
    }

    once! { Update:
        /// A [`BeforeUpdate`](crate::BeforeUpdate) hook of this operation alone.
        before_update(tx, patch) BeforeUpdate reads none;
        /// A [`BeforeUpdateRows`](crate::BeforeUpdateRows) hook of this operation alone.
        before_update_rows(tx, edits) BeforeUpdateRows reads old;
        /// An [`AfterUpdate`](crate::AfterUpdate) hook of this operation alone.
        after_update(tx, changes) AfterUpdate reads both;
        /// An [`AfterUpdateCommit`](crate::AfterUpdateCommit) hook of this operation alone.
        after_update_commit(db, changes) AfterUpdateCommit reads both;
    }
}

impl<'x, T: Table> Update<T, On<'x>> {
    pipelining!();
}

impl<T: Table, R> Update<T, Detached, R> {
    detached!();
}

counts_or_rows!(Update);

impl<'x, T: Table> IntoFuture for Update<T, On<'x>> {
    type Output = Result<u64>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(run(self.on, self.ask).await?.body.count) })
    }
}

impl<'x, T: Table, R: Row<Table = T>> IntoFuture for Update<T, On<'x>, R> {
    type Output = Result<Vec<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { run(self.on, self.ask).await?.body.take_rows::<R>() })
    }
}

impl<'x, T: Table, R> Update<T, On<'x>, R> {
    explaining!();
}
