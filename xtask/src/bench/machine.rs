//! Where and when the numbers come from.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::Path,
    process::Command,
    thread,
    time::Instant,
};

use super::stats::median;
use crate::Result;

/// The number of cores and their model.
pub(super) fn cores() -> String {
    let count = thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("of unknown model", |(_, model)| model.trim());
    format!("{count} cores, {model}")
}

/// Today, in UTC.
pub(super) fn today() -> String {
    first_line(Command::new("date").args(["-u", "+%F"]))
}

/// The compiler that the workspace is built with.
pub(super) fn rustc(root: &Path) -> String {
    first_line(Command::new("rustc").arg("--version").current_dir(root))
}

/// How long the disk takes to make two written pages durable, as a commit asks of it, in nanoseconds.
///
/// Without it the works that wait for the disk mean little: it is 20 µs where the disk of a virtual machine is its
/// host's memory, and some ms where it is a disk. It is measured on the disk of this folder.
pub(super) fn sync(folder: &Path) -> Result<f64> {
    let path = folder.join("sync");
    let mut file = File::create(&path)?;
    let pages = [1; 8192];
    // Overwritten, as a log is that has reached its usual length.
    file.write_all(&pages)?;
    file.sync_all()?;
    let mut times = Vec::new();
    for _ in 0..500 {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&pages)?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed().as_nanos() as f64);
    }
    fs::remove_file(&path)?;
    Ok(median(&times).unwrap_or_default())
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
