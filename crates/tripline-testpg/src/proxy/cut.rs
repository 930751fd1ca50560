//! What a test does with a message.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::latch::{Latch, lock};

/// The way that a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a client to the server.
    ToServer,
    /// From the server to a client.
    ToClient,
}

/// What happens with a message.
#[derive(Clone, Debug)]
pub enum Cut {
    /// It passes.
    Forward,
    /// It is lost, and both sides are closed.
    DropAndClose,
    /// It passes, then the connection ends. If it goes to the server, the client sees none of its answers: the
    /// client does not know what became of it.
    ForwardAndClose,
    /// It waits, and all that follow it in its direction, until the gate is opened.
    Hold(Gate),
}

/// Holds messages until a test opens it; then it stays open.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    doors: Arc<Doors>,
}

#[derive(Debug, Default)]
struct Doors {
    reached: Latch,
    open: Latch,
    abandoned: AtomicBool,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Lets the held message pass, and those that come later.
    pub fn open(&self) {
        self.doors.open.open();
    }

    /// Waits until a message is held, but not longer than the limit; says whether one is or was.
    pub fn until_reached(&self, limit: Duration) -> bool {
        self.doors.reached.wait(limit)
    }

    /// Waits until the gate is opened; says whether the message may pass.
    fn pass(&self) -> bool {
        self.doors.reached.open();
        self.doors.open.pass();
        !self.doors.abandoned.load(Ordering::Acquire)
    }

    /// Opens it for the end: what it holds does not pass.
    fn abandon(&self) {
        self.doors.abandoned.store(true, Ordering::Release);
        self.doors.open.open();
    }
}

/// A test's question about messages.
pub(super) type Question = Box<dyn FnMut(&[u8]) -> Cut + Send>;

/// The questions of a proxy, and what they hold.
#[derive(Default)]
pub(super) struct Rules {
    to_server: Mutex<Option<Question>>,
    to_client: Mutex<Option<Question>>,
    held: Mutex<Vec<Gate>>,
}

impl Rules {
    /// Sets or removes the question of a direction.
    pub(super) fn set(&self, direction: Direction, question: Option<Question>) {
        *lock(self.question(direction)) = question;
    }

    /// Asks what to do with a message.
    pub(super) fn ask(&self, direction: Direction, message: &[u8]) -> Cut {
        match &mut *lock(self.question(direction)) {
            Some(question) => question(message),
            None => Cut::Forward,
        }
    }

    /// Waits at a gate; says whether the message may pass.
    pub(super) fn wait_at(&self, gate: &Gate) -> bool {
        lock(&self.held).push(gate.clone());
        let may_pass = gate.pass();
        lock(&self.held).retain(|held| !Arc::ptr_eq(&held.doors, &gate.doors));
        may_pass
    }

    /// Ends the waiting at all gates: what they hold does not pass.
    pub(super) fn abandon_held(&self) {
        lock(&self.held).iter().for_each(Gate::abandon);
    }

    fn question(&self, direction: Direction) -> &Mutex<Option<Question>> {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("held", &self.held).finish_non_exhaustive()
    }
}

/// Whether a message has this text in it: `has_text(message, "COMMIT")`.
pub fn has_text(message: &[u8], text: &str) -> bool {
    message.windows(text.len().max(1)).any(|part| part == text.as_bytes())
}
