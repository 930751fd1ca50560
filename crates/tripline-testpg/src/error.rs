//! What can go wrong on the way to a server. Each message says what to do.

use std::{error, fmt, io, time::Duration};

use crate::servers::SERVERS;

/// Why there is no server, or why it did not do what it should.
pub enum Error {
    /// Binaries of this version of PostgreSQL are neither on the machine nor to be had.
    NoBinaries {
        /// The major version.
        major: u32,
        /// What was tried, and how that went.
        tried: String,
    },
    /// The variable that names the servers is not set, or names none.
    NoServers,
    /// A file, a folder or a process could not be used.
    Io {
        /// What was being done.
        doing: String,
        /// What the system says.
        error: io::Error,
    },
    /// A program ended with a failure.
    Program {
        /// The program.
        name: String,
        /// What it printed.
        output: String,
    },
    /// The server ended before it was ready.
    NotStarted {
        /// The end of its log.
        log: String,
    },
    /// Something did not come in time.
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// The end of the server's log.
        log: String,
    },
    /// The cluster is not in the state that the call needs.
    State(&'static str),
}

impl Error {
    /// Makes an error of the system's, for `map_err`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        move |error| Error::Io { doing: doing.into(), error }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoBinaries { major, tried } => write!(
                f,
                "no PostgreSQL {major} on this machine: {tried}\n\
                 install it (`apt-get install postgresql-{major}`), or set PG_BIN to the folder of its programs, \
                 or set {SERVERS} to the URLs of servers that run already"
            ),
            Error::NoServers => write!(
                f,
                "{SERVERS} is not set, so there is no PostgreSQL server to test on\n\
                 run `cargo xtask test`, which starts servers, or leave `cargo xtask postgres` running and set the \
                 variable as it says, or name servers of your own: \
                 {SERVERS}='postgres://user:password@localhost:5432/postgres'"
            ),
            Error::Io { doing, error } => write!(f, "{doing}: {error}"),
            Error::Program { name, output } => write!(f, "`{name}` failed:\n{output}"),
            Error::NotStarted { log } => {
                write!(f, "the PostgreSQL server did not start; its log ends with:\n{log}")
            }
            Error::TooLate { what, limit, log } => {
                write!(f, "{what} did not come within {limit:?}; the server's log ends with:\n{log}")
            }
            Error::State(what) => f.write_str(what),
        }
    }
}

impl fmt::Debug for Error {
    /// The message: tests show it when they expect a server.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
