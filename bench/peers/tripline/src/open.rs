//! Databases with the shared schema and rows.

use std::path::Path;

use bench_protocol::{Result, Work, setup_statements};
use tripline::{Connect, Db, Durability, TableEntry};

/// A database file that does not exist yet.
pub struct File {
    url: String,
}

impl File {
    /// The file at this path.
    pub fn new(path: &Path) -> Result<Self> {
        // What a URL gives a meaning to. Run directories hold none of it in practice.
        let path = path.to_str().ok_or("the database path is not UTF-8")?;
        Ok(File { url: format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F")) })
    }

    /// Sets the database up for `work` and opens it, waiting for no sync.
    pub async fn open(&self, work: Work, tables: Vec<TableEntry>) -> Result<Db> {
        self.open_with(work, tables, |connect| connect.durability(Durability::Relaxed)).await
    }

    /// [`open`](File::open), with commits that wait for a sync they share.
    pub async fn open_grouped(&self, work: Work, tables: Vec<TableEntry>) -> Result<Db> {
        self.open_with(work, tables, |connect| connect.durability(Durability::Grouped)).await
    }

    /// [`open`](File::open), with no traces kept.
    pub async fn open_untraced(&self, work: Work, tables: Vec<TableEntry>) -> Result<Db> {
        self.open_with(work, tables, |connect| connect.durability(Durability::Relaxed).traces(0)).await
    }

    async fn open_with(
        &self,
        work: Work,
        tables: Vec<TableEntry>,
        how: impl FnOnce(Connect) -> Connect,
    ) -> Result<Db> {
        // The set-up has a handle of its own, since it would fill the measured one's statement
        // cache. It is closed last, else it would move the log into the database, which the
        // other peers have not done at this point.
        let before = Db::open(&self.url).durability(Durability::Relaxed).connect().await?;
        set_up(&before, work).await?;
        let db = how(Db::open(&self.url).tables(tables)).connect().await?;
        before.close().await?;
        Ok(db)
    }
}

/// A database in memory. It has no schema yet.
pub fn in_memory(tables: Vec<TableEntry>) -> Connect {
    Db::open("sqlite::memory:").tables(tables)
}

/// Runs the statements that all peers begin with.
pub async fn set_up(db: &Db, work: Work) -> Result<()> {
    let statements = setup_statements(work);
    // The transaction is Tripline's, since raw SQL may not touch it.
    let inner = statements.iter().filter(|sql| !matches!(sql.as_str(), "BEGIN" | "COMMIT"));
    db.tx(async |tx| {
        for sql in inner {
            tx.raw_execute(sql, []).await?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}
