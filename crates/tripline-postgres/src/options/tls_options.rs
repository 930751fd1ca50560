//! [`SslMode`] and its like: how a connection is encrypted.

use std::path::PathBuf;

use tokio_postgres::config;

use super::Host;

/// Whether connections are encrypted, and what of the server's certificate is checked. None of it is about Unix
/// sockets, which are never encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// Not encrypted.
    Disable,
    /// Encrypted if the server offers it. Nothing is checked, also where there is a root certificate: this is against
    /// nobody who is able to change what is sent. (libpq would check, and go on without encryption if that fails.)
    ///
    /// A server that offers it and then fails is not asked again without it, as libpq would.
    #[default]
    Prefer,
    /// Encrypted. Nothing is checked, unless there is a root certificate: then it is as `VerifyCa`.
    Require,
    /// Encrypted, and the server's certificate is signed by a root certificate, which has to be given.
    VerifyCa,
    /// Encrypted, and the server's certificate is signed by a root certificate and is for the host's name.
    ///
    /// Without a root certificate those of the operating system are taken, where libpq would take none.
    VerifyFull,
}

/// Which certificates are trusted to sign a server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCert {
    /// Those of the operating system. As anyone may have a certificate of theirs, this needs
    /// [`SslMode::VerifyFull`].
    System,
    /// Those in this PEM file. A certificate in it is trusted also when it is the server's own.
    File(PathBuf),
}

/// Whether the proof of the password is bound to the server's certificate, so that nobody in between can pass it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// No.
    Disable,
    /// If the server can.
    #[default]
    Prefer,
    /// Yes; a server that does not is not logged in to.
    Require,
}

impl SslMode {
    /// What `tokio_postgres` asks the host for; what is checked is up to the connector.
    pub(super) fn asked_of(self, host: &Host) -> config::SslMode {
        match self {
            // A server would refuse it after a round trip.
            _ if host.is_socket() => config::SslMode::Disable,
            SslMode::Disable => config::SslMode::Disable,
            SslMode::Prefer if cfg!(not(feature = "tls")) => config::SslMode::Disable,
            SslMode::Prefer => config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => config::SslMode::Require,
        }
    }
}

impl From<ChannelBinding> for config::ChannelBinding {
    fn from(binding: ChannelBinding) -> Self {
        match binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        }
    }
}
