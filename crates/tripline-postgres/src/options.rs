//! [`Options`]: where the database is and how it is used, also from a URL.

mod environment;
mod host;
mod passfile;
mod settings;
mod tls_options;
mod url;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use tokio_postgres::Config;
use tripline_core::{Error, Result, StatementLog};

pub use self::{
    host::{Host, TargetSession},
    tls_options::{ChannelBinding, RootCert, SslMode},
};

/// The longest time that PostgreSQL can be told to wait, in milliseconds.
const LONGEST_LIMIT: u128 = i32::MAX as u128;

/// What is called with each slow statement.
pub type OnSlow = Arc<dyn Fn(&SlowStatement) + Send + Sync>;

/// Where the database is and how it is used.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The servers, tried in this order for each new connection.
    pub hosts: Vec<Host>,
    /// Who connects.
    pub user: String,
    /// The user's password. Without one it is looked for in the password file.
    pub password: Option<String>,
    /// The password file, in libpq's format; read for each new connection, so that it may change.
    ///
    /// As with libpq, a file that others than its owner may read is not used.
    pub passfile: Option<PathBuf>,
    /// The database's name.
    pub database: String,
    /// What the server calls these connections, in its views and its log.
    pub application_name: String,
    /// Settings of the server for these connections: `-c name=value`, more of them with spaces between.
    /// [`set_on_server`](Options::set_on_server) adds one.
    ///
    /// They are sent when a connection starts; a pooler in front of the server may refuse them. `TimeZone` is UTC,
    /// whatever they or the server say.
    pub options: String,
    /// Whether connections are encrypted, and what of the server's certificate is checked.
    pub sslmode: SslMode,
    /// Which certificates are trusted to sign the server's. Of no effect with [`SslMode::Prefer`] and
    /// [`SslMode::Disable`].
    pub sslrootcert: Option<RootCert>,
    /// The certificate that the server is shown, a PEM file.
    pub sslcert: Option<PathBuf>,
    /// The private key of `sslcert`, a PEM file, not encrypted.
    pub sslkey: Option<PathBuf>,
    /// Whether the password's proof is bound to the encrypted connection.
    pub channel_binding: ChannelBinding,
    /// What the server's session has to allow; the next host is tried if it does not.
    pub target_session_attrs: TargetSession,
    /// How a connection notices that the server's machine is gone; `None`: not at all, until something is sent.
    pub keepalives: Option<Keepalives>,
    /// How long one host may take to answer.
    pub connect_timeout: Duration,
    /// How long a connection of the pool is waited for.
    pub acquire_timeout: Duration,
    /// How long one statement may run: the server's `statement_timeout`.
    ///
    /// `None` leaves it at what the server, the database or the role say; zero means no limit, whatever they say.
    pub statement_timeout: Option<Duration>,
    /// How long a lock of another transaction is waited for: the server's `lock_timeout`.
    ///
    /// `None` and zero are as for `statement_timeout`.
    pub lock_timeout: Option<Duration>,
    /// How many connections there may be at once, without those of the replicas.
    ///
    /// The default is four for each core, at least 10 and at most 40: a server allows 100 connections if nobody
    /// told it otherwise, and two processes should find room in them, as when a new version takes over.
    pub pool_size: usize,
    /// How many prepared statements are kept for each connection.
    ///
    /// Zero prepares each statement anew, for a pooler such as PgBouncer that gives each transaction another
    /// connection.
    pub statement_cache: usize,
    /// A statement that runs for longer is handed to `on_slow`.
    pub slow_statement: Option<Duration>,
    /// What is done with a slow statement; it is printed to standard error by default.
    ///
    /// It is called on the task that ran the statement, so it should be quick.
    pub on_slow: OnSlow,
    /// Whether a transaction learns its id as it begins, so that the server can be asked whether it was committed
    /// when the answer to its commit was lost.
    ///
    /// Without it such a transaction ends in the error `commit_unknown`. It costs the server some microseconds for each
    /// transaction, so it is on by default only where a network could lose the answer, and off on a socket.
    pub resolve_commits: bool,
    /// Records the statements that are sent.
    pub log: Option<StatementLog>,
    /// Where reads outside of transactions may go: other servers that follow this one. Their own replicas are not
    /// used.
    pub replicas: Vec<Options>,
}

/// How a silent connection is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalives {
    /// After how much silence the first probe is sent. The default, a minute, is shorter than what the address
    /// translation of cloud networks keeps a silent connection for.
    pub idle: Duration,
    /// How long an answer to a probe is waited for until the next one; ten seconds by default.
    pub interval: Duration,
    /// How many unanswered probes end the connection; six by default.
    pub count: u32,
}

/// A statement that ran for longer than [`Options::slow_statement`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowStatement {
    /// The SQL, without its parameters.
    pub sql: String,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Default for Keepalives {
    fn default() -> Keepalives {
        Keepalives { idle: Duration::from_secs(60), interval: Duration::from_secs(10), count: 6 }
    }
}

