//! [`Options`]: where the database is and how it is used, also from a URL.

use std::{fs::File, io, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use tripline_core::{Error, Result, StatementLog};

/// The longest time that SQLite can be told to wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_millis(i32::MAX as u64);

/// How a file is synced.
pub(crate) type SyncFile = Arc<dyn Fn(&File) -> io::Result<()> + Send + Sync>;

/// Where the database is and how it is used.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// A file, or memory.
    pub location: Location,
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// How many reader connections there may be.
    pub readers: usize,
    /// How long another process's lock is waited for.
    pub busy_timeout: Duration,
    /// How long a connection of this process is waited for.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Option<Duration>,
    /// The largest size of the database, in pages.
    pub max_page_count: Option<u32>,
    /// Whether a file that is not there is made.
    pub create: bool,
    /// Records the statements that are sent.
    pub log: Option<StatementLog>,
    /// How the log file is synced: tests put a failing disk here.
    #[doc(hidden)]
    pub sync: SyncFile,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In this file.
    File(PathBuf),
    /// In memory: one connection, gone when it closes.
    Memory,
}

/// When a commit is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When a sync of the log, shared by all that wait, has put it on the disk.
    #[default]
    Grouped,
    /// When its own sync has put it on the disk; nobody sees it before.
    Strict,
    /// At once. A crash of the machine, not of the process, may lose the last commits; the database stays whole.
    Relaxed,
}

impl Options {
    /// The defaults, for this place.
    pub fn new(location: Location) -> Options {
        Options {
            location,
            durability: Durability::default(),
            readers: std::thread::available_parallelism().map_or(4, |n| n.get().max(4)),
            busy_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: None,
            max_page_count: None,
            create: true,
            log: None,
            sync: Arc::new(File::sync_data),
        }
    }

    /// The options that a URL says: `sqlite://app.db?durability=strict`, `sqlite:///var/app.db`, `sqlite::memory:`.
    ///
    /// Parameters: `durability` (grouped, strict, relaxed), `readers`, `mode` (rw: the file must be there; rwc),
    /// `busy_timeout`, `acquire_timeout` and `statement_timeout` in milliseconds, `max_page_count`.
    pub fn from_url(url: &str) -> Result<Options> {
        let setup = |why: String| Error::Setup(why.into());
        // Of another engine's URL only the scheme is shown: the rest may hold a password.
        let scheme = url.split(':').next().unwrap_or_default();
        let rest =
            url.strip_prefix("sqlite:").ok_or_else(|| setup(format!("`{scheme}:` is no URL of SQLite")))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let place = place.strip_prefix("//").unwrap_or(place);
        let location = match place {
            "" => {
                return Err(setup(
                    "the database's URL names no file; for memory it is `sqlite::memory:`".to_owned(),
                ));
            }
            ":memory:" => Location::Memory,
            "memory:" | "memory" => {
                return Err(setup(
                    "for memory the database's URL is `sqlite::memory:`, with two colons".to_owned(),
                ));
            }
            path => Location::File(PathBuf::from(percent_decoded(path).map_err(setup)?)),
        };
        let mut options = Options::new(location);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            options
                .set(name, value)
                .map_err(|why| setup(format!("the parameter `{name}` of the database's URL: {why}")))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        fn number<N: FromStr>(value: &str) -> Result<N, String> {
            value.parse().map_err(|_| "a number is needed".to_owned())
        }
        let millis = || number(value).map(Duration::from_millis);
        match name {
            "durability" => {
                self.durability = match value {
                    "grouped" => Durability::Grouped,
                    "strict" => Durability::Strict,
                    "relaxed" => Durability::Relaxed,
                    _ => return Err("it is grouped, strict or relaxed".to_owned()),
                }
            }
            "mode" => {
                self.create = match value {
                    "rwc" => true,
                    "rw" => false,
                    _ => return Err("it is rw or rwc".to_owned()),
                }
            }
            "readers" => self.readers = number(value)?,
            "busy_timeout" => self.busy_timeout = millis()?.min(LONGEST_WAIT),
            "acquire_timeout" => self.acquire_timeout = millis()?,
            "statement_timeout" => self.statement_timeout = Some(millis()?),
            "max_page_count" => self.max_page_count = Some(number(value)?),
            _ => {
                return Err("unknown; there are durability, mode, readers, busy_timeout, acquire_timeout, \
                            statement_timeout and max_page_count"
                    .to_owned());
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("location", &self.location)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err(format!("`{text}` has a percent sign without two hexadecimal digits")),
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("`{text}` is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_database_is_and_how_it_is_used() {
        let file = |url| match Options::from_url(url).unwrap().location {
            Location::File(path) => path.to_str().unwrap().to_owned(),
            Location::Memory => ":memory:".to_owned(),
        };
        assert_eq!(file("sqlite://app.db"), "app.db");
        assert_eq!(file("sqlite:///var/my%20app.db?readers=2"), "/var/my app.db");
        assert_eq!(file("sqlite::memory:"), ":memory:");
        let options = Options::from_url("sqlite:a.db?durability=strict&busy_timeout=250&mode=rw").unwrap();
        assert_eq!((options.durability, options.create), (Durability::Strict, false));
        assert_eq!(options.busy_timeout, Duration::from_millis(250));
    }

    #[test]
    fn a_wrong_url_says_what_would_be_right() {
        for (url, needle) in [
            ("sqlite://", "sqlite::memory:"),
            ("sqlite:memory:", "two colons"),
            ("postgres://x", "no URL of SQLite"),
            ("sqlite://a?durabilty=strict", "there are durability"),
            ("sqlite://a?durability=max", "grouped, strict or relaxed"),
            ("sqlite://a?readers=many", "a number"),
            ("sqlite://a%2", "hexadecimal"),
        ] {
            let error = Options::from_url(url).unwrap_err().to_string();
            assert!(error.contains(needle), "{url}: {error}");
        }
    }
}
