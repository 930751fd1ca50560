//! [`Place`]: where a test gets its databases from.

use std::{
    env, process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tripline::{Connect, Db, TableEntry};

/// SQLite in memory, or a PostgreSQL server; there each database is dropped when its test has ended.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The URL of a database from which others can be made.
    server: Option<String>,
    made: Mutex<Vec<String>>,
}

impl Place {
    pub(crate) fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// A fresh database with these tables and what `with` adds.
    pub(crate) async fn connect(&self, tables: Vec<TableEntry>, with: impl FnOnce(Connect) -> Connect) -> Db {
        let db =
            with(Db::open(&self.url().await).tables(tables)).connect().await.expect("the database opens");
        db.create_tables().await.expect("the tables are created");
        db
    }

    /// A fresh database with these tables.
    pub(crate) async fn db(&self, tables: Vec<TableEntry>) -> Db {
        self.connect(tables, |connect| connect).await
    }

    async fn url(&self) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let Some(server) = &self.server else { return "sqlite::memory:".to_owned() };
        let name = format!("seed_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let admin = Db::open(server).connect().await.expect("the server can be reached");
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy");
        admin.raw_execute(&sql, []).await.expect("a database is made");
        let (before, query) = server.split_once('?').unwrap_or((server, ""));
        let (authority, _) = before.rsplit_once('/').expect("the URL names a database");
        let url = format!("{authority}/{name}?{query}");
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        url
    }

    async fn clean_up(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(server) = &self.server else { return };
        let admin = Db::open(server).connect().await.expect("the server can be reached");
        for name in made {
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            admin.raw_execute(&sql, []).await.expect("a database is dropped");
        }
    }
}

/// Runs a test in each place, one after the other.
pub(crate) async fn everywhere<F>(test: fn(Arc<Place>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let servers = env::var("TRIPLINE_TEST_POSTGRES").unwrap_or_default();
    let servers = servers.split_whitespace().map(|url| Some(url.to_owned()));
    for server in std::iter::once(None).chain(servers) {
        let place = Arc::new(Place { server, ..Place::default() });
        println!("on {}", place.server.as_deref().unwrap_or("SQLite"));
        let done = tokio::spawn(test(place.clone())).await;
        place.clean_up().await;
        if let Err(failed) = done {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}
