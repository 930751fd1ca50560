//! A private cluster: a data folder and a server in a temporary folder, both gone with the process that made them.

mod keeper;
mod replica;
mod settings;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use self::keeper::Keeper;
pub use self::settings::{Settings, Tls};
use crate::{
    Binaries, Error,
    program::{clean, run},
    user::User,
};

/// The superuser of each cluster.
pub(crate) const SUPERUSER: &str = "tripline";
/// How long a server may take to start or to stop.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a starting server is asked whether it is ready.
const POLL: Duration = Duration::from_millis(5);

/// A PostgreSQL server of this process alone.
///
/// It ends when the value is dropped, and when the process ends, however that happens. Its folder goes with it.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    folder: PathBuf,
    port: u16,
    password: String,
    keeper: Keeper,
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Connections are closed, transactions rolled back, and all is written: the next start has nothing to recover.
    Fast,
    /// Connections are dropped and nothing is written: the next start recovers.
    Immediate,
    /// The server is killed as by the system, without a word to anyone.
    Kill,
}

/// Where the data of a cluster comes from.
enum Origin {
    /// Nowhere: it is empty.
    New,
    /// It is copied from the server that this connection string names, and follows it.
    CopyOf(String),
}

impl Cluster {
    /// Makes an empty cluster and starts its server; returns when it takes connections.
    pub fn start(binaries: &Binaries, settings: Settings) -> Result<Cluster, Error> {
        Cluster::make(binaries, &settings, &Origin::New)
    }

    fn make(binaries: &Binaries, settings: &Settings, origin: &Origin) -> Result<Cluster, Error> {
        let user = User::of_servers()?;
        // Nobody else gets in: who reaches the socket is the superuser.
        let private = Permissions::from_mode(0o700);
        let made = tempfile::Builder::new().prefix("tl-").permissions(private).tempdir_in(short_folder());
        let made = made.map_err(Error::io("a folder for the server"))?;
        user.own(made.path())?;
        let keeper = Keeper::start(made.path(), binaries.dir(), user)?;
        // The keeper removes it from now on, also when this process is killed.
        let folder = made.keep();
        let files = settings.write(&folder, &user)?;
        let mut cluster = Cluster {
            binaries: binaries.clone(),
            folder,
            port: files.port,
            password: files.password,
            keeper,
        };
        cluster.keeper.say(&match origin {
            Origin::New => "new".to_owned(),
            Origin::CopyOf(server) => format!("copy {server}"),
        })?;
        cluster.until_ready()?;
        Ok(cluster)
    }

    /// The URL of a database, by way of the socket, which only this user and root can reach. It asks for no password.
    pub fn url(&self, database: &str) -> String {
        let port = match self.port {
            5432 => String::new(),
            port => format!("&port={port}"),
        };
        format!("postgres:///{database}?host={}&user={SUPERUSER}{port}", self.folder.display())
    }

    /// The URL of a database by way of TCP, with a password. Only for clusters that have [`Settings::tcp`].
    pub fn tcp_url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The folder of the socket, which is short; the rest of the cluster is in it.
    pub fn socket_dir(&self) -> &Path {
        &self.folder
    }

    /// The socket itself.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// The port, of TCP and in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of the superuser, which connections by TCP need.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The programs that it runs with.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The server's whole version, such as `15.18`.
    pub fn version(&self) -> &str {
        self.binaries.version()
    }

    /// The number of the server's first process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.status_line(1)?.parse().ok()
    }

    /// Runs SQL with the client program, and returns what it prints: a line for each row, `|` between columns.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut command = clean(&self.binaries.dir().join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", sql]);
        Ok(run(&mut command)?.trim_end().to_owned())
    }

    /// Stops the server, and returns when all its processes are gone. The data stays; a stopped server stays so.
    pub fn stop(&mut self, how: Stop) -> Result<(), Error> {
        if self.keeper.is_gone(Duration::ZERO) {
            return Ok(());
        }
        self.keeper.say(match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        })?;
        match self.keeper.is_gone(LIMIT) {
            true => self.keeper.say("gone"),
            false => Err(self.too_late("the server's end")),
        }
    }

    /// Starts the server on the data that it had, after [`Cluster::stop`].
    pub fn start_again(&mut self) -> Result<(), Error> {
        if !self.keeper.is_gone(Duration::ZERO) {
            return Err(Error::State("the server runs: stop it before it is started again"));
        }
        self.remove_leftovers();
        let keeper = Keeper::start(&self.folder, self.binaries.dir(), User::of_servers()?)?;
        // Both keep the folder for a moment: so there is none in which nobody does.
        self.keeper.say("leave")?;
        self.keeper = keeper;
        self.keeper.say("again")?;
        self.until_ready()
    }

    /// The end of the server's log.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Removes what a killed server leaves. All its processes are gone, but their numbers may be others' by now.
    fn remove_leftovers(&self) {
        let socket = self.socket();
        let lock = socket.with_added_extension("lock");
        for file in [self.folder.join("data/postmaster.pid"), lock, socket] {
            let _ = fs::remove_file(file);
        }
    }

    /// Waits for the server to take connections.
    fn until_ready(&self) -> Result<(), Error> {
        let begun = Instant::now();
        while self.status_line(8).as_deref() != Some("ready") {
            if self.keeper.is_gone(POLL) {
                return Err(Error::NotStarted { log: self.log_tail() });
            }
            if begun.elapsed() > LIMIT {
                return Err(self.too_late("the server's start"));
            }
        }
        Ok(())
    }

    /// A line, counted from one, of the file in which the server says how it is.
    fn status_line(&self, number: usize) -> Option<String> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        Some(file.lines().nth(number - 1)?.trim().to_owned())
    }

    fn too_late(&self, what: &str) -> Error {
        Error::TooLate { what: what.to_owned(), limit: LIMIT, log: self.log_tail() }
    }
}

/// A folder for temporary files with a short name: that of a socket may have no more than a hundred bytes.
pub(crate) fn short_folder() -> PathBuf {
    match Path::new("/tmp") {
        tmp if tmp.is_dir() => tmp.to_owned(),
        _ => std::env::temp_dir(),
    }
}
