//! [`Delete`]: removal of rows.

use std::{future::IntoFuture, marker::PhantomData};

use tripline_core::{BoxFuture, Kind, Operation, Phase, Result, TableRef};

use super::{Ask, Operates, add_key, choosing, counts_or_rows, detached, explaining, pipelining, writing};
use crate::{
    Detached, On,
    hooks::{
        body::Body,
        once::{AsyncOnce, OnceCall, OnceHook, once},
    },
    lifecycle::{Inner, run},
    table::{IntoKey, Row, RowOf, Table},
};

/// A delete: awaited, it gives the number of rows; with [`rows`](Delete::rows) the rows as they were.
///
/// Without a filter it is an error, unless [`all_rows`](Delete::all_rows) says that all are meant.
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[derive(Table, Clone, Debug)]
/// # struct Post { #[key] id: Id<Post>, title: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![Post]).connect().await?;
/// # db.create_tables().await?;
/// # let post = db.create(NewPost { title: "a".into(), ..Default::default() }).await?;
/// let gone: Vec<Post> = db.delete::<Post>().filter(|p| p.title.eq("a")).rows::<Post>().await?;
/// assert_eq!(gone[0].id, post.id);
/// assert!(matches!(db.delete::<Post>().await, Err(Error::Unfiltered(_))));
/// # Ok(())
/// # }
/// ```
#[must_use = "a delete does nothing until it is awaited"]
#[derive(Debug)]
pub struct Delete<T, X, R = ()> {
    on: X,
    ask: Box<Inner>,
    _types: PhantomData<fn() -> (T, R)>,
}

impl<T: Table, X> Delete<T, X> {
    pub(crate) fn new(on: X, table: TableRef) -> Self {
        Delete { on, ask: Inner::new(Operation::new(table, Kind::Delete)), _types: PhantomData }
    }

    /// Gives the deleted rows as they were, as this row type: `.rows::<User>()`.
    pub fn rows<S: RowOf<T>>(mut self) -> Delete<T, X, S> {
        self.ask.op.returns = S::SHAPE.into();
        if S::FALLIBLE {
            self.ask.decode = Some(Body::decode_result::<S>);
        }
        Delete { on: self.on, ask: self.ask, _types: PhantomData }
    }
}

impl<T: Table, X, R> Delete<T, X, R> {
    choosing!();
    writing!();

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

    once! { Delete:
        /// A [`BeforeDeleteRows`](crate::BeforeDeleteRows) hook of this operation alone.
        before_delete_rows(tx, gone) BeforeDeleteRows reads old;
        /// An [`AfterDelete`](crate::AfterDelete) hook of this operation alone.
        after_delete(tx, gone) AfterDelete reads old;
        /// An [`AfterDeleteCommit`](crate::AfterDeleteCommit) hook of this operation alone.
        after_delete_commit(db, gone) AfterDeleteCommit reads old;
    }
}

impl<'x, T: Table> Delete<T, On<'x>> {
    pipelining!();
}

impl<T: Table, R> Delete<T, Detached, R> {
    detached!();
}

counts_or_rows!(Delete);

impl<'x, T: Table> IntoFuture for Delete<T, On<'x>> {
    type Output = Result<u64>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(run(self.on, self.ask).await?.body.count) })
    }
}

impl<'x, T: Table, R: Row<Table = T>> IntoFuture for Delete<T, On<'x>, R> {
    type Output = Result<Vec<R>>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { run(self.on, self.ask).await?.body.take_rows::<R>() })
    }
}

impl<'x, T: Table, R> Delete<T, On<'x>, R> {
    explaining!();
}
