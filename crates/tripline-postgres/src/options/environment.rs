//! [`Environment`]: what the process was started with, or what a test says.

use std::path::{Path, PathBuf};

/// The folder of sockets that Debian's and Red Hat's PostgreSQL use.
const SOCKET_FOLDER: &str = "/var/run/postgresql";

/// Where settings come from that a URL does not say.
pub(super) struct Environment<'e> {
    /// The value of a variable.
    pub(super) variable: &'e dyn Fn(&str) -> Option<String>,
    /// Whether there is such a file or folder.
    pub(super) exists: &'e dyn Fn(&Path) -> bool,
}

/// The environment of this process.
pub(super) const PROCESS: Environment<'static> = Environment { variable: &variable, exists: &Path::exists };

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Environment<'_> {
    /// A variable's value; an empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The operating system's user.
    pub(super) fn user(&self) -> Option<String> {
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| self.get(name))
    }

    /// The host that is meant if none is said.
    pub(super) fn host(&self) -> &'static str {
        if (self.exists)(Path::new(SOCKET_FOLDER)) { SOCKET_FOLDER } else { "localhost" }
    }

    /// That file in the user's home, if it is there.
    pub(super) fn at_home(&self, file: &str) -> Option<PathBuf> {
        let path = Path::new(&self.get("HOME")?).join(file);
        (self.exists)(&path).then_some(path)
    }
}
