//! Tasks of the project: `cargo xtask test`, `postgres`, `rules`, `model`, `bench`. Each task is a module; here is only the
//! choice.

mod bench;
mod model;
mod postgres;
mod rules;
mod test;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What a task ends with: any error ends the program with its message.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: cargo xtask TASK [OPTIONS]\n\ntasks:\n  test      runs all tests and checks\n  postgres  keeps servers for tests run by hand\n  rules     lists the rules and their tests\n  model     runs random programs on a reference model and on all engines; --programs N\n  bench     measures Tripline beside its peers";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let task = args.next();
    let rest: Vec<String> = args.collect();
    let done = match task.as_deref() {
        Some("test") => test::run(&root()).map_err(Into::into),
        Some("postgres") => postgres::run().map_err(Into::into),
        Some("model") => model::run(&root(), &rest).map_err(Into::into),
        Some("rules") => rules::run(&root()).map_err(Into::into),
        Some("bench") => bench::run(&rest),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
