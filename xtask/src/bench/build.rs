//! Building what is measured.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::Result;

/// Builds a workspace of its own under `bench/` and gives the path of its program.
pub(super) fn beside(root: &Path, workspace: &str, program: &str) -> Result<PathBuf> {
    let target = root.join("target/bench");
    let manifest = root.join("bench").join(workspace).join("Cargo.toml");
    cargo(Command::new("cargo").arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(program))
}

/// Builds a package of the main workspace and gives the path of its program.
pub(super) fn inside(root: &Path, package: &str) -> Result<PathBuf> {
    let target = root.join("target");
    let manifest = root.join("Cargo.toml");
    let mut command = Command::new("cargo");
    cargo(
        command
            .args(["--package", package, "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join("release").join(package))
}

fn cargo(options: &mut Command) -> Result<()> {
    // The subcommand comes first, so the options are carried over.
    let mut command = Command::new(options.get_program());
    command.args(["build", "--release", "--locked", "--quiet"]).args(options.get_args());
    let built = command.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if built.status.success() {
        Ok(())
    } else {
        Err(first_error(&String::from_utf8_lossy(&built.stderr)).into())
    }
}

/// The first error of a build's output: one line, to stand in a table.
fn first_error(output: &str) -> String {
    let line = output.lines().find(|line| line.starts_with("error")).unwrap_or("error: the build failed");
    format!("does not build: {line}")
}

#[cfg(test)]
mod tests {
    use super::first_error;

    #[test]
    fn of_a_failed_build_the_first_error_is_shown() {
        let output = "warning: unused\nerror[E0425]: cannot find x\n --> a.rs\nerror: aborting\n";
        assert_eq!(first_error(output), "does not build: error[E0425]: cannot find x");
    }
}
