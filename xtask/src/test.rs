//! `cargo xtask test`: all tests of the workspace, then the checks that are no tests.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::{postgres::Servers, rules};

/// Runs everything, and closes with one line for all tests together.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let servers = Servers::from_env_or_start()?;
    let (name, urls) = servers.variable();
    let mut counts = Counts::default();
    cargo_test(root, &["test", "--workspace", "--no-fail-fast"], (name, &urls), &mut counts)?;
    drop(servers);
    // They start servers of their own, of one version.
    let faults = ["test", "-p", "tripline-suite", "--test", "postgres_faults", "--test", "postgres_replicas"];
    cargo_test(root, &faults, ("TRIPLINE_TEST_FAULTS_VERSION", "18"), &mut counts)?;
    let plain = ["test", "-p", "tripline-postgres", "--no-default-features"];
    cargo_test(root, &plain, ("RUST_BACKTRACE", "0"), &mut counts)?;
    println!("\nrules of docs/lifecycle.md and their tests:");
    rules::run(root)?;
    engine_is_not_generic(root)?;
    errors_are_documented(root)?;
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    Ok(())
}

/// How many tests there were, over all test programs.
#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs cargo, shows what it prints, and counts the tests that it reports.
fn cargo_test(
    root: &Path,
    arguments: &[&str],
    (name, value): (&str, &str),
    counts: &mut Counts,
) -> Result<(), String> {
    println!("$ cargo {}", arguments.join(" "));
    let failed = |error: std::io::Error| format!("cargo could not be run: {error}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root).env(name, value).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let before = (counts.passed, counts.failed);
    let mut output = BufReader::new(child.stdout.take().ok_or("cargo's output is not there")?);
    let mut line = Vec::new();
    // By bytes: a test may print what is not UTF-8.
    while output.read_until(b'\n', &mut line).map_err(failed)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        counts.add(&text);
        line.clear();
    }
    match child.wait().map_err(failed)?.success() {
        true if counts.passed == before.0 => Err("no test was run".to_owned()),
        true => Ok(()),
        false => Err(format!("`cargo {}` failed: {} tests", arguments.join(" "), counts.failed - before.1)),
    }
}

impl Counts {
    /// Adds a line such as `test result: ok. 5 passed; 0 failed; ..`.
    fn add(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        let number = |word: &str| {
            let before = result.split_once(word).map(|(before, _)| before.trim_end())?;
            before.rsplit(' ').next()?.parse::<u64>().ok()
        };
        self.passed += number(" passed").unwrap_or_default();
        self.failed += number(" failed").unwrap_or_default();
    }
}

/// The engine is not generic over tables: code for each table would make every application large and slow to build.
fn engine_is_not_generic(root: &Path) -> Result<(), String> {
    let mut paths = vec![root.join("crates/tripline/src/lifecycle.rs")];
    rules::rust_files(&root.join("crates/tripline/src/lifecycle"), &mut paths)?;
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

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured\n");
        counts.add("test result: FAILED. 1 passed; 3 failed; 0 ignored\n");
        counts.add("test a ... ok\n");
        assert_eq!((counts.passed, counts.failed), (6, 3));
    }
}
