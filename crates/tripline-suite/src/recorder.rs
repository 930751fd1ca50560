//! [`Recorder`]: what happened, in order.

use std::sync::{Arc, Mutex, PoisonError};

use tripline::{Db, Tx};

/// Notes what hooks do. Clones share one list. As an actor it reaches the hooks of tables, which have no state.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    /// Notes something.
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Takes what was noted.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The recorder that the transaction's actor is, or one that nobody reads.
    pub fn of(tx: &Tx<'_>) -> Recorder {
        tx.actor::<Recorder>().cloned().unwrap_or_default()
    }

    /// The recorder that the handle's actor is, or one that nobody reads.
    pub fn of_db(db: &Db) -> Recorder {
        db.actor::<Recorder>().cloned().unwrap_or_default()
    }
}
