//! The servers that the suite runs on, as the environment names them.

use std::{env, process::Command};

use crate::{Error, binaries::psql, program::run};

/// The variable that holds the URLs of the servers.
pub const SERVERS: &str = "TRIPLINE_TEST_POSTGRES";

/// The servers that the suite runs on.
#[derive(Clone, Debug)]
pub struct TestServers {
    servers: Vec<TestServer>,
}

/// One of the servers that the suite runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestServer {
    url: String,
    version: String,
    label: String,
}

impl TestServers {
    /// The servers that `TRIPLINE_TEST_POSTGRES` names: URLs, with spaces or commas between them.
    ///
    /// Each URL names the database from which tests create and drop their own. Each server is asked for its version.
    pub fn from_env() -> Result<TestServers, Error> {
        TestServers::of(&env::var(SERVERS).unwrap_or_default(), version)
    }

    fn of(urls: &str, version: impl Fn(&str) -> Result<String, Error>) -> Result<TestServers, Error> {
        let mut servers: Vec<TestServer> = Vec::new();
        for url in urls.split([',', ' ', '\n', '\t']).filter(|url| !url.is_empty()) {
            let version = version(url)?;
            let major: String = version.chars().take_while(char::is_ascii_digit).collect();
            let same = servers.iter().filter(|server| server.major() == major).count();
            let label = match same {
                0 => format!("pg{major}"),
                same => format!("pg{major}_{}", same + 1),
            };
            servers.push(TestServer { url: url.to_owned(), version, label });
        }
        match servers.is_empty() {
            true => Err(Error::NoServers),
            false => Ok(TestServers { servers }),
        }
    }

    /// The servers, in the order of their URLs; there is at least one.
    pub fn iter(&self) -> impl Iterator<Item = &TestServer> {
        self.servers.iter()
    }
}

impl TestServer {
    /// The URL of the database from which tests create and drop their own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's whole version, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A word for names of tests, such as `pg15`; no two servers of a run have the same.
    pub fn label(&self) -> &str {
        &self.label
    }

    fn major(&self) -> &str {
        self.version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
    }
}

/// Asks a server for its version.
fn version(url: &str) -> Result<String, Error> {
    let psql = psql().ok_or(Error::State(
        "the program `psql` is needed to ask the test servers for their versions: install PostgreSQL's client",
    ))?;
    let mut command = Command::new(psql);
    command.args(["-X", "-A", "-t", "-d", url, "-c", "SHOW server_version"]).env("PGCONNECT_TIMEOUT", "10");
    let said = run(&mut command).map_err(|error| match error {
        Error::Program { output, .. } => {
            Error::Program { name: format!("asking a server of {SERVERS}"), output }
        }
        error => error,
    })?;
    Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::TestServers;

    #[test]
    fn servers_are_listed_with_a_label_each() {
        let urls = "postgres://a/15.2, postgres://b/18.3\npostgres://c/18.4";
        let version = |url: &str| Ok(url.rsplit('/').next().unwrap_or_default().to_owned());
        let servers = TestServers::of(urls, version).expect("three servers");
        let listed: Vec<(&str, &str)> = servers.iter().map(|s| (s.label(), s.url())).collect();
        let expected =
            [("pg15", "postgres://a/15.2"), ("pg18", "postgres://b/18.3"), ("pg18_2", "postgres://c/18.4")];
        assert_eq!(listed, expected);
    }

    #[test]
    fn no_server_is_an_error_that_says_what_to_do() {
        let error = TestServers::of(" ", |_| unreachable!("there is nothing to ask")).expect_err("none");
        assert!(error.to_string().contains("cargo xtask test"), "{error}");
    }
}
