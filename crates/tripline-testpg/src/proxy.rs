//! A proxy between clients and a server's socket, which delays what passes, and cuts connections at a message.
//!
//! The client's side is a socket in a folder of its own, so that for clients the proxy is just another server.

mod connection;
mod cut;
mod delay;
mod listening;
mod messages;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tempfile::TempDir;

pub use self::cut::{Cut, Direction, Gate, has_text};
use self::{connection::Connection, cut::Rules, listening::Listening};
use crate::{Cluster, Error, cluster::short_folder, latch::lock};

/// A proxy between clients and the socket of a server. Its drop closes all connections.
#[derive(Debug)]
pub struct Proxy {
    folder: TempDir,
    listening: Mutex<Option<Listening>>,
    shared: Arc<Shared>,
}

/// What the proxy and its threads have in common.
#[derive(Debug)]
struct Shared {
    server: PathBuf,
    delay: Duration,
    rules: Rules,
    open: Mutex<Vec<Weak<Connection>>>,
}

impl Cluster {
    /// Starts a proxy to this server. The delay is that of each way, so a round trip takes two of it longer.
    pub fn proxy(&self, delay: Duration) -> Result<Proxy, Error> {
        Proxy::start(&self.socket(), delay)
    }
}

impl Proxy {
    /// Starts a proxy to a server's socket, with a delay on each way.
    pub fn start(server: &Path, delay: Duration) -> Result<Proxy, Error> {
        let folder = folder_beside(server)?;
        let rules = Rules::default();
        let shared = Arc::new(Shared { server: server.to_owned(), delay, rules, open: Mutex::default() });
        let proxy = Proxy { folder, listening: Mutex::default(), shared };
        proxy.refuse(false)?;
        Ok(proxy)
    }

    /// The folder of the socket for clients.
    pub fn socket_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The socket for clients.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// The URL of a cluster's database by way of this proxy.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user={}",
            self.folder.path().display(),
            crate::cluster::SUPERUSER
        )
    }

    /// Asks about each message of a direction what to do with it, on all connections, those that are open as well.
    ///
    /// A message is whole: its tag, its length, its body. A client's first one has no tag. What is encrypted, the
    /// request for that and its answer, and requests to cancel pass without a question. There is one question a
    /// direction: the next call replaces it.
    pub fn cut_when(&self, direction: Direction, question: impl FnMut(&[u8]) -> Cut + Send + 'static) {
        self.shared.rules.set(direction, Some(Box::new(question)));
    }

    /// Ends the questions: all messages pass.
    pub fn cut_nothing(&self) {
        self.shared.rules.set(Direction::ToServer, None);
        self.shared.rules.set(Direction::ToClient, None);
    }

    /// Refuses connections from now on, as a server that does not run, or takes them again. Open ones stay;
    /// one that has had no answer yet may count as new.
    pub fn refuse(&self, refuse: bool) -> Result<(), Error> {
        let mut listening = lock(&self.listening);
        match (refuse, listening.take()) {
            (true, Some(open)) => open.end(&self.socket()),
            (true, None) => {}
            (false, Some(open)) => *listening = Some(open),
            (false, None) => *listening = Some(Listening::start(&self.socket(), &self.shared)?),
        }
        Ok(())
    }

    /// Closes all open connections on both sides. Messages that are held are lost.
    pub fn close_all(&self) {
        self.shared.rules.abandon_held();
        self.shared.connections().iter().for_each(|connection| connection.close());
    }

    /// How many connections are open, on one side at least.
    pub fn connections(&self) -> usize {
        self.shared.connections().len()
    }

    /// Measures how much longer a round trip takes through a proxy with this delay than without: the median of
    /// small messages to a server that sends them back.
    pub fn measured_round_trip(&self) -> Result<Duration, Error> {
        delay::measure(self.shared.delay)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.refuse(true);
        self.close_all();
    }
}

impl Shared {
    /// The connections that are open.
    fn connections(&self) -> Vec<Arc<Connection>> {
        let mut open = lock(&self.open);
        open.retain(|connection| connection.strong_count() > 0);
        open.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Makes a folder beside the server's socket: then it goes with the cluster's, even if this process is killed.
fn folder_beside(server: &Path) -> Result<TempDir, Error> {
    let private = || Permissions::from_mode(0o700);
    let make =
        |parent: &Path| tempfile::Builder::new().prefix("p-").permissions(private()).tempdir_in(parent);
    let beside = server.parent().map(|parent| (make(parent), fs::metadata(parent)));
    if let Some((Ok(folder), Ok(parent))) = beside {
        // The cluster's keeper can only empty folders of its own user.
        let owned = chown(folder.path(), Some(parent.uid()), Some(parent.gid()));
        return owned.map(|()| folder).map_err(Error::io("the folder of the proxy"));
    }
    make(&short_folder()).map_err(Error::io("a folder for the proxy"))
}
