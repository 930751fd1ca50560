//! [`Connection`]: one connection to the server, with the statements prepared on it.

use std::collections::HashMap;

use tokio_postgres::{Client, Statement, types::Type};

use crate::{
    Host, Options,
    commits::{self, Life},
    flight::control,
    refusals::Refusal,
    tls::Tls,
};

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) prepared: Prepared,
    /// The server's major version.
    pub(crate) version: u32,
    /// How far a replica is known to have come. Of this connection: behind one URL there may be several servers.
    pub(crate) replayed: u64,
    /// How the database stores text.
    pub(crate) encoding: String,
    /// The life of the server that it was made in, if commits are asked for.
    pub(crate) life: Option<Life>,
}

impl Connection {
    /// Connects to the first host that answers; one attempt.
    pub(crate) async fn open(options: &Options, tls: &Tls) -> Result<Connection, Refusal> {
        let mut refusals = Vec::new();
        for host in &options.hosts {
            match Connection::to(host, options, tls).await {
                Ok(connection) => return Ok(connection),
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(Refusal::of_all(refusals))
    }

    async fn to(host: &Host, options: &Options, tls: &Tls) -> Result<Connection, Refusal> {
        let (config, limit) = (options.config(host), options.connect_timeout);
        let (client, connection) = match tokio::time::timeout(limit, config.connect(tls.clone())).await {
            Ok(connected) => connected
                .map_err(|error| Refusal::new(&error, host, options, config.get_password().is_some()))?,
            Err(_) => return Err(Refusal::silent(host, options)),
        };
        let version = connection.parameter("server_version").and_then(major).unwrap_or(15);
        let encoding = connection.parameter("server_encoding").unwrap_or_default().to_owned();
        let zone = connection.parameter("TimeZone").unwrap_or_default().to_owned();
        // It ends with the client, or when the connection breaks, which the client is told.
        tokio::spawn(async move { _ = connection.await });
        match tokio::time::timeout(limit, in_utc(&client, &zone)).await {
            Ok(set) => set.map_err(|error| Refusal::new(&error, host, options, true))?,
            Err(_) => return Err(Refusal::silent(host, options)),
        }
        let life = match options.resolve_commits {
            true => tokio::time::timeout(limit, commits::life(&client)).await.ok().flatten(),
            false => None,
        };
        Ok(Connection {
            client,
            prepared: Prepared::new(options.statement_cache),
            version,
            replayed: 0,
            encoding,
            life,
        })
    }
}

/// Sees to it that the session's time zone is UTC: by it the server turns a point in time into a `timestamp` without
/// zone, and back. A setting at the start would cost no round trip, but poolers may refuse those.
async fn in_utc(client: &Client, zone: &str) -> Result<(), tokio_postgres::Error> {
    match zone {
        "UTC" | "Etc/UTC" => Ok(()),
        _ => control(client, "SET TIME ZONE 'UTC'").await.map(drop),
    }
}

/// `15.18 (Debian 15.18-0+deb12u1)`, `18beta1`: the number that it begins with.
fn major(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// The statements prepared on a connection, by their text.
#[derive(Debug)]
pub(crate) struct Prepared {
    capacity: usize,
    statements: HashMap<Box<str>, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    statement: Statement,
    /// The types that its parameters were declared with.
    types: Box<[Type]>,
    used: u64,
}

impl Prepared {
    fn new(capacity: usize) -> Prepared {
        Prepared { capacity, statements: HashMap::new(), clock: 0 }
    }

    /// Whether statements are kept at all; poolers in transaction mode cannot.
    pub(crate) fn is_kept(&self) -> bool {
        self.capacity > 0
    }

    /// The statement with this text, if its parameters have these types.
    pub(crate) fn get(&mut self, sql: &str, types: &[Type]) -> Option<Statement> {
        self.clock += 1;
        let entry = self.statements.get_mut(sql)?;
        entry.used = self.clock;
        (*entry.types == *types).then(|| entry.statement.clone())
    }

    /// Keeps a statement, in place of the one that was not used for longest.
    pub(crate) fn keep(&mut self, sql: &str, types: &[Type], statement: Statement) {
        if self.statements.len() >= self.capacity && !self.statements.contains_key(sql) {
            let oldest = self.statements.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(sql, _)| sql.clone()) {
                self.statements.remove(&oldest);
            }
        }
        self.statements.insert(sql.into(), Entry { statement, types: types.into(), used: self.clock });
    }

    /// Forgets a statement whose tables have changed since.
    pub(crate) fn forget(&mut self, sql: &str) {
        self.statements.remove(sql);
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("18beta1"), Some(18));
        assert_eq!(major("devel"), None);
    }
}
