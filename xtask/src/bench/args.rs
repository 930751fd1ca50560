//! The command line of `cargo xtask bench`.

use std::{env, path::PathBuf};

use super::{BASE, PEERS, postgres, sqlite};
use crate::Result;

const USAGE: &str = "usage: cargo xtask bench [--engine E] [--rounds R] [--quick] [--only WORK]... [--peers a,b]
                         [--flights-data DIR] [--version V]

  --engine E          sqlite (the default) or postgres
  --rounds R          how often each peer is asked for each work (9)
  --quick             3 rounds
  --only WORK         only this work; may be given several times
  --peers a,b         only these peers, and raw
  --flights-data DIR  the data of the flights, else $TRIPLINE_FLIGHTS_DATA, else January's, which is here; for SQLite
  --version V         the server's major version (15); for PostgreSQL

All peers, works and at least 3 rounds make a complete run, which is written to docs/benchmarks.md, or, of
PostgreSQL, to docs/benchmarks-postgres.md.";

/// What to measure.
#[derive(Debug)]
pub(super) struct Args {
    pub(super) engine: Engine,
    pub(super) rounds: usize,
    /// None means all.
    only: Vec<String>,
    pub(super) peers: Vec<&'static str>,
    pub(super) flights_data: Option<PathBuf>,
    /// As given, for the report; without the directory, which is the machine's own.
    pub(super) command: String,
}

/// Whose databases are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres {
        /// The server's major version.
        version: u32,
    },
}

impl Engine {
    /// What the names of the peers' programs end with.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Engine::Sqlite => "",
            Engine::Postgres { .. } => "-postgres",
        }
    }

    /// The names that `--only` takes.
    fn works(self) -> Vec<&'static str> {
        match self {
            Engine::Sqlite => sqlite::names(),
            Engine::Postgres { .. } => postgres::names(),
        }
    }
}

impl Args {
    pub(super) fn parse(args: &[String]) -> Result<Args> {
        let mut parsed = Args {
            engine: Engine::Sqlite,
            rounds: 9,
            only: Vec::new(),
            peers: PEERS.to_vec(),
            flights_data: env::var_os("TRIPLINE_FLIGHTS_DATA").map(PathBuf::from),
            command: "cargo xtask bench".to_owned(),
        };
        let mut engine = "sqlite";
        let mut version = None;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().map(String::as_str).ok_or(USAGE);
            let mut shown = "";
            match arg.as_str() {
                "--quick" => parsed.rounds = 3,
                "--engine" => {
                    engine = value()?;
                    shown = engine;
                }
                "--version" => {
                    shown = value()?;
                    version = Some(shown.parse().map_err(|_| USAGE)?);
                }
                "--rounds" => {
                    shown = value()?;
                    parsed.rounds = shown.parse().ok().filter(|rounds| *rounds > 0).ok_or(USAGE)?;
                }
                "--only" => {
                    shown = value()?;
                    parsed.only.push(shown.to_owned());
                }
                "--peers" => {
                    shown = value()?;
                    parsed.peers = peers(shown)?;
                }
                "--flights-data" => {
                    parsed.flights_data = Some(value()?.into());
                    shown = "DIR";
                }
                _ => return Err(USAGE.into()),
            }
            parsed.command += &format!(" {arg}");
            if !shown.is_empty() {
                parsed.command += &format!(" {shown}");
            }
        }
        parsed.engine = match (engine, version) {
            ("sqlite", None) => Engine::Sqlite,
            ("postgres", version) => Engine::Postgres { version: version.unwrap_or(postgres::VERSION) },
            _ => return Err(USAGE.into()),
        };
        parsed.known()
    }

    /// The arguments, if the engine has the works that they name.
    fn known(self) -> Result<Args> {
        let known = self.engine.works();
        match self.only.iter().find(|work| !known.contains(&work.as_str())) {
            Some(work) => Err(format!("no work `{work}`; there are: {}", known.join(", ")).into()),
            None => Ok(self),
        }
    }

    /// Whether this work is asked for.
    pub(super) fn wants(&self, work: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == work)
    }

    /// Whether the run is one that a report can be made of.
    pub(super) fn is_complete(&self) -> bool {
        self.only.is_empty() && self.peers.len() == PEERS.len() && self.rounds >= 3
    }
}

/// The named peers, in the usual order; always with the one that the others are compared with.
fn peers(names: &str) -> Result<Vec<&'static str>> {
    let names: Vec<&str> = names.split(',').collect();
    if let Some(unknown) = names.iter().find(|name| !PEERS.contains(name)) {
        return Err(format!("no peer `{unknown}`; there are: {}", PEERS.join(", ")).into());
    }
    Ok(PEERS.into_iter().filter(|peer| *peer == BASE || names.contains(peer)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args> {
        Args::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_of_a_run_is_not_complete() {
        assert!(parse("").unwrap().is_complete());
        assert!(parse("--quick").unwrap().is_complete());
        assert!(!parse("--only insert_one").unwrap().is_complete());
        assert!(!parse("--rounds 1").unwrap().is_complete());
        assert_eq!(parse("--peers tripline").unwrap().peers, ["raw", "tripline"]);
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        assert!(parse("--only insert").unwrap_err().to_string().contains("insert_one"));
        assert!(parse("--peers hibernate").unwrap_err().to_string().contains("diesel"));
        assert!(parse("--rounds 0").is_err());
    }

    #[test]
    fn works_are_those_of_the_engine() {
        let postgres = parse("--only insert_10000 --engine postgres").unwrap();
        assert_eq!(postgres.engine, Engine::Postgres { version: 15 });
        assert_eq!(postgres.command, "cargo xtask bench --only insert_10000 --engine postgres");
        assert!(parse("--only insert_10000").is_err());
        assert!(parse("--only flights --engine postgres").is_err());
        assert_eq!(parse("--version 18 --engine postgres").unwrap().engine, Engine::Postgres { version: 18 });
        assert!(parse("--version 18").is_err(), "SQLite's is the peers'");
    }
}
