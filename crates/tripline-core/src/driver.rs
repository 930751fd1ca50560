//! The contract between the engine and a database: a [`Driver`] leases [`Session`]s, a session sends [`Flight`]s.
//!
//! A flight is what travels together: the begin of a transaction, statements, its end. A driver with a network
//! sends it in one round trip; one that is embedded runs it inline. So round trips are a property of the request,
//! not of the driver's cleverness.

use std::{
    fmt,
    future::Future,
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{Conflict, Isolation, Kind, Node, Query, Result, RowSet, Slot, TableRef, Transcript, Value};

/// A boxed future that can go from thread to thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer that is there already, or comes later. An embedded database answers at once, without an allocation.
#[must_use = "a reply does nothing until it is awaited"]
pub enum Reply<'a, T> {
    /// Here it is; taken when the reply is awaited.
    Now(Option<T>),
    /// It takes a while.
    Later(BoxFuture<'a, T>),
}

impl<T> Reply<'_, T> {
    /// An answer that is there.
    pub fn now(value: T) -> Self {
        Reply::Now(Some(value))
    }
}

impl<T: Unpin> Future for Reply<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Reply::Now(value) => Poll::Ready(value.take().expect("a reply is polled once")),
            Reply::Later(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for Reply<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Reply::Now(_)) { "Reply::Now" } else { "Reply::Later" })
    }
}

/// What a session is leased for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only reads; as many at once as there are reader connections.
    Read,
    /// Reads and writes.
    Write,
}

/// A database.
pub trait Driver: Send + Sync + 'static {
    /// The engine's name, for messages: `sqlite`.
    fn name(&self) -> &'static str;

    /// What the engine must know of it.
    fn traits(&self) -> Traits;

    /// A session, in fair order; errors with a time-out or because the database is closed.
    ///
    /// With `seen` it is for one read outside of transactions, which any copy of the database may answer that has
    /// caught up with that position; the driver sees to that.
    fn lease(&self, access: Access, seen: Option<Position>) -> Reply<'_, Result<Box<dyn Session>>>;

    /// The SQL statements that create these tables, with their constraints and indexes, where they are not there; none
    /// if all are there.
    fn schema<'a>(&'a self, schema: Schema<'a>) -> Reply<'a, Result<Vec<String>>>;

    /// Writes down the SQL statements of a flight that is not sent: inside of the open transaction, where there is one.
    fn explain(
        &self,
        inside: Option<Mode>,
        begin: &Begin,
        steps: &[Step<'_>],
        end: End,
        transcript: &mut Transcript,
    ) -> Result<()>;

    /// Waits for running sessions and closes all connections; later leases fail with `Closed`.
    fn close(&self) -> BoxFuture<'_, Result<()>>;
}

/// Tables that are to be there.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'s> {
    /// The tables.
    pub tables: &'s [TableRef],
    /// Foreign keys, by their table and column, that the engine cascades itself when a row is deleted: the database
    /// refuses what would go past it (L45).
    pub cascaded: &'s [(TableRef, u16)],
}

impl Schema<'_> {
    /// Whether the engine cascades this foreign key itself.
    pub fn is_cascaded(&self, table: TableRef, column: u16) -> bool {
        self.cascaded.iter().any(|(known, of)| std::ptr::eq(*known, table) && *of == column)
    }
}

/// What a driver's database is like, as far as the lifecycle depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// A transaction keeps all other sessions out, reads included. Then also a read beside the open transaction would
    /// wait for ever, and is refused.
    pub exclusive: bool,
    /// It is somewhere else: a flight is a round trip, and goes on there also when nobody waits for it any more. So
    /// what belongs together flies together, and a commit is followed by the engine, not by the caller.
    pub remote: bool,
    /// Several transactions write at once. Then rows that were read to be written are locked, and written by key.
    pub shared: bool,
}

/// How far a database's log has come, in its own unit. Positions of one database can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

impl Position {
    /// Behind all that is known: a commit whose outcome or place is not known may have been made.
    pub const UNKNOWN: Position = Position(u64::MAX);
}

/// One connection, leased to one transaction or one operation.
///
/// Dropping it gives it back; an open transaction is rolled back, however the drop came about.
pub trait Session: Send {
    /// Sends a flight; each step's answer is put beside its statement.
    ///
    /// On an error later steps and the end are without effect, and an open transaction stays open, except that one
    /// which was to be committed is rolled back by some.
    fn send<'a, 's: 'a>(&'a mut self, flight: Flight<'a, 's>) -> Reply<'a, Result<Commit>>;

    /// Rolls back what is open and gives the connection back, like dropping it. What of that takes time is the future.
    fn abandon(self: Box<Self>) -> Option<BoxFuture<'static, ()>>;
}

impl fmt::Debug for dyn Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// SQL statements that are sent together.
#[derive(Debug)]
pub struct Flight<'a, 's> {
    /// What is opened first.
    pub begin: Begin,
    /// The statements, with room for their answers.
    pub steps: &'a mut [Step<'s>],
    /// What is closed last.
    pub end: End,
    /// Where the SQL statements are written down, if someone wants to know.
    pub transcript: Option<&'a mut Transcript>,
}

