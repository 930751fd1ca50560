//! The marker that finds a `Db` used inside its own open transaction (L8).
//!
//! A captured `Db` can be used in a transaction's closure or in a hook, where it would wait for the writer that
//! the transaction itself holds. So each poll of such user code is marked on the thread that polls it, and a write
//! or transaction on the same database under the mark is an error at once, which names the hook. The mark lasts
//! for one poll: a task spawned from a hook is not marked, and may wait.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll},
};

use tripline_core::{BesideTransaction, Error, HookName, Kept, Result};

/// A database whose transaction is being polled, and the hook whose body that is.
#[derive(Clone, Copy)]
struct Open {
    database: usize,
    hook: Option<HookName>,
}

thread_local! {
    /// The innermost one on this thread.
    static INNERMOST: Cell<Option<Open>> = const { Cell::new(None) };
    /// Those around it of other databases: rare, so that marking costs no list.
    static AROUND: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

/// Puts back, however the poll ends, what was marked before.
struct Unmark {
    before: Option<Open>,
    pushed: bool,
}

impl Unmark {
    fn mark(open: Open) -> Unmark {
        let before = INNERMOST.replace(Some(open));
        let other = before.filter(|before| before.database != open.database);
        if let Some(other) = other {
            AROUND.with_borrow_mut(|around| around.push(other));
        }
        Unmark { before, pushed: other.is_some() }
    }
}

impl Drop for Unmark {
    fn drop(&mut self) {
        INNERMOST.set(self.before);
        if self.pushed {
            AROUND.with_borrow_mut(Vec::pop);
        }
    }
}

/// Polls user code that runs inside a transaction of this database.
///
/// It is no async function: that would move the code's future once more before it is polled, which, of a box, takes
/// longer than the rest.
pub(crate) fn inside<F: Future + Unpin>(database: usize, hook: Option<HookName>, code: F) -> Inside<F> {
    Inside { open: Open { database, hook }, code }
}

/// See [`inside`].
pub(crate) struct Inside<F> {
    open: Open,
    code: F,
}

impl<F: Future + Unpin> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _unmark = Unmark::mark(self.open);
        Pin::new(&mut self.code).poll(cx)
    }
}

/// An error if this database's transaction is being polled here.
pub(crate) fn check(database: usize, operation: Option<Kept>) -> Result<()> {
    let Some(innermost) = INNERMOST.get() else { return Ok(()) };
    let found = if innermost.database == database {
        Some(innermost)
    } else {
        AROUND.with_borrow(|around| around.iter().rev().find(|open| open.database == database).copied())
    };
    match found {
        None => Ok(()),
        Some(Open { hook, .. }) => {
            Err(Error::BesideTransaction(Box::new(BesideTransaction { operation, hook })))
        }
    }
}
