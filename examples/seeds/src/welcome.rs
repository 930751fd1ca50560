//! A default profile, a personal organization and a welcome mail for each new user.
//!
//! The rows are made *after create*, in the user's transaction: either all of them are there or none. They need the key
//! that the database gave the user, so before is too early. The mail is sent *after the commit*, since it cannot be
//! rolled back, by an observer, since it needs something that sends.

use tokio::sync::mpsc::UnboundedSender;
use tripline::{AfterCreate, BeforeCreate, OnAfterCreateCommit, prelude::*};

#[derive(Table, Clone)]
#[table(hook_rows(Newcomer))]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    #[unique]
    pub email: String,
    pub image: Option<String>,
    #[secret]
    pub password: String,
}

/// What the hooks need of a user; the password is not among it.
#[derive(Row, Clone, Debug)]
#[row(of = User)]
pub struct Newcomer {
    pub id: Id<User>,
    pub name: String,
    pub email: String,
    pub image: Option<String>,
}

#[derive(Table, Clone, Debug)]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user: Id<User>,
    #[default(String::new())]
    pub bio: String,
    pub avatar: Option<String>,
}

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
pub enum OrganizationKind {
    Personal,
    Shared,
}

#[derive(Table, Clone, Debug)]
pub struct Organization {
    #[key]
    pub id: Id<Organization>,
    pub name: String,
    #[references(User, on_delete = cascade)]
    pub owner: Id<User>,
    pub kind: OrganizationKind,
}

/// Holds for the organizations that a hook makes, too.
impl BeforeCreate for Organization {
    async fn before_create(_: &mut Tx<'_>, organizations: &mut [NewOrganization]) -> Result<()> {
        match organizations.iter().filter_map(|o| o.name.get()).find(|name| name.contains('/')) {
            Some(name) => Err(Error::reject(format!("no organization is called {name}"))),
            None => Ok(()),
        }
    }
}

impl AfterCreate for Newcomer {
    async fn after_create(tx: &mut Tx<'_>, users: &[Newcomer]) -> Result<()> {
        let profiles = users.iter().map(|user| NewProfile {
            user: user.id.into(),
            avatar: user.image.clone().into(),
            ..Default::default()
        });
        tx.create(profiles.collect::<Vec<_>>()).await?;
        let organizations = users.iter().map(|user| NewOrganization {
            name: format!("{}'s Workspace", user.name).into(),
            owner: user.id.into(),
            kind: OrganizationKind::Personal.into(),
            ..Default::default()
        });
        tx.create(organizations.collect::<Vec<_>>()).await.map(drop)
    }
}

/// A mail to be sent.
#[derive(Debug, PartialEq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
}

/// Hands mails to whoever sends them.
#[derive(Observer)]
#[observes(Newcomer)]
pub struct Mailer(pub UnboundedSender<Mail>);

impl OnAfterCreateCommit<Newcomer> for Mailer {
    async fn after_create_commit(&self, _: &Db, users: &[Newcomer]) -> Result<()> {
        for user in users {
            let mail = Mail { to: user.email.clone(), subject: format!("Welcome, {}", user.name) };
            self.0.send(mail).map_err(Error::custom)?;
        }
        Ok(())
    }
}
