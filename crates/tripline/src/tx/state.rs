//! [`TxState`]: what is known of an open transaction: its levels, the operations in progress, why it cannot go on.

mod end;
mod flights;

use std::sync::Arc;

use tripline_core::{
    Access, Begin, BoxFuture, Commit, End, Error, Isolation, Kept, Kind, Mode, Position, Result, Session,
    TableRef,
};

use super::Pending;
use crate::{
    Db,
    catalog::Attached,
    db::Open,
    hooks::{body::Body, change::Undone, once::OnceHook},
    lifecycle::{Inner, explain::Slot},
    trace::{Root, recording::Recording},
};

/// An open transaction. Dropping it rolls back (L5): the session does, when it is given back.
#[derive(Debug)]
pub(crate) struct TxState {
    pub(crate) db: Db,
    pub(crate) mode: Mode,
    session: Option<Box<dyn Session>>,
    /// How many levels the database knows of: 0 before BEGIN, 1 after, one more for each savepoint.
    opened: u32,
    /// How many savepoints were asked for; they are sent with the first statement inside.
    level: u32,
    poison: Option<Poison>,
    /// The operations in progress, outermost first.
    running: Vec<Running>,
    /// What happens after the commit, in the order of the operations (L50).
    pub(crate) queue: Vec<Queued>,
    /// What was rolled back with a savepoint (L54).
    undone: Vec<Ended>,
    /// How often each table was written, by the address of its description.
    written: Vec<(usize, u64)>,
    /// Writes that travel with the next flight; all of them of the innermost level.
    pub(crate) pending: Vec<Pending>,
    /// Writes that travel behind the last flight's statements, before COMMIT.
    pub(crate) trailing: Vec<Pending>,
    /// Operations that travelled, with their results, and where those go.
    pub(crate) landed: Vec<(Place, Box<Inner>)>,
    /// How many batches there were.
    batches: u64,
    /// What it does, noted while it does it.
    pub(super) trace: Option<Box<Recording>>,
    /// Where what it would do goes, if it is only explained.
    pub(super) explained: Option<Slot>,
    /// Reads without BEGIN, each by itself, of a copy of the database that has seen this.
    bare: Option<Position>,
    /// Whether the last write may take COMMIT along, since nobody must see its result before.
    pub(crate) carries: bool,
    /// What it committed, if it did.
    committed: Option<Commit>,
    /// Whether it is run again after a transient failure: then nothing follows that.
    pub(crate) again: bool,
    ended: bool,
    /// Dropped last, when what follows is registered.
    _open: Open,
}

/// An operation in progress.
#[derive(Clone, Copy, Debug)]
struct Running {
    kept: Kept,
    /// Its place in the trace.
    node: u32,
}

/// Where the result of an operation of a batch goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) batch: u64,
    pub(crate) place: usize,
}

/// Why a transaction can only be rolled back, and how far (L3).
#[derive(Debug)]
struct Poison {
    level: u32,
    error: Arc<Error>,
}

/// Work for after the commit.
pub(crate) enum Queued {
    /// An operation's hooks.
    Ended(Box<Ended>),
    /// A future of `on_commit`.
    Future(BoxFuture<'static, Result<()>>),
}

/// An operation that wrote, and what of its hooks comes after the end of the transaction.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) table: TableRef,
    pub(crate) undone: Undone,
    /// None if hooks were skipped.
    pub(crate) attached: Option<Arc<Attached>>,
    pub(crate) once: Vec<OnceHook>,
    /// The rows, once the operation is done.
    pub(crate) body: Option<Body>,
    pub(crate) db: Db,
}

impl std::fmt::Debug for Queued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Queued::Ended(_)) { "Queued::Ended" } else { "Queued::Future" })
    }
}

impl TxState {
    /// One that writes, as operations open it for themselves.
    pub(crate) fn writing(db: &Db) -> TxState {
        TxState::new(db, Mode { access: Access::Write, isolation: Isolation::default() })
    }

    /// One for what is no transaction: its statements share a session, and are each by itself.
    pub(crate) fn bare(db: &Db, writes: bool) -> TxState {
        let access = if writes { Access::Write } else { Access::Read };
        let mut state = TxState::new(db, Mode { access, isolation: Isolation::default() });
        state.bare = Some(db.seen());
        state.trace_root(if writes { Root::Statement } else { Root::Read });
        state
    }

    /// Whether it is no transaction.
    pub(crate) fn is_bare(&self) -> bool {
        self.bare.is_some()
    }

    /// One that sends nothing: what it would do goes there.
    pub(crate) fn dry(db: &Db, mode: Mode, explained: Slot, root: Root) -> TxState {
        let mut state = TxState::new(db, mode);
        state.trace = Some(Recording::new(0, None, root));
        state.explained = Some(explained);
        state
    }

    /// As inside of an open transaction.
    pub(crate) fn is_open(&mut self) {
        self.opened = 1;
    }

    /// As without one.
    pub(crate) fn without_begin(&mut self) {
        self.bare = Some(Position::default());
    }

    /// Makes of a read by itself, before anything of it was sent, a transaction that may write.
    pub(crate) fn must_write(&mut self) {
        if self.bare.take().is_some() {
            self.session = None;
            self.mode.access = Access::Write;
            self.trace_root(Root::Transaction);
        }
    }

    pub(crate) fn new(db: &Db, mode: Mode) -> TxState {
        TxState {
            _open: db.note_open(),
            db: db.clone(),
            mode,
            session: None,
            opened: 0,
            level: 0,
            poison: None,
            running: Vec::new(),
            queue: Vec::new(),
            undone: Vec::new(),
            written: Vec::new(),
            pending: Vec::new(),
            trailing: Vec::new(),
            landed: Vec::new(),
            batches: 0,
            explained: None,
            trace: db.inner.traces.start(db.traced(), Root::Transaction),
            bare: None,
            carries: false,
            committed: None,
            again: false,
            ended: false,
        }
    }

