//! Servers that follow another.

use std::time::{Duration, Instant};

use super::{Cluster, Origin, SUPERUSER, Settings};
use crate::Error;

impl Cluster {
    /// Makes a replica: a server that follows this one, and answers reads.
    ///
    /// It must take as many connections as this one, or it does not start.
    pub fn replica(&self, settings: Settings) -> Result<Cluster, Error> {
        let server = format!("host={} port={} user={SUPERUSER}", self.folder.display(), self.port);
        Cluster::make(&self.binaries, &settings, &Origin::CopyOf(server))
    }

    /// Makes a replica stand still: it still receives what its server writes, but does not show it.
    pub fn pause_replay(&self) -> Result<(), Error> {
        self.psql("postgres", "SELECT pg_wal_replay_pause()")?;
        // The pause is a request until the process that replays sees it.
        self.until("postgres", "SELECT pg_get_wal_replay_pause_state() = 'paused'")
    }

    /// Lets a replica go on.
    pub fn resume_replay(&self) -> Result<(), Error> {
        self.psql("postgres", "SELECT pg_wal_replay_resume()").map(drop)
    }

    /// Waits until a replica shows all that is committed here now.
    pub fn until_replayed(&self, replica: &Cluster) -> Result<(), Error> {
        // A message of its own, which is written to the end: else the last bytes of others might not be for a while.
        let written = self.psql("postgres", "SELECT pg_logical_emit_message(true, 'until', '')")?;
        replica.until("postgres", &format!("SELECT pg_last_wal_replay_lsn() >= '{written}'"))
    }

    /// Waits until a query returns true. It asks again and again: each time is a process and so takes a while.
    pub fn until(&self, database: &str, query: &str) -> Result<(), Error> {
        let (begun, limit) = (Instant::now(), Duration::from_secs(20));
        while self.psql(database, query)? != "t" {
            if begun.elapsed() > limit {
                return Err(Error::TooLate { what: query.to_owned(), limit, log: self.log_tail() });
            }
        }
        Ok(())
    }
}
