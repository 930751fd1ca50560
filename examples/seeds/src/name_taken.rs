//! A name is taken once.
//!
//! The unique constraint is what makes it true, on all paths and for whoever comes at the same time. The hook *before
//! create* only says it in words of the application, where the name was taken long before.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
pub struct Project {
    #[key]
    pub id: Id<Project>,
    #[unique]
    pub name: String,
}

impl BeforeCreate for Project {
    async fn before_create(tx: &mut Tx<'_>, projects: &mut [NewProject]) -> Result<()> {
        let names: Vec<String> = projects.iter().filter_map(|p| p.name.get().cloned()).collect();
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(Error::reject("a project needs a name"));
        }
        match tx.find::<Project>().filter(|p| p.name.is_in(names)).first().await? {
            Some(taken) => Err(Error::reject(format!("the name {} is taken", taken.name))),
            None => Ok(()),
        }
    }
}
