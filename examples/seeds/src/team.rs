//! An account's team is created before it, its membership after it.
//!
//! *Plan create*: `before` and `after` put operations around this one, in its transaction and each with its own hooks. None
//! of them waits for the answer to another one, so on PostgreSQL all are a single round trip. That needs keys that are known
//! before the database answers: UUIDs, which are in the drafts by now.

use tripline::{CreatePlan, PlanCreate, create, prelude::*};
use uuid::Uuid;

#[derive(Table, Clone, Debug)]
pub struct Team {
    #[key]
    pub id: Id<Team, Uuid>,
    #[unique]
    pub name: String,
}

#[derive(Table, Clone, Debug)]
pub struct Account {
    #[key]
    pub id: Id<Account, Uuid>,
    pub name: String,
    #[references(Team)]
    #[set_by_hook]
    pub team: Id<Team, Uuid>,
}

#[derive(Table, Clone, Debug)]
pub struct Member {
    #[key]
    #[references(Team, on_delete = cascade)]
    pub team: Id<Team, Uuid>,
    #[key]
    #[references(Account, on_delete = cascade)]
    pub account: Id<Account, Uuid>,
}

impl PlanCreate for Account {
    fn plan_create(plan: &mut CreatePlan<'_, Account>) -> Result<()> {
        let (mut teams, mut members) = (Vec::new(), Vec::new());
        for account in plan.drafts()? {
            let team = Id::new(Uuid::now_v7());
            let name = account.name.get().map(String::as_str).unwrap_or_default();
            teams.push(NewTeam { id: team.into(), name: format!("Team {name}").into() });
            members.push(NewMember { team: team.into(), account: account.id.clone() });
            account.team.set(team);
        }
        plan.before(create(teams)).after(create(members));
        Ok(())
    }
}
