//! When a user goes, its profile and organizations go, too.
//!
//! That is no hook's job: the foreign keys say it, and hold against other programs as well. Hooks of the tables below run
//! as if their rows had been deleted one table at a time, and before the user goes: one of them can refuse, which undoes
//! all of it. Files outside of the database are removed *after the commit*, when the rows are gone for good.

use tokio::sync::mpsc::UnboundedSender;
use tripline::{BeforeDeleteRows, OnAfterDeleteCommit, prelude::*};

#[derive(Table, Clone, Debug)]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Table, Clone, Debug)]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user: Id<User>,
    pub avatar: Option<String>,
}

#[derive(Table, Clone, Debug)]
#[table(hook_rows(Debt))]
pub struct Organization {
    #[key]
    pub id: Id<Organization>,
    #[references(User, on_delete = cascade)]
    pub owner: Id<User>,
    pub name: String,
    #[default(0)]
    pub owes: i64,
}

#[derive(Row)]
#[row(of = Organization)]
pub struct Debt {
    name: String,
    owes: i64,
}

impl BeforeDeleteRows for Debt {
    async fn before_delete_rows(_: &mut Tx<'_>, organizations: &[Debt]) -> Result<()> {
        match organizations.iter().find(|organization| organization.owes > 0) {
            Some(debtor) => Err(Error::reject(format!("{} still owes {}", debtor.name, debtor.owes))),
            None => Ok(()),
        }
    }
}

/// Names files that nobody needs any more.
#[derive(Observer)]
#[observes(Profile)]
pub struct Files(pub UnboundedSender<String>);

impl OnAfterDeleteCommit<Profile> for Files {
    async fn after_delete_commit(&self, _: &Db, profiles: &[Profile]) -> Result<()> {
        for avatar in profiles.iter().filter_map(|profile| profile.avatar.clone()) {
            self.0.send(avatar).map_err(Error::custom)?;
        }
        Ok(())
    }
}
