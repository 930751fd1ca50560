//! [`StatementLog`]: which SQL statements were sent, and which of them together, for tests.

use std::sync::{Arc, Mutex, PoisonError};

/// Records the SQL statements that a database sends, and in which flights: those sent together cost one round trip.
/// Clones share one list.
///
/// Tests assert it: an operation is as good as the statements and flights it needs.
#[derive(Clone, Debug, Default)]
pub struct StatementLog(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    sql: String,
    times: usize,
    /// Whether a flight begins with it.
    first: bool,
}

impl StatementLog {
    /// Notes an execution; `first` in its flight or not.
    pub fn record(&self, sql: &str, first: bool) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(Entry { sql: sql.to_owned(), times: 1, first });
    }

    /// Notes an execution for a further row: counted, if it is of the statement recorded last, and else listed.
    pub fn record_again(&self, sql: &str) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match list.last_mut() {
            Some(last) if last.sql == sql => last.times += 1,
            _ => list.push(Entry { sql: sql.to_owned(), times: 1, first: false }),
        }
    }

    /// Takes the statements recorded since the last call; one executed for `n` rows ends in ` x n`.
    pub fn take(&self) -> Vec<String> {
        self.take_flights().into_iter().flatten().collect()
    }

    /// Like [`take`](StatementLog::take), by flight: the statements of one list were sent together.
    pub fn take_flights(&self) -> Vec<Vec<String>> {
        let list = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut flights: Vec<Vec<String>> = Vec::new();
        for Entry { sql, times, first } in list {
            let text = if times == 1 { sql } else { format!("{sql} x {times}") };
            match flights.last_mut() {
                Some(flight) if !first => flight.push(text),
                _ => flights.push(vec![text]),
            }
        }
        flights
    }
}
