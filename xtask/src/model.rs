//! `cargo xtask model --programs N`: random programs on the reference model of the lifecycle, and on all engines.

use std::{path::Path, process::Command};

use crate::postgres::Servers;

const USAGE: &str = "usage: cargo xtask model [--programs N]";

/// How many programs run if nobody says: more than the tests run.
const PROGRAMS: u32 = 20_000;

/// Runs them; an error shows the smallest program that does something else than the model.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let programs = match args {
        [] => PROGRAMS,
        [name, number] if name == "--programs" => number.parse().map_err(|_| USAGE.to_owned())?,
        _ => return Err(USAGE.to_owned()),
    };
    let servers = Servers::from_env_or_start()?;
    let (name, urls) = servers.variable();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--release", "-p", "tripline-suite", "--test", "model", "--", "--nocapture"])
        .current_dir(root)
        .env(name, urls)
        .env("PROPTEST_CASES", programs.to_string())
        .status()
        .map_err(|error| format!("cargo could not be run: {error}"))?;
    match status.success() {
        true => {
            println!("{programs} programs did what the model says");
            Ok(())
        }
        false => Err("the model and an engine disagree; the smallest program stands above".to_owned()),
    }
}
