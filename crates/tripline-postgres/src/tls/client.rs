//! [`Tls`] and its configuration of rustls.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
    },
};

use super::{
    Check,
    stream::{Encrypted, Handshake},
    verifier::{Roots, Verifier},
};
use crate::options::{Options, RootCert};

/// Encrypts connections. Clones share one configuration.
#[derive(Clone)]
pub(crate) struct Tls(Option<TlsConnector>);

impl Tls {
    /// For connections that are never encrypted.
    pub(super) fn never() -> Tls {
        Tls(None)
    }

    pub(super) fn new(options: &Options, check: Check) -> Result<Tls, String> {
        // The provider is named, for a process may have two and then rustls could not choose.
        let provider = Arc::new(default_provider());
        let verifier =
            Verifier::new(check, roots(options, check)?, provider.signature_verification_algorithms);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("encryption cannot be set up: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match (&options.sslcert, &options.sslkey) {
            (None, _) => config.with_no_client_auth(),
            (Some(cert), Some(key)) => config
                .with_client_auth_cert(certificates("sslcert", cert)?, private_key(key)?)
                .map_err(|error| format!("`sslcert` and `sslkey` cannot be used: {error}"))?,
            (Some(_), None) => {
                return Err("`sslcert` needs the certificate's private key, `sslkey`".to_owned());
            }
        };
        Ok(Tls(Some(TlsConnector::from(Arc::new(config)))))
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        Ok(Handshake::new(self.0.clone(), host))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("encrypts", &self.0.is_some()).finish()
    }
}

fn roots(options: &Options, check: Check) -> Result<Roots, String> {
    let certificates = match (check, &options.sslrootcert) {
        (Check::None, _) => Vec::new(),
        (_, Some(RootCert::File(path))) => certificates("sslrootcert", path)?,
        (_, Some(RootCert::System) | None) => system_certificates()?,
    };
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
    match (check, &options.sslrootcert) {
        (Check::None, _) => {}
        (_, Some(RootCert::File(path))) if added < certificates.len() => {
            return Err(format!("`sslrootcert`: a certificate in `{}` cannot be read", path.display()));
        }
        _ => {}
    }
    Ok(Roots { store, certificates })
}

/// The operating system's. Some of them cannot be used, as they come from many places: the others are.
fn system_certificates() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if !found.certs.is_empty() {
        return Ok(found.certs);
    }
    let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    Err(format!(
        "the operating system has no root certificates (name a file with `sslrootcert`, or install them, which is \
         often a package `ca-certificates`) {}",
        why.join("; ")
    ))
}

fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    match read() {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("`{what}`: there is no certificate in `{}`", path.display())),
        Err(error) => Err(unreadable(what, path, &error)),
    }
}

fn private_key(path: &PathBuf) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            format!("`sslkey`: there is no private key in `{}`, or it is encrypted", path.display())
        }
        error => unreadable("sslkey", path, &error),
    })
}

fn unreadable(what: &str, path: &Path, error: &pem::Error) -> String {
    format!("`{what}`: `{}` cannot be read: {error}", path.display())
}
