//! [`StatementLog`]: which SQL statements were sent, and which of them together, for tests. [`Transcript`]: the same of
//! one transaction, for its trace.

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

/// SQL statements in the order in which they were sent. Its memory can be used again.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    /// Where each ends in the text, and how often it was executed.
    ends: Vec<(usize, u32)>,
    /// Where the flight begins that is being written down.
    flight: usize,
}

impl Transcript {
    /// Says that a flight begins; gives the place of its first statement.
    pub fn begin_flight(&mut self) -> usize {
        self.flight = self.ends.len();
        self.flight
    }

    /// Adds a statement; if it is the last one of its flight again, that counts.
    pub fn add(&mut self, sql: &str) {
        let last = self.ends.len().checked_sub(1).filter(|last| *last >= self.flight);
        if last.and_then(|last| self.get(last)).is_some_and(|(known, _)| known == sql)
            && let Some((_, times)) = self.ends.last_mut()
        {
            *times += 1;
            return;
        }
        self.text.push_str(sql);
        self.ends.push((self.text.len(), 1));
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A statement, and how often it was executed, one time after the other.
    pub fn get(&self, index: usize) -> Option<(&str, u32)> {
        let (end, times) = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before].0);
        Some((&self.text[start..end], times))
    }

    /// Forgets all statements.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.flight = 0;
    }
}
