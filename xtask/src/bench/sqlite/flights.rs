//! The flights example beside a loader written by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    Result,
    bench::{build, stats},
};

const ROUNDS: usize = 3;

/// Both loaders' times.
pub(super) struct Flights {
    /// How many flights each loaded.
    pub(super) flights: std::result::Result<u64, String>,
    /// Seconds, round by round.
    pub(super) raw: Vec<f64>,
    pub(super) tripline: Vec<f64>,
}

impl Flights {
    /// Runs both, in turn; the data is January's, unless said otherwise.
    pub(super) fn measure(root: &Path, data: Option<&Path>) -> Flights {
        let mut flights = Flights { flights: Ok(0), raw: Vec::new(), tripline: Vec::new() };
        let january = root.join("examples/flights/data");
        let run = flights.run(root, data.unwrap_or(&january));
        flights.flights = run.map_err(|error| error.to_string());
        flights
    }

    /// Each round's ratio.
    pub(super) fn ratios(&self) -> Vec<f64> {
        stats::ratios(&self.tripline, &self.raw)
    }

    fn run(&mut self, root: &Path, data: &Path) -> Result<u64> {
        eprintln!("building flights");
        let tripline = build::inside(root, "flights")?;
        let raw = build::beside(root, "flights-raw", "bench-flights-raw")?;
        let dir = root.join("target/bench/data/flights");
        fs::create_dir_all(&dir)?;
        let mut loaded = 0;
        for round in 0..ROUNDS {
            eprint!("\rflights: round {} of {ROUNDS} ", round + 1);
            let file = fresh(&dir)?;
            let by_hand = load(Command::new(&raw).arg("--data").arg(data).arg("--database").arg(&file))?;
            let file = fresh(&dir)?;
            // The loader by hand waits for no sync, so the other does not either.
            let url = format!("sqlite://{}?durability=relaxed", file.display());
            let by_hooks =
                load(Command::new(&tripline).arg("--data").arg(data).args(["--json", "--database", &url]))?;
            if by_hand.0 != by_hooks.0 {
                return Err(format!("raw loaded {} flights, tripline {}", by_hand.0, by_hooks.0).into());
            }
            loaded = by_hand.0;
            self.raw.push(by_hand.1);
            self.tripline.push(by_hooks.1);
        }
        eprintln!();
        fresh(&dir)?;
        Ok(loaded)
    }
}

/// A path at which no database is left.
fn fresh(dir: &Path) -> Result<PathBuf> {
    for name in ["flights.db", "flights.db-wal", "flights.db-shm"] {
        let file = dir.join(name);
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(dir.join("flights.db"))
}

/// Runs a loader; gives the number of flights and the seconds that they took.
fn load(command: &mut Command) -> Result<(u64, f64)> {
    let name = command.get_program().display().to_string();
    let name = name.rsplit('/').next().unwrap_or_default().to_owned();
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {}", message.lines().last().unwrap_or("failed")).into());
    }
    let answer: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{name}: {error}"))?;
    match (answer["flights"].as_u64(), answer["seconds"].as_f64(), answer["verified"].as_bool()) {
        (Some(flights), Some(seconds), Some(true)) => Ok((flights, seconds)),
        _ => Err(format!("{name} did not say that it loaded the flights and found its totals right").into()),
    }
}