/// What a flight opens before its first statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// A transaction, of this kind.
    pub transaction: Option<Mode>,
    /// Savepoints of these levels; the outermost is 1.
    pub savepoints: Range<u32>,
}

/// The kind of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Whether it may write.
    pub access: Access,
    /// What it sees of others.
    pub isolation: Isolation,
}

/// What a flight closes after its last statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nothing.
    #[default]
    None,
    /// Releases the savepoint of this level.
    Release(u32),
    /// Rolls back to the savepoint of this level and removes it.
    RollbackTo(u32),
    /// Commits the transaction.
    Commit,
    /// Rolls the transaction back.
    Rollback,
}

/// What a flight committed: a transaction, or a statement outside of one.
#[derive(Debug, Default)]
pub struct Commit {
    /// When it is durable.
    pub durability: Durability,
    /// Where it stands in the database's log, if someone could ask a copy for it.
    pub position: Option<Position>,
}

/// When a commit is durable.
#[derive(Default)]
pub enum Durability {
    /// Now, or as far as the settings ask for; or nothing was committed.
    #[default]
    Now,
    /// When this future says so. To be awaited after the session was given back, so that others can write meanwhile.
    Later(BoxFuture<'static, Result<()>>),
}

impl fmt::Debug for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Durability::Now) { "Now" } else { "Later" })
    }
}

/// A statement and the database's answer to it.
#[derive(Debug)]
pub struct Step<'s> {
    /// What is sent.
    pub statement: Statement<'s>,
    /// What came back.
    pub answer: Answer,
}

impl<'s> Step<'s> {
    /// A statement without an answer yet.
    pub fn new(statement: Statement<'s>) -> Self {
        Step { statement, answer: Answer::default() }
    }
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// Rows: found, or as the statement left them (deleted ones as they were).
    pub values: Vec<Value>,
    /// The number of rows written, the count, or 0 or 1 for exists.
    pub count: u64,
    /// The names of the columns, for SQL of the application's own.
    pub names: Vec<String>,
}

/// What a driver turns into SQL. It has passed the lifecycle's checks.
#[derive(Debug)]
#[non_exhaustive]
pub enum Statement<'s> {
    /// Rows with these columns.
    Find {
        /// The table.
        table: TableRef,
        /// Which rows.
        query: &'s Query,
        /// Which columns.
        columns: &'s [u16],
        /// The write that the rows are locked for, where transactions write at once.
        lock: Option<Kind>,
    },
    /// Of each of these rows the one in the table that has its values in the same columns, as the database compares
    /// them: it may take for the same what is not equal. Each comes back behind the number of the row given, from 0.
    FindEach {
        /// The table.
        table: TableRef,
        /// The rows, with the columns to compare; none of their values is null.
        by: &'s RowSet,
        /// Which columns to give.
        columns: &'s [u16],
        /// The write that the rows are locked for, where transactions write at once.
        lock: Option<Kind>,
        /// More rows than this need not be given.
        limit: u64,
    },
    /// How many rows.
    Count {
        /// The table.
        table: TableRef,
        /// Which rows.
        query: &'s Query,
    },
    /// Whether there is a row.
    Exists {
        /// The table.
        table: TableRef,
        /// Which rows.
        query: &'s Query,
    },
    /// New rows, each with all columns of the table. The driver puts the keys that the database assigns where the
    /// key is null.
    Insert {
        /// The table.
        table: TableRef,
        /// The rows' values.
        rows: &'s mut [Value],
    },
    /// New rows, each with all columns of the table, or changes to existing rows that are unique by the same values.
    /// The rows that were written come back, in the order of those given.
    Upsert {
        /// The table.
        table: TableRef,
        /// The rows' values.
        rows: &'s [Value],
        /// By which columns they are the same, and what existing ones get.
        conflict: &'s Conflict,
        /// Columns to give back.
        returning: &'s [u16],
    },
    /// Changes.
    Update {
        /// The table.
        table: TableRef,
        /// Which rows.
        filter: Option<&'s Node>,
        /// The changes: one patch for all rows, or as many as `keys` has rows.
        patches: &'s [Slot],
        /// Only the rows with these keys.
        keys: Option<&'s RowSet>,
        /// Columns of the changed rows to give back.
        returning: &'s [u16],
        /// Columns of the same rows as they were before, given back behind those; only where [`Traits::shared`].
        returning_old: &'s [u16],
        /// More rows than this need not be given back: the write is undone.
        limit: u64,
    },
    /// Removal.
    Delete {
        /// The table.
        table: TableRef,
        /// Which rows.
        filter: Option<&'s Node>,
        /// Only the rows with these keys.
        keys: Option<&'s RowSet>,
        /// Columns of the removed rows to give back.
        returning: &'s [u16],
    },
    /// SQL of the application's own, which may not touch the transaction.
    Sql {
        /// The text, with placeholders of the engine's own or `$1`, `$2`, ..
        text: &'s str,
        /// The parameters.
        params: &'s [Value],
        /// Whether it may write.
        writes: bool,
    },
    /// From here to the end of the transaction, foreign keys that can wait are checked when it commits.
    DeferForeignKeys,
    /// SQL of the engine's own: creating tables.
    Schema {
        /// The text.
        text: &'s str,
    },
}
