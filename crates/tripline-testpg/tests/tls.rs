//! Servers that speak TLS.

use std::process::{Command, Output};

use tempfile::TempDir;
use tripline_testpg::{Binaries, Cluster, Settings, Tls};

#[test]
fn a_server_with_a_certificate_speaks_tls() {
    let binaries = Binaries::find(15).expect("binaries");
    if !binaries.has_tls() {
        let settings = Settings { config: vec!["ssl = on".to_owned()], ..Settings::default() };
        Cluster::start(&binaries, settings).expect_err("these binaries cannot");
        return;
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = made.cert.pem();
    let tls = Tls {
        certificate: certificate.clone(),
        key: made.signing_key.serialize_pem(),
        client_authority: Some(certificate.clone()),
    };
    let hba = vec!["hostnossl all all 127.0.0.1/32 reject".to_owned()];
    let settings = Settings { tcp: true, tls: Some(tls), hba, ..Settings::default() };
    let cluster = Cluster::start(&binaries, settings).expect("a server");

    let folder = TempDir::new().expect("a folder");
    let authority = folder.path().join("authority.crt");
    std::fs::write(&authority, certificate).expect("written");
    let psql = |mode: &str| -> Output {
        let url =
            format!("{}?sslmode={mode}&sslrootcert={}", cluster.tcp_url("postgres"), authority.display());
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let mut command = Command::new(binaries.dir().join("psql"));
        command.args(["-X", "-A", "-t", "-w", "-d", &url, "-c", sql]).output().expect("psql")
    };
    assert_eq!(psql("verify-ca").stdout, b"t\n");
    assert!(!psql("disable").status.success());
}
