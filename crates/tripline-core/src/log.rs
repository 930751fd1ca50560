//! [`StatementLog`]: which SQL statements were sent, for tests.

use std::sync::{Arc, Mutex, PoisonError};

/// Records the SQL statements that a database sends. Clones share one list.
///
/// Tests assert it: an operation is as good as the statements it needs.
#[derive(Clone, Debug, Default)]
pub struct StatementLog(Arc<Mutex<Vec<(String, usize)>>>);

impl StatementLog {
    /// Notes an execution; the same statement executed for the next row is counted, not listed again.
    pub fn record(&self, sql: &str) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((sql.to_owned(), 1));
    }

    /// Notes that the statement recorded last was executed once more, for another row.
    pub fn repeat(&self) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = list.last_mut() {
            *times += 1;
        }
    }

    /// Takes the statements recorded since the last call; one executed for `n` rows ends in ` x n`.
    pub fn take(&self) -> Vec<String> {
        let list = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = |(sql, times)| if times == 1 { sql } else { format!("{sql} x {times}") };
        list.into_iter().map(text).collect()
    }
}
