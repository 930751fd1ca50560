//! A new session starts in the organization in which its user was last.
//!
//! *Before create*: the value is part of the row, so one write is enough, where a hook that runs after it would have to
//! update the session. All sessions of one operation are looked up with one find.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
pub struct Organization {
    #[key]
    pub id: Id<Organization>,
    pub name: String,
}

#[derive(Table, Clone, Debug)]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    #[references(Organization, on_delete = set_null)]
    pub last_active_organization: Option<Id<Organization>>,
}

#[derive(Row)]
#[row(of = User)]
struct LastActive {
    id: Id<User>,
    last_active_organization: Option<Id<Organization>>,
}

#[derive(Table, Clone, Debug)]
pub struct Session {
    #[key]
    pub id: Id<Session>,
    #[references(User, on_delete = cascade)]
    pub user: Id<User>,
    #[references(Organization, on_delete = set_null)]
    pub active_organization: Option<Id<Organization>>,
}

impl BeforeCreate for Session {
    async fn before_create(tx: &mut Tx<'_>, sessions: &mut [NewSession]) -> Result<()> {
        let open = |session: &NewSession| !session.active_organization.is_set();
        let users: Vec<Id<User>> =
            sessions.iter().filter(|s| open(s)).filter_map(|s| s.user.get().copied()).collect();
        if users.is_empty() {
            return Ok(());
        }
        let last = tx.find::<User>().filter(|u| u.id.is_in(users)).rows::<LastActive>().await?;
        for session in sessions.iter_mut().filter(|s| open(s)) {
            let user = last.iter().find(|user| session.user.get() == Some(&user.id));
            session.active_organization.set(user.and_then(|user| user.last_active_organization));
        }
        Ok(())
    }
}
