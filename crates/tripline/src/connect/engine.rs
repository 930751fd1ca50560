//! Which driver a URL asks for, and the settings that it gets.

use tripline_core::{Driver, Error, Result, StatementLog, TableRef};

/// Settings that the driver gets.
#[derive(Default)]
pub(super) struct EngineSettings {
    pub(super) log: Option<StatementLog>,
    pub(super) replicas: Vec<String>,
    #[cfg(feature = "sqlite")]
    pub(super) durability: Option<crate::Durability>,
    #[cfg(feature = "sqlite")]
    pub(super) sqlite: Option<Box<dyn FnOnce(&mut tripline_sqlite::Options) + Send>>,
    #[cfg(feature = "postgres")]
    pub(super) postgres: Option<Box<dyn FnOnce(&mut tripline_postgres::Options) + Send>>,
}

impl EngineSettings {
    /// Opens the database that the URL names.
    pub(super) async fn open(self, url: &str, tables: &[TableRef]) -> Result<Box<dyn Driver>> {
        let Some((scheme, _)) = url.split_once(':') else {
            // Settings in another form than a URL's may hold a password.
            if url.contains(['=', '@', ' ']) {
                return Err(setup(
                    "that is no URL: for PostgreSQL it is `postgres://user:password@host:5432/database`, for a file of \
                     SQLite `sqlite://path`"
                        .to_owned(),
                ));
            }
            return Err(setup(format!("`{url}` is no URL: for a file it is `sqlite://{url}`")));
        };
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => self.open_sqlite(url, tables).await,
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => self.open_postgres(url, tables).await,
            #[cfg(not(feature = "sqlite"))]
            "sqlite" => Err(setup("for SQLite switch on the feature `sqlite` of `tripline`".to_owned())),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => {
                Err(setup("for PostgreSQL switch on the feature `postgres` of `tripline`".to_owned()))
            }
            _ => Err(setup(format!(
                "no engine for URLs that begin with `{scheme}:`; there are `sqlite:` and `postgres:`"
            ))),
        }
    }

    #[cfg(feature = "sqlite")]
    async fn open_sqlite(self, url: &str, tables: &[TableRef]) -> Result<Box<dyn Driver>> {
        if !self.replicas.is_empty() {
            return Err(setup("SQLite has no replicas: it is in this process".to_owned()));
        }
        let mut options = tripline_sqlite::Options::from_url(url)?;
        if let Some(durability) = self.durability {
            options.durability = durability;
        }
        if let Some(change) = self.sqlite {
            change(&mut options);
        }
        options.log = self.log.or(options.log);
        let tables = tables.to_vec();
        let opened =
            tokio::task::spawn_blocking(move || tripline_sqlite::Sqlite::open(options, &tables)).await;
        let driver = opened.map_err(|error| setup(format!("opening the database: {error}")))??;
        Ok(Box::new(driver))
    }

    #[cfg(feature = "postgres")]
    async fn open_postgres(self, url: &str, tables: &[TableRef]) -> Result<Box<dyn Driver>> {
        let mut options = tripline_postgres::Options::from_url(url)?;
        for replica in &self.replicas {
            options.replicas.push(tripline_postgres::Options::from_url(replica)?);
        }
        if let Some(change) = self.postgres {
            change(&mut options);
        }
        options.log = self.log.or(options.log);
        Ok(Box::new(tripline_postgres::Postgres::open(options, tables).await?))
    }
}

fn setup(why: String) -> Error {
    Error::Setup(why.into())
}
