//! How a cluster's server is set up, and the files that tell it.

use std::{
    fs::{self, File, Permissions},
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::{Error, user::User};

/// How a server is set up. The default is for tests: by its socket alone, and fast rather than durable.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether it listens at a free port of 127.0.0.1 as well. There it asks for the password.
    pub tcp: bool,
    /// Whether it waits for the disk. Without, only a crash of the machine loses what is committed.
    pub fsync: bool,
    /// How many connections it takes.
    pub max_connections: u32,
    /// How much memory it keeps for pages, such as `32MB`.
    pub shared_buffers: String,
    /// More lines for `postgresql.conf`; they win over those above.
    pub config: Vec<String>,
    /// More lines for `pg_hba.conf`; they come before those that let the superuser in.
    pub hba: Vec<String>,
    /// The server's certificate, if it speaks TLS by TCP. Not all binaries can: [`crate::Binaries::has_tls`].
    pub tls: Option<Tls>,
}

/// What a server needs for TLS, in PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Its certificate, and those between it and the authority's.
    pub certificate: String,
    /// The key of the certificate.
    pub key: String,
    /// The authority whose certificates it accepts from clients, if it asks for any.
    pub client_authority: Option<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tcp: false,
            fsync: false,
            max_connections: 200,
            shared_buffers: "32MB".to_owned(),
            config: Vec::new(),
            hba: Vec::new(),
            tls: None,
        }
    }
}

/// What the files say that the cluster has to know.
pub(super) struct Written {
    pub(super) port: u16,
    pub(super) password: String,
}

impl Settings {
    /// Writes the server's files to its folder. They are outside of the data, so copies of that do not have them.
    pub(super) fn write(&self, folder: &Path, user: &User) -> Result<Written, Error> {
        let written = Written { port: self.port()?, password: password()? };
        let file = |name: &str, text: &str| write_private(&folder.join(name), text, user);
        file("postgresql.conf", &self.postgresql_conf(folder, written.port))?;
        file("pg_hba.conf", &self.pg_hba_conf())?;
        file("pg_ident.conf", "")?;
        file("password", &written.password)?;
        if let Some(tls) = &self.tls {
            file("server.crt", &tls.certificate)?;
            file("server.key", &tls.key)?;
            file("clients.crt", tls.client_authority.as_deref().unwrap_or_default())?;
        }
        Ok(written)
    }

    /// A port that is free now, or the usual one, which then is only part of the socket's name.
    fn port(&self) -> Result<u16, Error> {
        if !self.tcp {
            return Ok(5432);
        }
        let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Ok(bound.map_err(Error::io("a free port"))?.port())
    }

    fn postgresql_conf(&self, folder: &Path, port: u16) -> String {
        let (folder, on) = (folder.display(), |on: bool| if on { "on" } else { "off" });
        let listen = if self.tcp { "127.0.0.1" } else { "" };
        let mut text = format!(
            "listen_addresses = '{listen}'\nport = {port}\nunix_socket_directories = '{folder}'\n\
             hba_file = '{folder}/pg_hba.conf'\nident_file = '{folder}/pg_ident.conf'\n\
             max_connections = {}\nshared_buffers = '{}'\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n\
             fsync = {fsync}\nfull_page_writes = {fsync}\n",
            self.max_connections,
            self.shared_buffers,
            fsync = on(self.fsync),
        );
        if let Some(tls) = &self.tls {
            let authority =
                tls.client_authority.as_ref().map(|_| format!("ssl_ca_file = '{folder}/clients.crt'\n"));
            text += &format!(
                "ssl = on\nssl_cert_file = '{folder}/server.crt'\nssl_key_file = '{folder}/server.key'\n"
            );
            text += &authority.unwrap_or_default();
        }
        self.config.iter().for_each(|line| text += &format!("{line}\n"));
        text
    }

    fn pg_hba_conf(&self) -> String {
        let own =
            ["local all all trust", "local replication all trust", "host all all 127.0.0.1/32 scram-sha-256"];
        self.hba.iter().map(String::as_str).chain(own).map(|line| format!("{line}\n")).collect()
    }
}

/// Writes a file that nobody but its user reads: the server refuses a key that others can.
fn write_private(path: &Path, text: &str, user: &User) -> Result<(), Error> {
    let written = fs::write(path, text);
    let written = written.and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o600)));
    written.map_err(Error::io(format!("{}", path.display())))?;
    user.own(path)
}

/// A password that nobody else on this machine knows: who is the superuser can run programs.
fn password() -> Result<String, Error> {
    let mut bytes = [0; 16];
    let source = "/dev/urandom";
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(Error::io(source))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
