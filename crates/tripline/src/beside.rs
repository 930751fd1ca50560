//! The marker that finds a `Db` used inside its own open transaction (L8).
//!
//! A captured `Db` can be used in a transaction's closure or in a hook, where it would wait for the writer that
//! the transaction itself holds. So each poll of such user code is marked on the thread that polls it, and a write
//! or transaction on the same database under the mark is an error at once, which names the hook. The mark lasts
//! for one poll: a task spawned from a hook is not marked, and may wait.

use std::{cell::RefCell, future::poll_fn, pin::pin};

use tripline_core::{BesideTransaction, Error, HookName, Kept, Result};

thread_local! {
    /// The transactions being polled on this thread, innermost last: database and hook.
    static OPEN: RefCell<Vec<(usize, Option<HookName>)>> = const { RefCell::new(Vec::new()) };
}

/// Polls user code that runs inside a transaction of this database.
pub(crate) async fn inside<T>(database: usize, hook: Option<HookName>, code: impl Future<Output = T>) -> T {
    struct Unmark;
    impl Drop for Unmark {
        fn drop(&mut self) {
            OPEN.with_borrow_mut(Vec::pop);
        }
    }
    let mut code = pin!(code);
    poll_fn(move |cx| {
        OPEN.with_borrow_mut(|open| open.push((database, hook)));
        let _unmark = Unmark;
        code.as_mut().poll(cx)
    })
    .await
}

/// An error if this database's transaction is being polled here.
pub(crate) fn check(database: usize, operation: Option<Kept>) -> Result<()> {
    let hook = OPEN.with_borrow(|open| open.iter().rev().find(|(id, _)| *id == database).map(|(_, hook)| *hook));
    match hook {
        None => Ok(()),
        Some(hook) => Err(Error::BesideTransaction(Box::new(BesideTransaction { operation, hook }))),
    }
}
