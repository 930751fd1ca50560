//! Tests: which servers each mode connects to.

use std::{fs, io, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::ring::{default_provider, sign::any_supported_type},
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
        sign::{CertifiedKey, SingleCertAndKey},
        version::{TLS12, TLS13},
    },
};

use super::{certificate::element, *};

/// An authority, and files of certificates.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// A server's certificate and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { certificate, issuer: Issuer::new(params, key), folder: TempDir::new().unwrap() }
    }

    fn signs(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn root(&self) -> Option<RootCert> {
        Some(RootCert::File(self.file("root.crt", &self.certificate.pem())))
    }
}

impl Identity {
    /// Signed by itself, and able to sign others, as `openssl req -x509` makes them.
    fn own(name: &str, expired: bool) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        if expired {
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        }
        let certificate = params.self_signed(&key).unwrap();
        Identity { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }

    /// The same certificate, but of version 1, without extensions. Its signature is not valid.
    fn into_version_1(self) -> Identity {
        let (content, _) = element(&self.certificate, 0x30).unwrap();
        let (signed, signature) = element(content, 0x30).unwrap();
        let (_, signed) = element(signed, 0xa0).expect("a version");
        // Serial number, algorithm, issuer, validity, subject, key.
        let extensions = (0..6).fold(signed, |rest, _| element(rest, rest[0]).unwrap().1);
        let signed = &signed[..signed.len() - extensions.len()];
        let certificate = sequence(&[&*sequence(signed), signature].concat());
        Identity { certificate: certificate.into(), ..self }
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// A server that asks clients for nothing.
    fn config(&self, version: &'static SupportedProtocolVersion) -> ServerConfig {
        self.config_for(Arc::new(NoClientAuth), version)
    }

    fn config_for(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
        version: &'static SupportedProtocolVersion,
    ) -> ServerConfig {
        // Without rustls's own check, which refuses certificates of version 1.
        let key = any_supported_type(&self.private_key()).unwrap();
        let certified = CertifiedKey::new(vec![self.certificate.clone()], key);
        ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
    }
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let tag_and_length = match length {
        [0, ..0x80] => vec![0x30, length[1]],
        [0, _] => vec![0x30, 0x81, length[1]],
        [high, low] => vec![0x30, 0x82, high, low],
    };
    [&*tag_and_length, content].concat()
}

fn options(mode: SslMode, root: Option<RootCert>) -> Options {
    let mut options = Options::new(Host::Tcp { name: "db.example".to_owned(), port: 5432 }, "ann", "shop");
    options.sslmode = mode;
    options.sslrootcert = root;
    options
}

/// Connects and has a byte come back. What is returned is the digest that a password is bound to.
fn connect(options: &Options, server: ServerConfig) -> Result<Option<Vec<u8>>, String> {
    let mut tls = connector(options).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = tokio::spawn(echo(far, server));
        let answer = async {
            let Ok(handshake) = MakeTlsConnect::<DuplexStream>::make_tls_connect(&mut tls, "db.example");
            let mut stream = handshake.connect(near).await?;
            stream.write_all(&[7]).await?;
            stream.flush().await?;
            assert_eq!(stream.read_u8().await?, 7);
            Ok(stream.server_digest())
        };
        let digest = answer.await.map_err(|error: io::Error| error.to_string())?;
        server.await.unwrap().map_err(|error| error.to_string())?;
        Ok(digest)
    })
}

async fn echo(stream: DuplexStream, config: ServerConfig) -> io::Result<()> {
    let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
    let byte = stream.read_u8().await?;
    stream.write_all(&[byte]).await?;
    stream.flush().await
}

#[test]
fn each_mode_connects_to_the_servers_that_it_should() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let servers = [ours.signs("db.example"), ours.signs("x.example"), other.signs("db.example")];
    for (mode, root, expected) in [
        (SslMode::Prefer, None, [true, true, true]),
        (SslMode::Require, None, [true, true, true]),
        (SslMode::Require, ours.root(), [true, true, false]),
        (SslMode::VerifyCa, ours.root(), [true, true, false]),
        (SslMode::VerifyFull, ours.root(), [true, false, false]),
    ] {
        let options = options(mode, root);
        for version in [&TLS12, &TLS13] {
            let connects = |server: &Identity| connect(&options, server.config(version)).is_ok();
            assert_eq!(servers.each_ref().map(connects), expected, "{mode:?}, {version:?}");
        }
    }
}

#[test]
fn a_password_is_bound_to_the_server_s_certificate() {
    let ours = Authority::new("ours");
    let server = ours.signs("db.example");
    let digest = connect(&options(SslMode::Require, None), server.config(&TLS13)).unwrap();
    assert_eq!(digest, super::certificate::digest(&server.certificate));
}

