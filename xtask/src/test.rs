//! `cargo xtask test`: all tests of the workspace, then the checks that are no tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::rules;

/// Runs everything; stops at the first failure.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    cargo(root, &["test", "--workspace", "--no-fail-fast"])?;
    println!("\nrules of docs/lifecycle.md and their tests:");
    rules::run(root)?;
    engine_is_not_generic(root)?;
    errors_are_documented(root)
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<(), String> {
    println!("$ cargo {}", arguments.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(arguments).current_dir(root).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`cargo {}` failed", arguments.join(" "))),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

/// The engine is not generic over tables: code for each table would make every application large and slow to build.
fn engine_is_not_generic(root: &Path) -> Result<(), String> {
    let engine = root.join("crates/tripline/src/lifecycle");
    let files = fs::read_dir(&engine).map_err(|error| format!("{}: {error}", engine.display()))?;
    let mut paths: Vec<PathBuf> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.push(root.join("crates/tripline/src/lifecycle.rs"));
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for (i, line) in text.lines().enumerate() {
            if [": Table>", ": Table,", ": Table {", ": Row>", ": Row,", ": Row<"]
                .iter()
                .any(|bound| line.contains(bound))
            {
                return Err(format!(
                    "{}:{}: the engine may not be generic over tables: {line}",
                    path.display(),
                    i + 1
                ));
            }
        }
    }
    Ok(())
}

/// Each error's code has its section in `docs/errors.md`, and each section its code.
fn errors_are_documented(root: &Path) -> Result<(), String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"));
    let (code, page) = (read("crates/tripline-core/src/error.rs")?, read("docs/errors.md")?);
    let body = code.split("pub fn code(&self)").nth(1).and_then(|rest| rest.split("\n    }").next());
    let quoted = body.into_iter().flat_map(|body| body.split('"').skip(1).step_by(2));
    let mut codes: Vec<&str> = quoted.collect();
    let mut sections: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(|s| s.trim_matches('`')).collect();
    codes.sort_unstable();
    sections.sort_unstable();
    sections.retain(|section| !section.contains(' '));
    if codes.is_empty() || codes != sections {
        return Err(format!("docs/errors.md and the codes of `Error` differ:\n{sections:?}\n{codes:?}"));
    }
    Ok(())
}