impl Options {
    /// The defaults, for this place. Nothing is taken from the environment.
    pub fn new(host: Host, user: impl Into<String>, database: impl Into<String>) -> Options {
        Options {
            resolve_commits: !host.is_socket(),
            hosts: vec![host],
            user: user.into(),
            password: None,
            passfile: None,
            database: database.into(),
            application_name: "tripline".to_owned(),
            options: String::new(),
            sslmode: SslMode::default(),
            sslrootcert: None,
            sslcert: None,
            sslkey: None,
            channel_binding: ChannelBinding::default(),
            target_session_attrs: TargetSession::default(),
            keepalives: Some(Keepalives::default()),
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: None,
            lock_timeout: None,
            pool_size: std::thread::available_parallelism().map_or(10, |n| (4 * n.get()).clamp(10, 40)),
            statement_cache: 256,
            slow_statement: None,
            on_slow: Arc::new(|slow| eprintln!("slow statement ({:?}): {}", slow.elapsed, slow.sql)),
            log: None,
            replicas: Vec::new(),
        }
    }

    /// The options that a URL says: `postgres://user:password@host:5432/database?sslmode=verify-full`.
    ///
    /// The URL is libpq's: each part may be missing, several hosts stand with commas between (`h1:5432,h2:5433`), and
    /// the folder of a Unix socket is `?host=/folder` or a percent-encoded host. Parameters:
    ///
    /// - the parts' own: `host`, `port`, `user`, `password`, `dbname`, and `passfile`, the password file;
    /// - of the connection: `sslmode` (disable, prefer, require, verify-ca, verify-full), `sslrootcert` (a file, or
    ///   `system`), `sslcert`, `sslkey`, `channel_binding` (disable, prefer, require), `target_session_attrs` (any,
    ///   read-write, read-only), `application_name`, `options` (settings of the server, `-c name=value`);
    /// - in seconds: `connect_timeout` (0: no limit), `keepalives_idle`, `keepalives_interval`; beside them
    ///   `keepalives` (0 or 1) and `keepalives_count`;
    /// - in milliseconds: `acquire_timeout`, `statement_timeout`, `lock_timeout`, `slow_statement`;
    /// - of the pool: `pool_size`, `statement_cache`, `resolve_commits` (true or false).
    ///
    /// What the URL does not say comes from libpq's environment variables: `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
    /// `PGPASSFILE`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`, `PGSSLCERT`, `PGSSLKEY`, `PGCHANNELBINDING`,
    /// `PGTARGETSESSIONATTRS`, `PGAPPNAME`, `PGOPTIONS`, `PGCONNECT_TIMEOUT`. Then follow libpq's defaults: the socket in
    /// `/var/run/postgresql` where there is that folder and else `localhost`, port 5432, the operating system's user,
    /// a database of the user's name, the password file `~/.pgpass`, and the certificates and the key in
    /// `~/.postgresql`, where they are.
    pub fn from_url(url: &str) -> Result<Options> {
        settings::options(url, &environment::PROCESS).map_err(|why| Error::Setup(why.into()))
    }

    /// Adds a setting of the server to [`options`](Options::options), such as a `search_path`.
    pub fn set_on_server(&mut self, name: &str, value: &str) {
        add_setting(&mut self.options, name, value);
    }

    /// How one of the hosts is connected to. `connect_timeout` is in it, but covers neither the encryption's
    /// handshake nor the log-in: the caller has to.
    pub(crate) fn config(&self, host: &Host) -> Config {
        let mut config = Config::new();
        host.put_into(&mut config);
        config
            .user(&*self.user)
            .dbname(&*self.database)
            .application_name(&*self.application_name)
            .ssl_mode(self.sslmode.asked_of(host))
            .channel_binding(self.channel_binding.into())
            .target_session_attrs(self.target_session_attrs.into())
            .connect_timeout(self.connect_timeout)
            .keepalives(self.keepalives.is_some());
        if let Some(keepalives) = self.keepalives {
            config
                .keepalives_idle(keepalives.idle)
                .keepalives_interval(keepalives.interval)
                .keepalives_retries(keepalives.count);
        }
        if let Some(password) = self.password.clone().or_else(|| self.password_in_file(host).ok()) {
            config.password(password);
        }
        let options = self.server_settings();
        if !options.is_empty() {
            config.options(options);
        }
        config
    }

    /// Why [`config`](Options::config) has no password from the file.
    pub(crate) fn missing_password(&self, host: &Host) -> String {
        self.password_in_file(host).err().unwrap_or_default()
    }

    /// The password file's line for this host, or why there is none.
    fn password_in_file(&self, host: &Host) -> Result<String, String> {
        match &self.passfile {
            Some(path) => passfile::password(path, host, &self.database, &self.user),
            None => Err("there is no password file".to_owned()),
        }
    }

