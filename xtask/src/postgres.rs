//! The PostgreSQL servers for a test run, and `cargo xtask postgres`, which keeps them for runs by hand.

use std::{env, io};

use tripline_testpg::{Binaries, Cluster, SERVERS, Settings};

/// The versions that the suite runs on: the oldest that is supported, and the newest.
const VERSIONS: [u32; 2] = [15, 18];

/// Servers that end with this value, and with this process.
pub(crate) struct Servers {
    clusters: Vec<Cluster>,
    given: String,
}

impl Servers {
    /// The servers that the environment names, else new ones. One that can't be had is an error.
    pub(crate) fn from_env_or_start() -> Result<Servers, String> {
        let given = env::var(SERVERS).unwrap_or_default();
        match given.trim().is_empty() {
            true => Servers::start(),
            false => Ok(Servers { clusters: Vec::new(), given }),
        }
    }

    fn start() -> Result<Servers, String> {
        let start = |major| {
            let binaries = Binaries::find(major)?;
            Cluster::start(&binaries, Settings::default())
        };
        let clusters: Result<Vec<Cluster>, _> = VERSIONS.into_iter().map(start).collect();
        Ok(Servers { clusters: clusters.map_err(|error| error.to_string())?, given: String::new() })
    }

    /// The variable that names them to tests, and its value.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        let urls = self.clusters.iter().map(|cluster| cluster.url("postgres"));
        let urls: Vec<String> = urls.chain((!self.given.is_empty()).then(|| self.given.clone())).collect();
        (SERVERS, urls.join(" "))
    }
}

/// Starts servers, prints how to use them, and keeps them until the input ends or an interrupt comes.
pub(crate) fn run() -> Result<(), String> {
    let servers = Servers::start()?;
    let versions: Vec<&str> = servers.clusters.iter().map(Cluster::version).collect();
    let (name, value) = servers.variable();
    println!("export {name}='{value}'");
    eprintln!("PostgreSQL {} run until ctrl-C", versions.join(" and "));
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop).map_err(|error| format!("the input: {error}"))
}
