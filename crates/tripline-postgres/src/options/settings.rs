//! From a URL and the environment to [`Options`].

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use super::{
    ChannelBinding, Host, Keepalives, Options, RootCert, SslMode, TargetSession, environment::Environment,
    url,
};

/// The parameters that a URL may have, and the variables that stand in for them.
const PARAMETERS: [(&str, Option<&str>); 26] = [
    ("host", Some("PGHOST")),
    ("port", Some("PGPORT")),
    ("user", Some("PGUSER")),
    ("password", Some("PGPASSWORD")),
    ("passfile", Some("PGPASSFILE")),
    ("dbname", Some("PGDATABASE")),
    ("application_name", Some("PGAPPNAME")),
    ("options", Some("PGOPTIONS")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslkey", Some("PGSSLKEY")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("keepalives", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("keepalives_count", None),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("acquire_timeout", None),
    ("statement_timeout", None),
    ("lock_timeout", None),
    ("slow_statement", None),
    ("pool_size", None),
    ("statement_cache", None),
    ("resolve_commits", None),
];

/// The options that a URL and the environment say.
pub(super) fn options(url: &str, environment: &Environment<'_>) -> Result<Options, String> {
    let settings = Settings::new(url, environment)?;
    let user = settings.text("user").or_else(|| environment.user()).ok_or(
        "nobody says which user connects to the database: neither its URL nor the environment variables PGUSER and \
         USER",
    )?;
    let database = settings.text("dbname").unwrap_or_else(|| user.clone());
    let mut options = Options::new(Host::named(environment.host(), 5432), user, database);
    options.hosts = settings.hosts()?;
    options.resolve_commits = options.hosts.iter().any(|host| !host.is_socket());
    options.password = settings.text("password");
    options.passfile = settings.text("passfile").map(Into::into).or_else(|| environment.at_home(".pgpass"));
    settings.encryption(&mut options)?;
    settings.connection(&mut options)?;
    settings.pool(&mut options)?;
    Ok(options)
}

/// What the URL says and, where it says nothing, the environment.
struct Settings<'s> {
    url: BTreeMap<String, String>,
    environment: &'s Environment<'s>,
}

impl<'s> Settings<'s> {
    fn new(text: &str, environment: &'s Environment<'s>) -> Result<Settings<'s>, String> {
        let found = url::parameters(text).map_err(|why| format!("the database's URL is wrong: {why}"))?;
        let is_known = |name: &str| PARAMETERS.iter().any(|(known, _)| *known == name);
        if let Some((name, _)) = found.iter().find(|(name, _)| !is_known(name)) {
            let known = PARAMETERS.map(|(known, _)| known).join(", ");
            let name = if url::is_doubtful(text) { String::new() } else { format!(" `{name}`") };
            return Err(format!("the database's URL has an unknown parameter{name}; there are {known}"));
        }
        // An empty part is one that is not there, as with libpq.
        let url = found.into_iter().collect::<BTreeMap<_, _>>();
        let url = url.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Settings { url, environment })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.url.get(name).cloned().or_else(|| self.environment.get(variable(name)?))
    }

    /// Reads a setting, if there is one. No error shows its value, which may be in the wrong place.
    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        parse(value.trim()).map(Some).map_err(|why| match variable(name) {
            Some(variable) if !self.url.contains_key(name) => {
                format!("the environment variable `{variable}`: {why}")
            }
            _ => format!("the parameter `{name}` of the database's URL: {why}"),
        })
    }

    /// Reads a setting, if there is one, into its place.
    fn read<T>(
        &self,
        name: &str,
        place: &mut T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<(), String> {
        if let Some(value) = self.parsed(name, parse)? {
            *place = value;
        }
        Ok(())
    }

    /// The hosts with their ports: a single port is for all of them, and an empty host or port is the usual one.
    fn hosts(&self) -> Result<Vec<Host>, String> {
        let names = self.text("host").unwrap_or_default();
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        let ports =
            self.parsed("port", |ports| ports.split(',').map(port).collect::<Result<Vec<u16>, _>>())?;
        let ports = ports.unwrap_or_else(|| vec![5432]);
        if ports.len() != 1 && ports.len() != names.len() {
            return Err(format!("the database has {} hosts, but {} ports", names.len(), ports.len()));
        }
        let usual = |name| if str::is_empty(name) { self.environment.host() } else { name };
        let with_port = |(i, name)| Host::named(usual(name), *ports.get(i).unwrap_or(&ports[0]));
        Ok(names.into_iter().enumerate().map(with_port).collect())
    }

    fn encryption(&self, options: &mut Options) -> Result<(), String> {
        let home = |file: &str| self.environment.at_home(&format!(".postgresql/{file}"));
        options.sslrootcert = match self.text("sslrootcert") {
            Some(system) if system == "system" => Some(RootCert::System),
            Some(path) => Some(RootCert::File(path.into())),
            None => home("root.crt").map(RootCert::File),
        };
        if options.sslrootcert == Some(RootCert::System) {
            options.sslmode = SslMode::VerifyFull;
        }
        self.read("sslmode", &mut options.sslmode, sslmode)?;
        self.read("channel_binding", &mut options.channel_binding, channel_binding)?;
        let cert = self.text("sslcert").map(Into::into).or_else(|| home("postgresql.crt"));
        let key = self.text("sslkey").map(Into::into).or_else(|| home("postgresql.key"));
        // A key alone is of no use, and at home it may be there for others.
        options.sslkey = key.filter(|_| cert.is_some());
        options.sslcert = cert;
        Ok(())
    }

    fn connection(&self, options: &mut Options) -> Result<(), String> {
        if let Some(name) = self.text("application_name") {
            options.application_name = name;
        }
        options.options = self.text("options").unwrap_or_default();
        self.read("target_session_attrs", &mut options.target_session_attrs, target_session)?;
        self.read("connect_timeout", &mut options.connect_timeout, seconds_or_forever)?;
        let mut probes = Keepalives::default();
        self.read("keepalives_idle", &mut probes.idle, positive_seconds)?;
        self.read("keepalives_interval", &mut probes.interval, positive_seconds)?;
        self.read("keepalives_count", &mut probes.count, positive)?;
        options.keepalives = self.parsed("keepalives", flag)?.unwrap_or(true).then_some(probes);
        Ok(())
    }

    fn pool(&self, options: &mut Options) -> Result<(), String> {
        let some_millis = |value: &str| millis(value).map(Some);
        self.read("acquire_timeout", &mut options.acquire_timeout, millis)?;
        self.read("statement_timeout", &mut options.statement_timeout, some_millis)?;
        self.read("lock_timeout", &mut options.lock_timeout, some_millis)?;
        self.read("slow_statement", &mut options.slow_statement, some_millis)?;
        self.read("pool_size", &mut options.pool_size, positive)?;
        self.read("statement_cache", &mut options.statement_cache, number)?;
        self.read("resolve_commits", &mut options.resolve_commits, flag)
    }
}

