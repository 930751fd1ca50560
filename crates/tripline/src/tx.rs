//! [`Tx`]: an open transaction, and [`TxState`], which it stands for.
//!
//! Nothing here is restored by straight-line code, since any future may be dropped at any await: what a handle
//! knows (its level, its operation) it knows by value, and the state that it finds tells whether something inside
//! was dropped half-way. Then the transaction is spoilt, and can only be rolled back (L5).

mod attempts;
mod pending;
mod state;
mod traced;

use std::{any::Any, pin::pin};

use tripline_core::{Error, Operation, Origin, Result};

pub use self::attempts::TxOptions;
pub(crate) use self::pending::Pending;
pub(crate) use self::state::{Ended, Place, Queued, TxState};
use crate::{
    Db,
    actor::Actor,
    beside,
    hooks::given::Given,
    lifecycle::{
        local::Local,
        origin::{self, Frame},
    },
    spans::Live,
    table::Table,
};

/// An open transaction. Through it go all operations of the transaction, one at a time (L8).
///
/// Hooks get the transaction of the operation they run for; it also tells them about that operation.
#[derive(Debug)]
pub struct Tx<'t> {
    pub(crate) state: &'t mut TxState,
    /// The operation whose hook has this handle.
    pub(crate) frame: Option<&'t Frame<'t>>,
    /// The state that the hooks of one operation share.
    pub(crate) local: Option<&'t mut Local>,
    pub(crate) actor: Actor,
    /// How many savepoints this handle is inside of.
    pub(crate) level: u32,
    /// Whether this is the handle of a [`Read`](crate::Read): what is asked of it only reads, in whichever transaction.
    pub(crate) only_reads: bool,
}

