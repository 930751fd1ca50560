//! [`Tls`]: how a connection is encrypted. Without the feature `tls` it is not.

#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod stream;
#[cfg(feature = "tls")]
mod verifier;

use tripline_core::{Error, Result};

use crate::options::{Host, Options, RootCert, SslMode};

#[cfg(feature = "tls")]
pub(crate) use self::client::Tls;
#[cfg(not(feature = "tls"))]
pub(crate) use tokio_postgres::NoTls as Tls;

/// What a server's certificate has to be. Always, the server has to have the certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Any certificate.
    None,
    /// Signed by a root certificate.
    Chain,
    /// Signed by a root certificate, and for the host's name.
    ChainAndName,
}

/// What encrypts these options' connections. Reads the files of certificates, and so blocks.
pub(crate) fn connector(options: &Options) -> Result<Tls> {
    connector_or_why(options).map_err(|why| Error::Setup(why.into()))
}

fn connector_or_why(options: &Options) -> Result<Tls, String> {
    let check = check(options.sslmode, options.sslrootcert.as_ref())?;
    // Then nothing is ever encrypted, and files that are not there do not matter.
    let never = options.sslmode == SslMode::Disable || options.hosts.iter().all(Host::is_socket);
    connector_for(options, check, never)
}

#[cfg(feature = "tls")]
fn connector_for(options: &Options, check: Check, never: bool) -> Result<Tls, String> {
    if never { Ok(Tls::never()) } else { Tls::new(options, check) }
}

#[cfg(not(feature = "tls"))]
fn connector_for(options: &Options, _check: Check, never: bool) -> Result<Tls, String> {
    match options.sslmode {
        SslMode::Disable | SslMode::Prefer => Ok(Tls),
        _ if never => Ok(Tls),
        _ => Err(
            "`sslmode` asks for an encrypted connection, which needs the feature `tls` of tripline-postgres"
                .to_owned(),
        ),
    }
}

/// What is checked, as with libpq, but that `verify-full` may do without a root certificate.
fn check(mode: SslMode, root: Option<&RootCert>) -> Result<Check, String> {
    match (mode, root) {
        (SslMode::VerifyFull, _) => Ok(Check::ChainAndName),
        (SslMode::Disable, _) => Ok(Check::None),
        (_, Some(RootCert::System)) => {
            let why = "anyone may have a certificate that the system trusts";
            Err(format!("with `sslrootcert=system`, `sslmode` has to be verify-full: {why}"))
        }
        (SslMode::VerifyCa, None) => {
            Err("`sslmode=verify-ca` needs a root certificate, `sslrootcert`".to_owned())
        }
        (SslMode::VerifyCa, Some(_)) | (SslMode::Require, Some(_)) => Ok(Check::Chain),
        (SslMode::Require, None) | (SslMode::Prefer, _) => Ok(Check::None),
    }
}

#[cfg(all(test, feature = "tls"))]
mod handshakes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_depends_on_the_mode_and_the_root_certificate() {
        let file = RootCert::File("root.crt".into());
        for (mode, none, with_file, with_system) in [
            (SslMode::Disable, Ok(Check::None), Ok(Check::None), Ok(Check::None)),
            (SslMode::Prefer, Ok(Check::None), Ok(Check::None), Err("verify-full")),
            (SslMode::Require, Ok(Check::None), Ok(Check::Chain), Err("verify-full")),
            (SslMode::VerifyCa, Err("sslrootcert"), Ok(Check::Chain), Err("verify-full")),
            (SslMode::VerifyFull, Ok(Check::ChainAndName), Ok(Check::ChainAndName), Ok(Check::ChainAndName)),
        ] {
            for (root, expected) in
                [(None, none), (Some(&file), with_file), (Some(&RootCert::System), with_system)]
            {
                match (check(mode, root), expected) {
                    (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{mode:?} {root:?}"),
                    (Err(why), Err(needle)) => assert!(why.contains(needle), "{why}"),
                    (found, expected) => panic!("{mode:?} {root:?}: {found:?} instead of {expected:?}"),
                }
            }
        }
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn without_the_feature_only_what_needs_no_encryption_works() {
        let mut options = Options::new(Host::Tcp { name: "h".to_owned(), port: 5432 }, "ann", "shop");
        for mode in [SslMode::Disable, SslMode::Prefer] {
            options.sslmode = mode;
            assert!(connector(&options).is_ok());
            let asked = options.config(&options.hosts[0]).get_ssl_mode();
            assert_eq!(asked, tokio_postgres::config::SslMode::Disable);
        }
        for mode in [SslMode::Require, SslMode::VerifyFull] {
            options.sslmode = mode;
            let error = connector(&options).unwrap_err();
            assert!(error.code() == "setup" && error.to_string().contains("feature `tls`"), "{error}");
        }
        options.hosts = vec![Host::Unix { folder: "/run/pg".into(), port: 5432 }];
        assert!(connector(&options).is_ok());
    }
}