/// The variable that stands in for a parameter.
fn variable(name: &str) -> Option<&'static str> {
    PARAMETERS.iter().find(|(known, _)| *known == name).and_then(|(_, variable)| *variable)
}

fn number<N: FromStr>(value: &str) -> Result<N, String> {
    value.parse().map_err(|_| "a number is needed".to_owned())
}

fn positive<N: FromStr + Default + PartialEq>(value: &str) -> Result<N, String> {
    number(value).ok().filter(|n| *n != N::default()).ok_or_else(|| "a number from 1 on is needed".to_owned())
}

fn port(value: &str) -> Result<u16, String> {
    match value.trim() {
        "" => Ok(5432),
        value => positive(value).map_err(|_| "a port is a number from 1 to 65535".to_owned()),
    }
}

fn millis(value: &str) -> Result<Duration, String> {
    number(value).map(Duration::from_millis).map_err(|_| "a number of milliseconds is needed".to_owned())
}

fn positive_seconds(value: &str) -> Result<Duration, String> {
    positive(value)
        .map(Duration::from_secs)
        .map_err(|_| "a number of seconds, from 1 on, is needed".to_owned())
}

/// As with libpq, zero and less than zero are no limit.
fn seconds_or_forever(value: &str) -> Result<Duration, String> {
    let seconds: i64 = value.parse().map_err(|_| "a number of seconds is needed".to_owned())?;
    Ok(u64::try_from(seconds).ok().filter(|n| *n > 0).map_or(Duration::MAX, Duration::from_secs))
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("it has to be true or false".to_owned()),
    }
}

fn sslmode(value: &str) -> Result<SslMode, String> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        "require" => Ok(SslMode::Require),
        "verify-ca" => Ok(SslMode::VerifyCa),
        "verify-full" => Ok(SslMode::VerifyFull),
        _ => Err("it has to be one of disable, prefer, require, verify-ca or verify-full".to_owned()),
    }
}

fn channel_binding(value: &str) -> Result<ChannelBinding, String> {
    match value {
        "disable" => Ok(ChannelBinding::Disable),
        "prefer" => Ok(ChannelBinding::Prefer),
        "require" => Ok(ChannelBinding::Require),
        _ => Err("it has to be one of disable, prefer or require".to_owned()),
    }
}

fn target_session(value: &str) -> Result<TargetSession, String> {
    match value {
        "any" => Ok(TargetSession::Any),
        "read-write" => Ok(TargetSession::ReadWrite),
        "read-only" => Ok(TargetSession::ReadOnly),
        _ => Err("it has to be one of any, read-write or read-only".to_owned()),
    }
}

#[cfg(test)]
mod tests;
