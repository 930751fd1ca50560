//! The command line of `cargo xtask bench`.

use std::{env, path::PathBuf};

use super::{BASE, PEERS, works};
use crate::Result;

const USAGE: &str = "usage: cargo xtask bench [--rounds R] [--quick] [--only WORK]... [--peers a,b]
                         [--flights-data DIR]

  --rounds R          how often each peer is asked for each work (9)
  --quick             3 rounds
  --only WORK         only this work; may be given several times
  --peers a,b         only these peers, and raw
  --flights-data DIR  the data of the flights, else $TRIPLINE_FLIGHTS_DATA, else January's, which is here

All peers, works and at least 3 rounds make a complete run, which is written to docs/benchmarks.md.";

/// What to measure.
#[derive(Debug)]
pub(super) struct Args {
    pub(super) rounds: usize,
    /// None means all.
    only: Vec<String>,
    pub(super) peers: Vec<&'static str>,
    pub(super) flights_data: Option<PathBuf>,
    /// As given, for the report; without the directory, which is the machine's own.
    pub(super) command: String,
}

impl Args {
    pub(super) fn parse(args: &[String]) -> Result<Args> {
        let mut parsed = Args {
            rounds: 9,
            only: Vec::new(),
            peers: PEERS.to_vec(),
            flights_data: env::var_os("TRIPLINE_FLIGHTS_DATA").map(PathBuf::from),
            command: "cargo xtask bench".to_owned(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().map(String::as_str).ok_or(USAGE);
            let shown = match arg.as_str() {
                "--quick" => {
                    parsed.rounds = 3;
                    String::new()
                }
                "--rounds" => {
                    let rounds = value()?;
                    parsed.rounds = rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or(USAGE)?;
                    format!(" {rounds}")
                }
                "--only" => {
                    let work = value()?;
                    if !works::names().any(|name| name == work) {
                        let known: Vec<&str> = works::names().collect();
                        return Err(format!("no work `{work}`; there are: {}", known.join(", ")).into());
                    }
                    parsed.only.push(work.to_owned());
                    format!(" {work}")
                }
                "--peers" => {
                    let names = value()?;
                    parsed.peers = peers(names)?;
                    format!(" {names}")
                }
                "--flights-data" => {
                    parsed.flights_data = Some(value()?.into());
                    " DIR".to_owned()
                }
                _ => return Err(USAGE.into()),
            };
            parsed.command += &format!(" {arg}{shown}");
        }
        Ok(parsed)
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
}
