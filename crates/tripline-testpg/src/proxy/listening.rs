//! The thread that takes connections.

use std::{
    fs,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::{Shared, connection::Connection};
use crate::{Error, latch::lock};

/// A socket that takes connections.
#[derive(Debug)]
pub(super) struct Listening {
    thread: JoinHandle<()>,
    ends: Arc<AtomicBool>,
}

impl Listening {
    /// Takes connections at a socket from now on.
    pub(super) fn start(socket: &Path, shared: &Arc<Shared>) -> Result<Listening, Error> {
        let _ = fs::remove_file(socket);
        let listener = UnixListener::bind(socket).map_err(Error::io(format!("{}", socket.display())))?;
        let (ends, shared) = (Arc::new(AtomicBool::new(false)), Arc::clone(shared));
        let end = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            let clients = listener.incoming().map_while(Result::ok);
            clients.take_while(|_| !end.load(Ordering::Acquire)).for_each(|client| take(client, &shared));
        });
        Ok(Listening { thread, ends })
    }

    /// Ends it. The socket stays, with nobody behind it.
    pub(super) fn end(self, socket: &Path) {
        self.ends.store(true, Ordering::Release);
        // The thread sees it with the next connection. If the folder is gone already, there is none: let it be.
        if UnixStream::connect(socket).is_ok() {
            let _ = self.thread.join();
        }
    }
}

/// Connects a client with the server. Without a server the client's connection is closed.
fn take(client: UnixStream, shared: &Arc<Shared>) {
    let Ok(server) = UnixStream::connect(&shared.server) else { return };
    let connection = Arc::new(Connection::new(client, server));
    lock(&shared.open).push(Arc::downgrade(&connection));
    connection.start(shared);
}
