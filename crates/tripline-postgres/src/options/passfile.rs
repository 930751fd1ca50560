//! Password files, in libpq's format: lines of `host:port:database:user:password`.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::Host;

/// The password of the first line that fits, or why there is none. The reason names no user.
pub(super) fn password(path: &Path, host: &Host, database: &str, user: &str) -> Result<String, String> {
    let shown = path.display();
    let text = match read(path) {
        Ok(Ok(text)) => text,
        Ok(Err(why)) => return Err(format!("the password file `{shown}` is not used, because {why}")),
        Err(error) => return Err(format!("the password file `{shown}` cannot be read: {error}")),
    };
    find(&text, host, database, user).ok_or_else(|| {
        format!("the password file `{shown}` has no line for this host, port, database and user")
    })
}

/// The file's text, or why libpq would pass over it.
fn read(path: &Path) -> io::Result<Result<String, &'static str>> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(Err("it is no plain file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Ok(Err("others than its owner have permissions for it (`chmod 600` takes them away)"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Ok(text))
}

fn find(text: &str, host: &Host, database: &str, user: &str) -> Option<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let [host_field, port, database_field, user_field, password, ..] = fields.as_slice() else {
                return None;
            };
            let fits = is_host(host_field, host)
                && fits(port, &host.port().to_string())
                && fits(database_field, database)
                && fits(user_field, user);
            // As with libpq, the first line that fits is the one, and an empty password is none.
            fits.then(|| unescaped(password))
        })
        .filter(|password| !password.is_empty())
}

/// The fields as they stand there: a colon after a backslash does not end one.
fn fields(line: &str) -> Vec<&str> {
    let mut escaped = false;
    line.split(|letter| {
        let ends = letter == ':' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })
    .collect()
}

fn is_host(field: &str, host: &Host) -> bool {
    match host {
        Host::Tcp { name, .. } => fits(field, name),
        Host::Unix { folder, .. } => fits(field, "localhost") || fits(field, &folder.to_string_lossy()),
    }
}

fn fits(field: &str, value: &str) -> bool {
    field == "*" || unescaped(field) == value
}

fn unescaped(field: &str) -> String {
    let mut letters = field.chars();
    let mut text = String::with_capacity(field.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next().unwrap_or('\\')),
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# host:port:database:user:password
#h:5432:db:ann:comment

short:line
h:5432:db:ann:plain
h:5433:*:ann:any database
h\\:1:*:*:*:escaped host
h2:*:*:b\\\\c:a\\:b\\\\c:not this
h3:*:\\*:*:star
localhost:*:*:*:local
/run/pg2:*:*:ann:own folder
empty:*:*:*:
empty:*:*:*:second
*:*:*:joe:joe's\r
";

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let found = |host: &str, port, database, user| find(FILE, &Host::named(host, port), database, user);
        for (host, port, database, user, expected) in [
            ("h", 5432, "db", "ann", Some("plain")),
            ("h", 5432, "db", "bob", None),
            ("h", 5433, "x", "ann", Some("any database")),
            ("h:1", 1, "x", "y", Some("escaped host")),
            ("h2", 1, "x", "b\\c", Some("a:b\\c")),
            ("h3", 1, "*", "y", Some("star")),
            ("h3", 1, "x", "y", None),
            ("/run/pg", 5432, "db", "ann", Some("local")),
            ("/run/pg2", 5432, "db", "ann", Some("local")),
            ("empty", 1, "x", "y", None),
            ("far", 1, "x", "joe", Some("joe's")),
            ("short", 5432, "db", "ann", None),
        ] {
            assert_eq!(
                found(host, port, database, user).as_deref(),
                expected,
                "{host} {port} {database} {user}"
            );
        }
        let own = find("/run/pg2:*:*:ann:own", &Host::named("/run/pg2", 1), "x", "ann");
        assert_eq!(own.as_deref(), Some("own"));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_may_read_is_not_used() {
        use std::{fs, os::unix::fs::PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:secret\n").unwrap();
        let host = Host::named("h", 5432);
        let get = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            password(&path, &host, "db", "ann")
        };
        assert_eq!(get(0o600).unwrap(), "secret");
        for mode in [0o640, 0o604, 0o660] {
            let why = get(mode).unwrap_err();
            assert!(why.contains("chmod 600") && !why.contains("secret"), "{why}");
        }
        let why = password(&folder.path().join("none"), &host, "db", "ann").unwrap_err();
        assert!(why.contains("cannot be read"), "{why}");
        let why = password(folder.path(), &host, "db", "ann").unwrap_err();
        assert!(why.contains("no plain file"), "{why}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "other:*:*:*:secret\n").unwrap();
        let why = password(&path, &host, "db", "ann").unwrap_err();
        assert!(why.contains("has no line") && !why.contains("ann"), "{why}");
    }
}
