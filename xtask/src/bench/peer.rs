//! A peer's process: built, started once, asked line by line.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use super::{args::Engine, build};
use crate::Result;

/// A peer, running or not.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// The process, or why there is none.
    pub(super) process: std::result::Result<Process, String>,
}

/// A running peer.
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What it says of itself.
    pub(super) version: String,
    /// The version of its SQLite, or the crate that speaks with the server.
    pub(super) beneath: String,
}

/// Why there is no time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// The peer cannot do this work.
    Unsupported(String),
    /// It should have.
    Error(String),
}

impl Peer {
    /// Builds and starts a peer. Whatever goes wrong is kept, to be shown in its place in the tables.
    pub(super) fn start(root: &Path, name: &'static str, engine: Engine) -> Peer {
        let program = format!("{name}{}", engine.suffix());
        eprintln!("building {program}");
        let process = Process::start(root, &program).map_err(|error| error.to_string());
        if let Err(why) = &process {
            eprintln!("  {why}");
        }
        Peer { name, process }
    }

    /// Asks for some units of a work; gives the nanoseconds that they took together.
    fn ask(&mut self, request: &Value) -> std::result::Result<u64, Failure> {
        let process = self.process.as_mut().map_err(|why| Failure::Error(why.clone()))?;
        let answer = process.ask(request).map_err(|error| Failure::Error(error.to_string()));
        let failure = |key: &str, answer: &Value| answer[key].as_str().map(str::to_owned);
        match answer {
            Ok(answer) => match answer["ns"].as_u64() {
                Some(ns) => Ok(ns),
                None => Err(failure("unsupported", &answer)
                    .map(Failure::Unsupported)
                    .or_else(|| failure("error", &answer).map(Failure::Error))
                    .unwrap_or_else(|| Failure::Error(format!("answered {answer}")))),
            },
            Err(error) => {
                // It can be out of step, or gone: nothing it says later could be trusted.
                self.process = Err("ended early".to_owned());
                Err(error)
            }
        }
    }
}

/// Asks a peer for `n` units; gives the nanoseconds for each.
pub(super) fn ask(
    peers: &mut [Peer],
    name: &str,
    n: u64,
    request: &Value,
) -> std::result::Result<f64, Failure> {
    let peer = peers.iter_mut().find(|peer| peer.name == name);
    let peer = peer.ok_or_else(|| Failure::Error(format!("{name} was not started")))?;
    Ok(peer.ask(request)? as f64 / n as f64)
}

impl Process {
    fn start(root: &Path, program: &str) -> Result<Process> {
        let path = build::beside(root, &format!("peers/{program}"), &format!("bench-peer-{program}"))?;
        let data = root.join("target/bench/data").join(program);
        let mut command = Command::new(path);
        let mut child = command.arg(data).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("the peer has no output")?);
        let mut process = Process { child, input, output, version: String::new(), beneath: String::new() };
        let hello = process.read()?;
        let text = |key: &str| hello[key].as_str().map(str::to_owned);
        process.version = text("version").unwrap_or_else(|| "unknown".to_owned());
        process.beneath = text("sqlite").or_else(|| text("driver")).unwrap_or_else(|| "unknown".to_owned());
        Ok(process)
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        let input = self.input.as_mut().ok_or("the peer has no input")?;
        writeln!(input, "{request}")?;
        input.flush()?;
        self.read()
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the peer ended without an answer".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends a peer. One that does not listen is not waited for.
        drop(self.input.take());
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }
}
