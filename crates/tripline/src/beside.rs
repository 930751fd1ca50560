//! The marker that finds a `Db` used inside its own open transaction (L8).
//!
//! A captured `Db` can be used in a transaction's closure or in a hook, where it would wait for the writer that
//! the transaction itself holds. So each poll of such user code is marked on the thread that polls it, and a write
//! or transaction on the same database under the mark is an error at once, which names the hook. The mark lasts
//! for one poll: a task spawned from a hook is not marked, and may wait.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
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
pub(crate) async fn inside<T>(database: usize, hook: Option<HookName>, code: impl Future<Output = T>) -> T {
    let mut code = pin!(code);
    poll_fn(move |cx| {
        let _unmark = Unmark::mark(Open { database, hook });
        code.as_mut().poll(cx)
    })
    .await
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
