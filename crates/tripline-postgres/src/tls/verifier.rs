//! [`Verifier`]: what of a server's certificate is checked.

use std::sync::Arc;

use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::Check;

/// The root certificates.
#[derive(Debug)]
pub(super) struct Roots {
    /// As rustls wants them, without what is not needed to sign.
    pub(super) store: RootCertStore,
    /// The whole certificates.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// rustls's own verifier has neither a mode without names nor one without roots; this is made of its parts.
#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    roots: Roots,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(check: Check, roots: Roots, algorithms: WebPkiSupportedAlgorithms) -> Verifier {
        Verifier { check, roots, algorithms }
    }

    fn verify_chain(
        &self,
        certificate: &CertificateDer<'_>,
        parsed: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let all = self.algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(parsed, &self.roots.store, intermediates, now, all) {
            Err(error) if !is_about_time(&error) && self.roots.certificates.contains(certificate) => {
                // A server's self-signed certificate, as PostgreSQL's manual makes them, says that it may sign others.
                // That is refused for a server's, but OpenSSL and so libpq trust what is itself among the roots. Time
                // is looked at first, so that any other error is of a certificate that is valid now.
                Ok(())
            }
            result => result,
        }
    }

    /// Whether the signature of the handshake cannot be checked, but need not be.
    ///
    /// Certificates of the old version 1, which PostgreSQL's manual led to, cannot be parsed. Without a check of the
    /// certificate the signature proves nothing, but to a password bound to the certificate; and for one that
    /// cannot be parsed, the stream offers no such binding.
    fn skips_signature(&self, certificate: &CertificateDer<'_>) -> bool {
        self.check == Check::None && ParsedCertificate::try_from(certificate).is_err()
    }
}

/// The error alone, `BadEncoding`, would not help.
fn unparsed(error: &Error) -> Error {
    let why = format!(
        "the server's certificate cannot be checked; it has to be of version 3, as `openssl x509 -req` makes it with \
         `-extfile` ({error})"
    );
    Error::Other(OtherError(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(why))))
}

fn is_about_time(error: &Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        Error::InvalidCertificate(Expired | NotValidYet | ExpiredContext { .. } | NotValidYetContext { .. })
    )
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check != Check::None {
            let parsed = ParsedCertificate::try_from(end_entity).map_err(|error| unparsed(&error))?;
            self.verify_chain(end_entity, &parsed, intermediates, now)?;
            if self.check == Check::ChainAndName {
                verify_server_name(&parsed, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.skips_signature(certificate) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.skips_signature(certificate) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
