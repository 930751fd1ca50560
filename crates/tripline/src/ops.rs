//! Builders of operations: they gather what is asked and hand it to the lifecycle.

use std::future::IntoFuture;

use tripline_core::{BoxFuture, Compare, Error, Invalid, Node, Result};

use crate::{
    On,
    hooks::body::Body,
    lifecycle::{Inner, pipeline},
    table::Key,
};

pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod raw;
pub(crate) mod update;
pub(crate) mod upsert;

/// An operation that is not bound to a database yet: data, for plans and batches. [`find`](crate::find),
/// [`create`](crate::create), [`update`](crate::update) and [`delete`](crate::delete) make them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operation that can be planned or put into a batch",
    label = "expected an operation that is not bound to a database yet",
    note = "make it with `tripline::update::<User>()` rather than `db.update::<User>()`"
)]
pub trait Operates: 'static {
    /// What it gives.
    type Output: Send;
    #[doc(hidden)]
    fn into_ask(self) -> Ask;
    #[doc(hidden)]
    fn take(body: &mut Body) -> Result<Self::Output>;
}

/// An operation, whichever its type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Ask(pub(crate) Box<Inner>);

/// What can be said of a planned write.
macro_rules! detached {
    () => {
        /// As a planned operation: runs only if the one that it was planned after touched a row (L16).
        pub fn if_any(mut self) -> Self {
            self.ask.if_any = true;
            self
        }
    };
}

/// What an update or delete gives in a batch: the number of rows, or those.
macro_rules! counts_or_rows {
    ($operation:ident) => {
        #[diagnostic::do_not_recommend]
        impl<T: Table> Operates for $operation<T, Detached> {
            type Output = u64;

            fn into_ask(self) -> Ask {
                Ask(self.ask)
            }

            fn take(body: &mut Body) -> Result<u64> {
                Ok(body.count)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Table, R: Row<Table = T>> Operates for $operation<T, Detached, R> {
            type Output = Vec<R>;

            fn into_ask(self) -> Ask {
                Ask(self.ask)
            }

            fn take(body: &mut Body) -> Result<Vec<R>> {
                body.take_rows::<R>()
            }
        }
    };
}

/// Methods that all operations have.
macro_rules! anywhere {
    () => {
        /// Sends the operation to another database: to the sink of that name, see
        /// [`Connect::sink`](crate::Connect::sink). The table's own hooks do not run there (L65).
        pub fn on_database(mut self, name: &'static str) -> Self {
            self.ask.op.database = Some(name);
            self
        }
    };
}

/// Methods that choose rows, for builders with a `filter`.
macro_rules! choosing {
    () => {
        /// Adds a condition; several must all be fulfilled.
        pub fn filter(mut self, condition: impl FnOnce(T::Cols) -> $crate::Expr<T>) -> Self {
            match condition(T::cols(self.ask.op.table)).0 {
                Ok(node) => self.ask.op.query.and(node),
                Err(error) => drop(self.ask.mistake.get_or_insert(error)),
            }
            self
        }
    };
}

/// Adds the condition that the key is this one.
pub(crate) fn add_key<K: Key>(ask: &mut Inner, key: K) {
    let table = ask.op.table;
    let query = &mut ask.op.query;
    let (mut given, mut wrong) = (0, None);
    let added = key.each_value(&mut |value| {
        given += 1;
        let Some(column) = table.key.get(given - 1) else { return };
        let desc = &table.columns[usize::from(*column)];
        if value.is_null() || !value.fits(desc.ty) {
            wrong.get_or_insert(format!("a value of type {} is no `{}`", value.type_name(), desc.name));
        }
        query.and(Node::compare(Compare::Eq, Node::Column(*column), Node::Literal(value)));
    });
    // Of a derived table the types say it; a key that is too short would mean other rows, too.
    let wrong = wrong
        .or_else(|| (given != table.key.len()).then(|| format!("its key has {} values", table.key.len())));
    let wrong = wrong
        .map(|reason| Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason })));
    if let Some(error) = added.err().or(wrong) {
        ask.mistake.get_or_insert(error);
    }
}

/// Methods that all writes have.
macro_rules! writing {
    () => {
        $crate::ops::anywhere!();

        /// Makes a failure catchable inside a transaction: the operation runs in a savepoint of its own (L3).
        pub fn savepoint(mut self) -> Self {
            self.ask.savepoint = true;
            self
        }

        /// Skips the hooks of this operation (L62). Constraints, defaults and checks hold all the same.
        pub fn without_hooks(mut self) -> Self {
            self.ask.op.without_hooks = true;
            self
        }
    };
}

/// A write whose result is not waited for; see [`Update::pipelined`](crate::Update::pipelined).
#[must_use = "a write does nothing until it is awaited"]
#[derive(Debug)]
pub struct Pipelined<'x> {
    on: On<'x>,
    ask: Box<Inner>,
}

impl<'x> IntoFuture for Pipelined<'x> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'x, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(pipeline(self.on, self.ask))
    }
}

/// The terminal that only says what would happen.
macro_rules! explaining {
    () => {
        /// Says what the operation would do, and does nothing: which hooks run in which order, what is planned around it,
        /// which SQL statements are sent, in how many round trips. See [`Explain`](crate::Explain).
        pub fn explain(self) -> tripline_core::BoxFuture<'x, Result<$crate::Explain>> {
            Box::pin($crate::lifecycle::explain::explain(self.on, self.ask))
        }
    };
}

/// The terminal of writes that are not waited for.
macro_rules! pipelining {
    () => {
        /// Sends the write without waiting for its result: it travels with the next statement of its transaction, or
        /// with COMMIT, and saves a round trip (L32).
        ///
        /// For what an in-transaction hook writes and does not look at: a counter, a line of an audit log. It is as
        /// much part of the transaction as any write, and in the same place among them. If it fails, the transaction
        /// does: the error comes from the next operation, or from the transaction's end. Where hooks are attached to
        /// what is written, on SQLite, and outside of transactions it runs at once.
        ///
        /// ```
        /// # use tripline::{*, prelude::*};
        /// # #[derive(Table, Clone, Debug)]
        /// # struct Author { #[key] id: Id<Author>, posts: i64 }
        /// # #[derive(Table, Clone, Debug)]
        /// # struct Post { #[key] id: Id<Post>, author: Id<Author> }
        /// impl AfterCreate for Post {
        ///     async fn after_create(tx: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        ///         for post in posts {
        ///             tx.update::<Author>().by_key(post.author).set(|a| a.posts.add(1)).pipelined().await?;
        ///         }
        ///         Ok(())
        ///     }
        /// }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<()> {
        /// # let db = Db::open("sqlite::memory:").tables(tables![Author, Post]).connect().await?;
        /// # db.create_tables().await?;
        /// # let author = db.create(NewAuthor { posts: 0.into(), ..Default::default() }).await?.id;
        /// # db.create(NewPost { author: author.into(), ..Default::default() }).await?;
        /// # assert_eq!(db.find::<Author>().one().await?.posts, 1);
        /// # Ok(())
        /// # }
        /// ```
        pub fn pipelined(self) -> $crate::Pipelined<'x> {
            $crate::Pipelined { on: self.on, ask: self.ask }
        }
    };
}

pub(crate) use {anywhere, choosing, counts_or_rows, detached, explaining, pipelining, writing};
