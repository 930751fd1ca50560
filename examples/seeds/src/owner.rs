//! A row belongs to whoever creates it.
//!
//! *Plan create*: the actor is known without I/O, so the write stays a single statement. The column is the hook's to set:
//! callers cannot name somebody else.

use tripline::{CreatePlan, PlanCreate, prelude::*};

/// Who is signed in: the actor.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn {
    pub user: i64,
}

#[derive(Table, Clone, Debug)]
pub struct Project {
    #[key]
    pub id: Id<Project>,
    pub name: String,
    #[set_by_hook]
    pub owner: i64,
}

impl PlanCreate for Project {
    fn plan_create(plan: &mut CreatePlan<'_, Project>) -> Result<()> {
        let Some(user) = plan.actor::<SignedIn>().map(|actor| actor.user) else {
            return Err(Error::reject("sign in first"));
        };
        plan.drafts()?.iter_mut().for_each(|project| project.owner.set(user));
        Ok(())
    }
}
