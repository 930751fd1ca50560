//! A door between threads that opens once.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A door that is closed at first. Once open it stays so.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Latch {
    /// Opens the door.
    pub(crate) fn open(&self) {
        *lock(&self.open) = true;
        self.changed.notify_all();
    }

    /// Waits for the door to open.
    pub(crate) fn pass(&self) {
        let waited = self.changed.wait_while(lock(&self.open), |open| !*open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for the door to open, but not longer than the limit; says whether it is open.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.open), limit, |open| !*open);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Locks what stays sound when a thread that held it panics.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