    /// The number of a batch that begins.
    pub(crate) fn next_batch(&mut self) -> u64 {
        self.batches += 1;
        self.batches
    }

    /// An error if something inside was dropped half-way, or failed before.
    pub(crate) fn settle(&mut self, level: u32, depth: usize) -> Result<()> {
        if self.level > level || self.running.len() > depth {
            let dropped =
                self.running.get(depth).map_or(Kept { table: "", kind: Kind::Find }, |running| running.kept);
            self.level = level;
            self.running.truncate(depth);
            self.spoil(level, Error::Cancelled(dropped));
        }
        match &self.poison {
            Some(poison) => Err(Error::Poisoned(poison.error.clone())),
            None => Ok(()),
        }
    }

    /// The place of the operation in progress in the trace.
    pub(crate) fn current_node(&self) -> u32 {
        self.running.last().map_or(0, |running| running.node)
    }

    /// Notes an operation that begins; `settle` was called before.
    pub(crate) fn begin_operation(&mut self, kept: Kept, node: u32) {
        self.running.push(Running { kept, node });
    }

    /// Notes how an operation ended; a failure spoils the transaction up to the enclosing level (L3).
    pub(crate) fn end_operation<T>(&mut self, depth: usize, result: Result<T>) -> Result<T> {
        let node = self.running.get(depth).map(|running| running.node);
        self.running.truncate(depth);
        let result = match &self.poison {
            Some(poison) if result.is_ok() => Err(Error::Poisoned(poison.error.clone())),
            _ => result,
        };
        result.inspect_err(|error| {
            if let Some(node) = node {
                self.trace_end(node, Some(error.code()));
            }
            self.spoil(self.level, error.clone());
        })
    }

    fn spoil(&mut self, level: u32, error: Error) {
        // The first error is the one to report, unless this one reaches further out.
        if self.poison.as_ref().is_none_or(|poison| poison.level > level) {
            let first = match (self.poison.take(), error) {
                (_, Error::Poisoned(first)) => first,
                (Some(poison), _) => poison.error,
                (None, error) => Arc::new(error),
            };
            self.poison = Some(Poison { level, error: first });
        }
    }

    /// Opens a level; gives the mark of what was queued before.
    pub(crate) fn open_level(&mut self) -> usize {
        self.level += 1;
        self.queue.len()
    }

    /// Ends a level: released if all went well, rolled back if not, also if an error was swallowed (L6).
    ///
    /// `depth` is how many operations were in progress when it was opened: more are ones that were dropped half-way.
    pub(crate) async fn close_level<R>(
        &mut self,
        level: u32,
        mark: usize,
        depth: usize,
        result: Result<R>,
    ) -> Result<R> {
        let mut result = result.and_then(|value| self.settle(level, depth).map(|()| value));
        self.running.truncate(depth);
        if result.is_ok()
            && let Err(error) = self.flush(depth).await
        {
            result = Err(error);
        }
        self.pending.clear();
        let sent = self.opened > level;
        self.opened = self.opened.min(level);
        let end = if result.is_ok() { End::Release(level) } else { End::RollbackTo(level) };
        let ended = if sent { self.fly(Begin::default(), &mut [], end).await.map(drop) } else { Ok(()) };
        // Not before: whoever drops this on the way has dropped something half-way.
        self.level = level - 1;
        if result.is_err() {
            let undone = self.queue.drain(mark..).filter_map(|queued| match queued {
                Queued::Ended(ended) => Some(*ended),
                Queued::Future(_) => None,
            });
            self.undone.extend(undone);
            match &mut self.poison {
                // What it goes by is out of date, also before the savepoint: the whole is to be run again.
                Some(poison) if poison.error.is_transient() => poison.level = 0,
                Some(poison) if poison.level >= level && ended.is_ok() => self.poison = None,
                _ => {}
            }
        }
        if let Err(error) = ended {
            // The engine rolled back more than the savepoint, a full disk for instance: nothing can be saved. The
            // reason is what failed inside, not that there is no savepoint any more.
            let first = self.poison.take().map_or_else(|| Arc::new(error.clone()), |poison| poison.error);
            self.poison = Some(Poison { level: 0, error: first });
            return result.and(Err(error));
        }
        result
    }

    /// Notes that a table was written; none is all tables.
    pub(crate) fn note_write(&mut self, table: Option<TableRef>) {
        let address = table.map_or(0, |table| std::ptr::from_ref(table).addr());
        match self.written.iter_mut().find(|(known, _)| *known == address) {
            Some((_, count)) => *count += 1,
            None => self.written.push((address, 1)),
        }
    }

    /// A number that changes when the table is written.
    pub(crate) fn writes(&self, table: TableRef) -> u64 {
        let address = std::ptr::from_ref(table).addr();
        let counts = self.written.iter().filter(|(known, _)| *known == address || *known == 0);
        counts.map(|(_, count)| count).sum()
    }

    /// Keeps a place in the queue for an operation that wrote; its rows come when it is done.
    pub(crate) fn queue_ended(&mut self, ended: Ended) -> usize {
        self.queue.push(Queued::Ended(Box::new(ended)));
        self.queue.len() - 1
    }

    /// Puts the rows of an operation that is done into its place in the queue.
    pub(crate) fn fill_ended(&mut self, place: usize, body: Body, once: Vec<OnceHook>) {
        if let Some(Queued::Ended(ended)) = self.queue.get_mut(place) {
            ended.body = Some(body);
            ended.once = once;
        }
    }
}
