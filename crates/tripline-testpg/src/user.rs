//! Who runs a server. PostgreSQL refuses to run as root, and containers often have nobody else.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use crate::Error;

/// The user that servers run as, if it is not the one that runs the tests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    other: Option<(u32, u32)>,
}

impl User {
    /// The user for servers on this machine.
    pub(crate) fn of_servers() -> Result<User, Error> {
        if !is_root()? {
            return Ok(User { other: None });
        }
        let file = "/etc/passwd";
        let passwd = fs::read_to_string(file).map_err(Error::io(file))?;
        let ids = ["postgres", "nobody"].iter().find_map(|name| ids(&passwd, name));
        match ids {
            Some(ids) => Ok(User { other: Some(ids) }),
            None => Err(Error::State(
                "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: create one",
            )),
        }
    }

    /// Makes the command run as this user.
    pub(crate) fn run<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match self.other {
            Some((user, group)) => command.uid(user).gid(group),
            None => command,
        }
    }

    /// Gives a file or folder to this user.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        let Some((user, group)) = self.other else { return Ok(()) };
        chown(path, Some(user), Some(group)).map_err(Error::io(format!("{}", path.display())))
    }
}

/// Whether this process is root's: what it creates is.
fn is_root() -> Result<bool, Error> {
    let file = tempfile::tempfile().and_then(|file| file.metadata());
    Ok(file.map_err(Error::io("a temporary file"))?.uid() == 0)
}

/// The user's and its group's number, from the lines of `/etc/passwd`.
fn ids(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn users_are_read_from_the_lines_of_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:admin:/var/lib:/bin/bash\n";
        assert_eq!(ids(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids(passwd, "nobody"), None);
    }
}