impl<'t> Tx<'t> {
    pub(crate) fn outermost(state: &'t mut TxState, db: &Db) -> Tx<'t> {
        Tx { state, frame: None, local: None, actor: db.actor.clone(), level: 0, only_reads: false }
    }

    /// The handle of operations that are made under this frame.
    pub(crate) fn inside<'n>(&'n mut self, frame: &'n Frame<'n>) -> Tx<'n> {
        let (actor, level) = (self.actor.clone(), self.level);
        Tx { state: self.state, frame: Some(frame), local: None, actor, level, only_reads: false }
    }

    pub(crate) fn reborrow(&mut self) -> Tx<'_> {
        Tx {
            state: self.state,
            frame: self.frame,
            local: self.local.as_deref_mut(),
            actor: self.actor.clone(),
            level: self.level,
            only_reads: self.only_reads,
        }
    }

    /// Runs a nested transaction: a savepoint (L4). If the closure returns an error, nothing of it remains, and
    /// this transaction goes on.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # #[derive(Table, Clone, Debug)]
    /// # struct Tag { #[key] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").tables(tables![Tag]).connect().await?;
    /// # db.create_tables().await?;
    /// db.tx(async |tx| {
    ///     tx.create(NewTag { name: "rust".into() }).await?;
    ///     let twice = tx.tx(async |tx| tx.create(NewTag { name: "rust".into() }).await).await;
    ///     assert!(matches!(twice, Err(Error::Unique(_))));
    ///     tx.create(NewTag { name: "sql".into() }).await
    /// })
    /// .await?;
    /// # assert_eq!(db.find::<Tag>().count().await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tx<F, R>(&mut self, transaction: F) -> Result<R>
    where
        F: for<'a, 'n> AsyncFnOnce(&'a mut Tx<'n>) -> Result<R>,
    {
        let database = self.state.db.id();
        let depth = self.frame.map_or(0, |frame| frame.depth);
        self.settle()?;
        self.state.flush(depth).await?;
        let mark = self.state.open_level();
        let level = self.level + 1;
        let hook = self.frame.and_then(Frame::hook);
        let live = Live::transaction();
        let result = {
            let mut nested = Tx { level, ..self.reborrow() };
            beside::inside(database, hook, pin!(live.around(transaction(&mut nested)))).await
        };
        live.ends(self.state.close_level(level, mark, depth, result)).await
    }

    /// Runs a future after the outermost commit, on the engine's own task; dropped if the transaction, or the
    /// nested one it was given to, rolls back (L56). It does not survive a crash.
    pub fn on_commit(&mut self, work: impl Future<Output = Result<()>> + Send + 'static) {
        self.state.queue.push(Queued::Future(Box::pin(work)));
    }

    /// The same transaction on behalf of this actor.
    pub fn as_actor<A: Any + Send + Sync>(&mut self, actor: A) -> Tx<'_> {
        Tx { actor: Actor::new(actor), ..self.reborrow() }
    }

    /// The actor that operations of this handle run for, if it is of this type.
    pub fn actor<A: Any>(&self) -> Option<&A> {
        self.actor.get()
    }

    /// The operation whose hook this is; none outside of hooks (L29).
    pub fn operation(&self) -> Option<&'t Operation> {
        self.frame.map(|frame| frame.operation)
    }

    /// Whether the operation whose hook this is was made by a hook, rather than by the application (L60).
    pub fn is_implicit(&self) -> bool {
        origin::is_implicit(self.frame, &self.state.db)
    }

    /// The operations that led here, the innermost first, each with why it was made (L60).
    pub fn origin(&self) -> impl Iterator<Item = Origin> + '_ {
        origin::origin(self.frame, &self.state.db)
    }

    /// A value that the hooks of one operation share, from its first before-hook to its last after-hook (L64).
    /// Errors outside of hooks.
    pub fn local<S: Any + Send + Sync + Default>(&mut self) -> Result<&mut S> {
        let local = self.local.as_deref_mut();
        local.map(Local::get).ok_or_else(|| Error::invalid("only the hooks of an operation share a state"))
    }

    /// What the caller and the hooks before the write gave of the rows of a create or update that this after-hook sees
    /// (L40): a default is not given, nor is an on-update value. Errors where there is no such thing, as in hooks of a
    /// delete, and for another table than the operation's.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// #[derive(Table, Clone, Debug)]
    /// struct User { #[key] id: Id<User>, name: String, #[default("none")] plan: String }
    ///
    /// impl AfterCreate for User {
    ///     async fn after_create(tx: &mut Tx<'_>, users: &[User]) -> Result<()> {
    ///         let given = tx.given::<User>()?;
    ///         let chosen = (0..users.len()).filter(|user| given.is_set(*user, |u| u.plan)).count();
    ///         assert_eq!(chosen, 1);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
    /// # db.create_tables().await?;
    /// let user = |name: &str| NewUser { name: name.into(), ..Default::default() };
    /// db.create(vec![user("Ada"), NewUser { plan: "none".into(), ..user("Bob") }]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn given<T: Table>(&self) -> Result<Given<'_, T>> {
        let given = self.local.as_deref().and_then(|local| local.given.as_ref());
        match (self.frame, given) {
            (Some(frame), Some(rows)) => Given::new(frame.operation.table, rows),
            _ => Err(Error::invalid("only after-hooks of a create or update know what was given")),
        }
    }

    /// The operation, where one is certain: in the glue of hooks.
    pub(crate) fn own_operation(&self) -> Result<&'t Operation> {
        self.operation().ok_or_else(|| Error::invalid("this is no hook"))
    }

    /// The place in the trace under which operations of this handle stand.
    pub(crate) fn node(&self) -> u32 {
        self.frame.map_or(0, |frame| frame.node)
    }

    /// An error if something inside was dropped half-way, or failed before (L3).
    pub(crate) fn settle(&mut self) -> Result<()> {
        let depth = self.frame.map_or(0, |frame| frame.depth);
        self.state.settle(self.level, depth)
    }
}

/// What only reads: a transaction, or what a read hook gets.
#[derive(Debug)]
pub struct Read<'t>(pub(crate) Tx<'t>);

impl<'t> Read<'t> {
    /// The actor that operations of this handle run for, if it is of this type.
    pub fn actor<A: Any>(&self) -> Option<&A> {
        self.0.actor()
    }

    /// The operation whose hook this is; none outside of hooks (L29).
    pub fn operation(&self) -> Option<&'t Operation> {
        self.0.operation()
    }

    /// See [`Tx::is_implicit`].
    pub fn is_implicit(&self) -> bool {
        self.0.is_implicit()
    }

    /// See [`Tx::origin`].
    pub fn origin(&self) -> impl Iterator<Item = Origin> + '_ {
        self.0.origin()
    }

    /// See [`Tx::local`].
    pub fn local<S: Any + Send + Sync + Default>(&mut self) -> Result<&mut S> {
        self.0.local()
    }
}
