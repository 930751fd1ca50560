//! [`StatementLog`]: which SQL statements were sent, for tests.

use std::sync::{Arc, Mutex, PoisonError};

/// Records the SQL statements that a database sends. Clones share one list.
///
/// Tests assert it: an operation is as good as the statements it needs.
#[derive(Clone, Debug, Default)]
pub struct StatementLog(Arc<Mutex<Vec<(String, usize)>>>);

impl StatementLog {
    /// Notes an execution.
    pub fn record(&self, sql: &str) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((sql.to_owned(), 1));
    }

    /// Notes an execution for a further row: counted, if it is of the statement recorded last, and else listed.
    pub fn record_again(&self, sql: &str) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match list.last_mut() {
            Some((last, times)) if last == sql => *times += 1,
            _ => list.push((sql.to_owned(), 1)),
        }
    }

    /// Takes the statements recorded since the last call; one executed for `n` rows ends in ` x n`.
    pub fn take(&self) -> Vec<String> {
        let list = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = |(sql, times)| if times == 1 { sql } else { format!("{sql} x {times}") };
        list.into_iter().map(text).collect()
    }
}
