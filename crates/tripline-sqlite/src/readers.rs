//! [`Readers`]: the pool of reader connections. Served in the order of asking; nothing is sent on release.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;
use tripline_core::{Error, Result};

use crate::connection::Connection;

/// Reader connections, as many as there may be.
#[derive(Debug)]
pub(crate) struct Readers {
    state: Mutex<State>,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    #[expect(clippy::vec_box, reason = "they go in and out by their boxes")]
    idle: Vec<Box<Connection>>,
    /// Idle ones and leased ones.
    open: usize,
    waiting: VecDeque<oneshot::Sender<Grant>>,
    closed: bool,
    /// Who waits for the last one to come back, in order to close.
    closing: Option<oneshot::Sender<()>>,
}

/// A reader, or the right to open one.
#[derive(Debug)]
pub(crate) enum Grant {
    /// Here it is.
    Reader(Box<Connection>),
    /// There may be one more: whoever gets this opens it, and says if that fails.
    Open,
}

/// What asking for a reader gives.
pub(crate) enum Asked {
    /// At once.
    Now(Grant),
    /// All are leased; it comes when it is this asker's turn.
    Wait(oneshot::Receiver<Grant>),
}

impl Readers {
    pub(crate) fn new(limit: usize) -> Self {
        Readers { state: Mutex::default(), limit }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ask(&self) -> Result<Asked> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        if let Some(reader) = state.idle.pop() {
            return Ok(Asked::Now(Grant::Reader(reader)));
        }
        if state.open < self.limit {
            state.open += 1;
            return Ok(Asked::Now(Grant::Open));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(sender);
        Ok(Asked::Wait(receiver))
    }

    /// Takes a reader back, for whoever waits longest.
    pub(crate) fn give_back(&self, reader: Box<Connection>) {
        let mut state = self.lock();
        match state.hand_on(Grant::Reader(reader)) {
            Some(Grant::Reader(reader)) if !state.closed => state.idle.push(reader),
            Some(grant) => {
                // Before whoever closes goes on: the writer is to be the last connection.
                drop(grant);
                state.one_less();
            }
            None => {}
        }
    }

    /// Notes that a reader could not be opened, or is not to be used again: another may be opened.
    pub(crate) fn lost(&self) {
        let mut state = self.lock();
        if state.hand_on(Grant::Open).is_some() {
            state.one_less();
        }
    }

    /// Closes idle readers, and waits for leased ones.
    pub(crate) async fn close(&self) {
        let last = {
            let mut state = self.lock();
            state.closed = true;
            state.waiting.clear();
            state.open -= state.idle.len();
            state.idle.clear();
            if state.open == 0 {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            state.closing = Some(sender);
            receiver
        };
        // An error means that somebody else closes as well, who then waits in this one's place.
        _ = last.await;
    }
}

impl State {
    /// Gives it to whoever waits longest, if anyone does.
    fn hand_on(&mut self, mut grant: Grant) -> Option<Grant> {
        while let Some(waiting) = self.waiting.pop_front() {
            // One who no longer waits gives it back right here.
            match waiting.send(grant) {
                Ok(()) => return None,
                Err(returned) => grant = returned,
            }
        }
        Some(grant)
    }

    fn one_less(&mut self) {
        self.open -= 1;
        if self.open == 0
            && let Some(closing) = self.closing.take()
        {
            _ = closing.send(());
        }
    }
}
