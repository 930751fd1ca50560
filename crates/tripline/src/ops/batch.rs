//! [`Batch`]: several operations at once.

use tripline_core::{BoxFuture, Result};

use super::{Ask, Operates};
use crate::{Db, On, Tx, hooks::body::Body, lifecycle::batch};

/// Operations that run in one transaction: a tuple of them, of whatever kinds, or a `Vec` of one type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no batch of operations",
    label = "expected a tuple or a `Vec` of operations that are not bound to a database yet",
    note = "for instance `db.batch((tripline::create(user), tripline::find::<Post>()))`; a tuple has up to 8"
)]
pub trait Batch: 'static {
    /// The results, in the order of the operations.
    type Output: Send;
    #[doc(hidden)]
    fn into_asks(self) -> Vec<Ask>;
    #[doc(hidden)]
    fn take(done: &mut dyn Iterator<Item = Ask>) -> Result<Self::Output>;
}

/// An operation of whatever type, for batches and plans that are built at run time: it gives the number of rows that it
/// wrote or found.
#[must_use = "an operation does nothing until it is part of a plan or batch"]
#[derive(Debug)]
pub struct AnyOperation(Ask);

impl AnyOperation {
    /// This operation.
    pub fn of(operation: impl Operates) -> AnyOperation {
        AnyOperation(operation.into_ask())
    }
}

#[diagnostic::do_not_recommend]
impl Operates for AnyOperation {
    type Output = u64;

    fn into_ask(self) -> Ask {
        self.0
    }

    fn take(body: &mut Body) -> Result<u64> {
        Ok(body.count)
    }
}

fn next<O: Operates>(done: &mut dyn Iterator<Item = Ask>) -> Result<O::Output> {
    let mut ask = done.next().ok_or_else(|| tripline_core::Error::invalid("the batch gave no result"))?;
    O::take(&mut ask.0.body)
}

#[diagnostic::do_not_recommend]
impl<O: Operates> Batch for Vec<O> {
    type Output = Vec<O::Output>;

    fn into_asks(self) -> Vec<Ask> {
        self.into_iter().map(O::into_ask).collect()
    }

    fn take(done: &mut dyn Iterator<Item = Ask>) -> Result<Vec<O::Output>> {
        let mut results = Vec::new();
        for mut ask in done {
            results.push(O::take(&mut ask.0.body)?);
        }
        Ok(results)
    }
}

macro_rules! tuples {
    ($($($operation:ident)+;)+) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($operation: Operates),+> Batch for ($($operation,)+) {
            type Output = ($($operation::Output,)+);

            fn into_asks(self) -> Vec<Ask> {
                #[allow(non_snake_case, reason = "the type's name serves for the value")]
                let ($($operation,)+) = self;
                vec![$($operation.into_ask()),+]
            }

            fn take(done: &mut dyn Iterator<Item = Ask>) -> Result<Self::Output> {
                Ok(($(next::<$operation>(done)?,)+))
            }
        }
    )+ };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// Hands the operations over, and their results back.
async fn run<B: Batch>(on: On<'_>, asks: Vec<Ask>) -> Result<B::Output> {
    B::take(&mut batch(on, asks).await?.into_iter())
}

impl Db {
    /// Runs several operations in one transaction; gives their results in their order (L8, M6).
    ///
    /// If one fails, nothing of any of them remains. They run in their order, each with its hooks; a later one cannot use
    /// the result of an earlier one: for that there is [`tx`](Db::tx). On PostgreSQL operations to which nothing is
    /// attached travel together, so that a batch of such is one round trip. Reads alone all see one state of the
    /// database.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # #[derive(Table, Clone, Debug)]
    /// # struct User { #[key] id: Id<User>, name: String }
    /// # #[derive(Table, Clone, Debug)]
    /// # struct Post { #[key] id: Id<Post>, title: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").tables(tables![User, Post]).connect().await?;
    /// # db.create_tables().await?;
    /// let (ada, gone, posts) = db
    ///     .batch((
    ///         tripline::create(NewUser { name: "Ada".into(), ..Default::default() }),
    ///         tripline::delete::<User>().filter(|u| u.name.eq("Bob")),
    ///         tripline::find::<Post>().order(|p| p.title.asc()).limit(10),
    ///     ))
    ///     .await?;
    /// assert_eq!((ada.name.as_str(), gone, posts.len()), ("Ada", 0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch<B: Batch>(&self, operations: B) -> BoxFuture<'_, Result<B::Output>> {
        let asks = operations.into_asks();
        Box::pin(run::<B>(On::Db(self), asks))
    }
}

impl Tx<'_> {
    /// Runs several operations of this transaction; gives their results in their order. See [`Db::batch`]; what fails
    /// spoils the transaction (L3).
    pub fn batch<B: Batch>(&mut self, operations: B) -> BoxFuture<'_, Result<B::Output>> {
        let asks = operations.into_asks();
        Box::pin(run::<B>(On::Tx(self.reborrow()), asks))
    }
}
