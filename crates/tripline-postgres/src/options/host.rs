//! [`Host`]: a server's address, and what its session has to allow.

use std::{fmt, path::PathBuf};

use tokio_postgres::{Config, config};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// At this name or address, by TCP.
    Tcp {
        /// The name, or the address without brackets.
        name: String,
        /// The port.
        port: u16,
    },
    /// At a Unix socket in this folder.
    Unix {
        /// The folder.
        folder: PathBuf,
        /// The port, which is in the socket's name.
        port: u16,
    },
}

/// What the session of a server has to allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetSession {
    /// Nothing in particular.
    #[default]
    Any,
    /// Writes: no follower of another server.
    ReadWrite,
    /// Only reads.
    ReadOnly,
}

impl Host {
    /// The host of that name; as with libpq, one that begins with a slash is the folder of a socket.
    pub(super) fn named(name: &str, port: u16) -> Host {
        match name.starts_with('/') {
            true => Host::Unix { folder: name.into(), port },
            false => Host::Tcp { name: name.to_owned(), port },
        }
    }

    /// Whether it is the socket of a server on this machine.
    pub(crate) fn is_socket(&self) -> bool {
        matches!(self, Host::Unix { .. })
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        let (Host::Tcp { port, .. } | Host::Unix { port, .. }) = self;
        *port
    }

    pub(super) fn put_into(&self, config: &mut Config) {
        match self {
            Host::Tcp { name, .. } => config.host(&**name),
            #[cfg(unix)]
            Host::Unix { folder, .. } => config.host_path(folder),
            // There are no such sockets: connecting fails, and says where to.
            #[cfg(not(unix))]
            Host::Unix { folder, .. } => config.host(folder.to_string_lossy()),
        };
        config.port(self.port());
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Tcp { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Host::Tcp { name, port } => write!(f, "{name}:{port}"),
            Host::Unix { folder, port } => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

impl From<TargetSession> for config::TargetSessionAttrs {
    fn from(target: TargetSession) -> Self {
        match target {
            TargetSession::Any => config::TargetSessionAttrs::Any,
            TargetSession::ReadWrite => config::TargetSessionAttrs::ReadWrite,
            TargetSession::ReadOnly => config::TargetSessionAttrs::ReadOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_shown_as_an_address() {
        assert_eq!(Host::named("db", 1).to_string(), "db:1");
        assert_eq!(Host::named("::1", 1).to_string(), "[::1]:1");
        assert_eq!(Host::named("/run/pg", 1).to_string(), "/run/pg/.s.PGSQL.1");
    }
}