#[test]
fn a_certificate_that_signs_itself_may_be_its_own_root() {
    let ours = Authority::new("ours");
    for (expired, mode, name, expected) in [
        (false, SslMode::VerifyCa, "x.example", Ok(())),
        (false, SslMode::VerifyFull, "db.example", Ok(())),
        (false, SslMode::VerifyFull, "x.example", Err("not valid for name")),
        (true, SslMode::VerifyFull, "db.example", Err("expired")),
    ] {
        let server = Identity::own(name, expired);
        let options = options(mode, Some(RootCert::File(ours.file("own.crt", &server.pem))));
        match (connect(&options, server.config(&TLS13)), expected) {
            (Ok(_), Ok(())) => {}
            (Err(why), Err(needle)) => assert!(why.contains(needle), "{why}"),
            (found, expected) => panic!("{mode:?} {name}: {found:?} instead of {expected:?}"),
        }
    }
    // Not so of another that may sign, even with the same name.
    let [trusted, server] = [Identity::own("db.example", false), Identity::own("db.example", false)];
    let options = options(SslMode::VerifyCa, Some(RootCert::File(ours.file("own.crt", &trusted.pem))));
    assert!(connect(&options, server.config(&TLS13)).is_err());
    assert!(connect(&options, trusted.config(&TLS13)).is_ok());
}

#[test]
fn a_certificate_of_version_1_does_where_nothing_is_checked_but_binds_no_password() {
    let ours = Authority::new("ours");
    let server = ours.signs("db.example").into_version_1();
    for version in [&TLS12, &TLS13] {
        let connect = |mode, root| connect(&options(mode, root), server.config(version));
        assert_eq!(connect(SslMode::Require, None).unwrap(), None);
        let why = connect(SslMode::VerifyCa, ours.root()).unwrap_err();
        assert!(why.contains("has to be of version 3"), "{why}");
    }
}

#[test]
fn a_server_without_the_certificate_s_key_is_refused_in_each_mode() {
    let ours = Authority::new("ours");
    let mut server = ours.signs("db.example");
    server.key = KeyPair::generate().unwrap();
    for version in [&TLS12, &TLS13] {
        for (mode, root) in
            [(SslMode::Prefer, None), (SslMode::Require, None), (SslMode::VerifyFull, ours.root())]
        {
            let why = connect(&options(mode, root), server.config(version)).unwrap_err();
            assert!(why.contains("BadSignature"), "{why}");
        }
    }
}

#[test]
fn the_server_is_shown_our_certificate() {
    let ours = Authority::new("ours");
    let (server, client) = (ours.signs("db.example"), ours.signs("ann"));
    let mut roots = RootCertStore::empty();
    roots.add(ours.certificate.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let clients = clients.build().unwrap();
    let mut options = options(SslMode::Require, None);
    assert!(connect(&options, server.config_for(clients.clone(), &TLS13)).is_err());
    options.sslcert = Some(ours.file("client.crt", &client.pem));
    let why = connector(&options).unwrap_err().to_string();
    assert!(why.contains("`sslkey`"), "{why}");
    options.sslkey = Some(ours.file("client.key", &client.key.serialize_pem()));
    connect(&options, server.config_for(clients, &TLS13)).unwrap();
    options.sslkey = Some(ours.file("other.key", &server.key.serialize_pem()));
    let why = connector(&options).unwrap_err().to_string();
    assert!(why.contains("cannot be used"), "{why}");
}

#[test]
fn files_that_do_not_do_are_named() {
    let ours = Authority::new("ours");
    let none = ours.folder.path().join("none.crt");
    for (path, needle) in [
        (none.clone(), "cannot be read"),
        (ours.file("empty.crt", ""), "there is no certificate in"),
        (
            ours.file("bad.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "cannot be read",
        ),
    ] {
        let shown = path.display().to_string();
        let error = connector(&options(SslMode::VerifyFull, Some(RootCert::File(path)))).unwrap_err();
        let why = error.to_string();
        assert!(error.code() == "setup" && why.contains(needle) && why.contains(&shown), "{why}");
    }
    let mut options = options(SslMode::Require, None);
    options.sslcert = Some(ours.file("client.crt", &ours.certificate.pem()));
    options.sslkey = Some(ours.file("client.key", "no key"));
    let why = connector(&options).unwrap_err().to_string();
    assert!(why.contains("no private key in"), "{why}");
    // They are not read where nothing is encrypted.
    options.hosts = vec![Host::Unix { folder: "/run/pg".into(), port: 5432 }];
    connector(&options).unwrap();
}

#[test]
fn the_system_s_certificates_do_not_have_to_be_there() {
    let options = options(SslMode::VerifyFull, Some(RootCert::System));
    match connector(&options) {
        Ok(_) => {
            let server = Authority::new("ours").signs("db.example");
            let why = connect(&options, server.config(&TLS13)).unwrap_err();
            assert!(why.contains("UnknownIssuer"), "{why}");
        }
        Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
    }
}