    /// The `options` that a connection starts with. Ours come last, for the last of two wins.
    fn server_settings(&self) -> String {
        let mut all = self.options.clone();
        for (name, limit) in
            [("statement_timeout", self.statement_timeout), ("lock_timeout", self.lock_timeout)]
        {
            if let Some(limit) = limit {
                add_setting(&mut all, name, &server_millis(limit).to_string());
            }
        }
        all
    }
}

/// A limit as the server takes it. Zero would be no limit, so that a limit below a millisecond is rounded up.
fn server_millis(limit: Duration) -> u128 {
    limit.as_nanos().div_ceil(1_000_000).min(LONGEST_LIMIT)
}

/// Adds `-c name=value`. The server splits the whole at white space that has no backslash before it.
fn add_setting(all: &mut String, name: &str, value: &str) {
    if !all.is_empty() {
        all.push(' ');
    }
    all.push_str("-c ");
    for letter in name.chars().chain(['=']).chain(value.chars()) {
        if matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\\') {
            all.push('\\');
        }
        all.push(letter);
    }
}

/// Neither the user nor the password nor the server's settings, which may hold secrets.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("hosts", &self.hosts)
            .field("database", &self.database)
            .field("sslmode", &self.sslmode)
            .field("pool_size", &self.pool_size)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp() -> Options {
        Options::new(Host::Tcp { name: "db.example".to_owned(), port: 5433 }, "ann", "shop")
    }

    #[test]
    fn limits_become_settings_of_the_server() {
        let mut options = tcp();
        assert_eq!(options.config(&options.hosts[0]).get_options(), None);
        options.statement_timeout = Some(Duration::from_millis(1500));
        options.lock_timeout = Some(Duration::from_micros(10));
        options.options = "-c geqo=off".to_owned();
        let config = options.config(&options.hosts[0]);
        assert_eq!(config.get_options(), Some("-c geqo=off -c statement_timeout=1500 -c lock_timeout=1"));
        options.statement_timeout = Some(Duration::ZERO);
        options.lock_timeout = Some(Duration::MAX);
        let config = options.config(&options.hosts[0]);
        assert_eq!(
            config.get_options(),
            Some("-c geqo=off -c statement_timeout=0 -c lock_timeout=2147483647")
        );
    }

    #[test]
    fn white_space_and_backslashes_in_settings_are_escaped() {
        let mut options = tcp();
        options.set_on_server("search_path", "my shop, public");
        options.set_on_server("tripline.path", "c:\\x\ty");
        assert_eq!(
            options.server_settings(),
            "-c search_path=my\\ shop,\\ public -c tripline.path=c:\\\\x\\\ty"
        );
    }

    #[test]
    fn the_configuration_has_everything() {
        use tokio_postgres::config::{self, Host as Place};
        let mut options = tcp();
        options.password = Some("secret".to_owned());
        options.sslmode = SslMode::VerifyFull;
        options.channel_binding = ChannelBinding::Require;
        options.target_session_attrs = TargetSession::ReadWrite;
        let config = options.config(&options.hosts[0]);
        assert_eq!(config.get_hosts(), [Place::Tcp("db.example".to_owned())]);
        assert_eq!((config.get_ports(), config.get_user()), ([5433].as_slice(), Some("ann")));
        assert_eq!((config.get_dbname(), config.get_password()), (Some("shop"), Some(b"secret".as_slice())));
        assert_eq!(config.get_application_name(), Some("tripline"));
        assert_eq!(config.get_ssl_mode(), config::SslMode::Require);
        assert_eq!(config.get_channel_binding(), config::ChannelBinding::Require);
        assert_eq!(config.get_target_session_attrs(), config::TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!((config.get_keepalives(), config.get_keepalives_idle()), (true, Duration::from_secs(60)));
        options.keepalives = None;
        assert!(!options.config(&options.hosts[0]).get_keepalives());
    }

    #[test]
    fn a_socket_is_never_encrypted() {
        let socket = Host::Unix { folder: "/run/pg".into(), port: 5432 };
        let mut options = Options::new(socket.clone(), "ann", "shop");
        options.sslmode = SslMode::Require;
        assert_eq!(options.config(&socket).get_ssl_mode(), tokio_postgres::config::SslMode::Disable);
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut options = tcp();
        options.password = Some("secret".to_owned());
        options.options = "-c my.token=secret".to_owned();
        options.replicas = vec![options.clone()];
        let shown = format!("{options:?}");
        assert!(shown.contains("db.example") && shown.contains("shop"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("ann"), "{shown}");
    }

    #[test]
    fn a_missing_password_is_explained() {
        let mut options = tcp();
        let why = options.missing_password(&options.hosts[0]);
        assert_eq!(why, "there is no password file");
        options.passfile = Some("/nowhere/pgpass".into());
        let why = options.missing_password(&options.hosts[0]);
        assert!(why.contains("`/nowhere/pgpass`"), "{why}");
    }
}
