//! A connection between a client and the server, with a thread for each direction.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    Cut, Direction, Shared, delay,
    messages::{Messages, Part, Talk},
};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The two ends of a connection. It is open while a thread has it.
#[derive(Debug)]
pub(super) struct Connection {
    client: UnixStream,
    server: UnixStream,
    talk: Talk,
    /// The client is to see no more answers.
    swallows: AtomicBool,
}

/// One direction of a connection.
struct Way {
    connection: Arc<Connection>,
    shared: Arc<Shared>,
    direction: Direction,
    messages: Messages,
}

impl Connection {
    pub(super) fn new(client: UnixStream, server: UnixStream) -> Connection {
        Connection { client, server, talk: Talk::default(), swallows: AtomicBool::new(false) }
    }

    /// Forwards both directions from now on.
    pub(super) fn start(self: &Arc<Connection>, shared: &Arc<Shared>) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (connection, shared) = (Arc::clone(self), Arc::clone(shared));
            let way = Way { connection, shared, direction, messages: Messages::new(direction) };
            thread::spawn(move || way.run());
        }
    }

    /// Closes both sides.
    pub(super) fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

impl Way {
    fn source(&self) -> &UnixStream {
        match self.direction {
            Direction::ToServer => &self.connection.client,
            Direction::ToClient => &self.connection.server,
        }
    }

    fn sink(&self) -> &UnixStream {
        match self.direction {
            Direction::ToServer => &self.connection.server,
            Direction::ToClient => &self.connection.client,
        }
    }

    /// Forwards until the source ends or is cut off.
    fn run(mut self) {
        match self.shared.delay.is_zero() {
            true => self.run_at_once(),
            false => self.run_delayed(),
        }
    }

    fn run_at_once(&mut self) {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.source().read(&mut chunk) {
                Ok(length @ 1..) if self.forward(&chunk[..length]) => {}
                _ => return,
            }
        }
    }

    fn run_delayed(&mut self) {
        let Ok(source) = self.source().try_clone() else { return };
        let line = delay::line(source, self.shared.delay, CHUNK);
        for chunk in line {
            if !self.forward(&chunk) {
                return;
            }
        }
    }

    /// Forwards what came, as far as it is whole; says whether to go on.
    fn forward(&mut self, chunk: &[u8]) -> bool {
        if self.swallows() {
            return true;
        }
        self.messages.push(chunk);
        // Messages that came together go together.
        let mut ready = Vec::with_capacity(chunk.len());
        while let Some(part) = self.messages.next(&self.connection.talk) {
            let (Part::Message(bytes) | Part::Other(bytes)) = part;
            let cut = match part {
                Part::Message(message) => self.shared.rules.ask(self.direction, message),
                Part::Other(_) => Cut::Forward,
            };
            if let Cut::Hold(gate) = &cut {
                let message = bytes.to_vec();
                if !self.write(&ready) || !self.shared.rules.wait_at(gate) {
                    return false;
                }
                ready = message;
                continue;
            }
            if !matches!(cut, Cut::DropAndClose) {
                ready.extend_from_slice(bytes);
            }
            if !matches!(cut, Cut::Forward) {
                self.last(&ready, &cut);
                return false;
            }
        }
        self.write(&ready)
    }

    /// Forwards what is left of a connection that is cut, and closes it.
    fn last(&self, ready: &[u8], cut: &Cut) {
        let unanswered = matches!((cut, self.direction), (Cut::ForwardAndClose, Direction::ToServer));
        if unanswered {
            // Before the message goes: its answer may be quick.
            self.connection.swallows.store(true, Ordering::Release);
        }
        self.write(ready);
        match unanswered {
            // The server reads to the end of what it got, and what it answers is read to its end.
            true => drop(self.connection.client.shutdown(Shutdown::Both)),
            false => self.connection.close(),
        }
    }

    /// Writes to the sink; says whether it could.
    fn write(&self, bytes: &[u8]) -> bool {
        self.sink().write_all(bytes).is_ok() || self.swallows()
    }

    /// Whether what goes this way is to be read and forgotten.
    fn swallows(&self) -> bool {
        self.direction == Direction::ToClient && self.connection.swallows.load(Ordering::Acquire)
    }
}

impl Drop for Way {
    /// Also when a question panics: the sides must not wait for each other forever.
    fn drop(&mut self) {
        // Nothing more is read: a reading thread ends, too. The other direction goes on until its own end.
        let _ = self.source().shutdown(Shutdown::Read);
        let _ = self.sink().shutdown(Shutdown::Write);
    }
}
