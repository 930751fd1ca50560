//! The stars of repositories come from another service, by the same operations as rows of the database.
//!
//! *Resolve find* and *resolve count*: they answer in the database's place, which never hears of it. The resolver is asked
//! for the operation as other hooks left it; `choose` applies its condition, order and limits to what the service gave.

use std::sync::Arc;

use tokio::sync::Mutex;
use tripline::{FilterReads, OnResolveCount, OnResolveFind, ReadPlan, Resolving, prelude::*};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "repositories")]
pub struct Repository {
    #[key]
    pub id: Id<Repository>,
    pub name: String,
    pub stars: i64,
    pub private: bool,
}

impl FilterReads for Repository {
    fn filter_reads(reads: &mut ReadPlan<'_, Repository>) -> Result<()> {
        reads.filter(|r| r.private.eq(false));
        Ok(())
    }
}

/// The other service, and how often it was asked.
#[derive(Clone, Debug, Default)]
pub struct Service {
    pub repositories: Vec<Repository>,
    pub asked: Arc<Mutex<u32>>,
}

impl Service {
    async fn fetch(&self) -> Result<Vec<Repository>> {
        *self.asked.lock().await += 1;
        if self.repositories.is_empty() {
            return Err(Error::custom(std::io::Error::other("the service is down")));
        }
        Ok(self.repositories.clone())
    }
}

#[derive(Observer)]
#[observes(Repository)]
pub struct Remote(pub Service);

impl OnResolveFind<Repository> for Remote {
    async fn resolve_find(&self, ask: &Resolving<'_, Repository>) -> Result<Vec<Repository>> {
        ask.choose(self.0.fetch().await?)
    }
}

impl OnResolveCount<Repository> for Remote {
    async fn resolve_count(&self, ask: &Resolving<'_, Repository>) -> Result<u64> {
        Ok(ask.choose(self.0.fetch().await?)?.len() as u64)
    }
}
