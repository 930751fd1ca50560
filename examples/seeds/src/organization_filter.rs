//! Whoever reads sees the rows of their organization only.
//!
//! *Filter reads*: one condition that holds for find, count and exists, and cannot be forgotten or widened by a caller's
//! `or`. It does no I/O, so a read stays one statement. Without an actor it rejects, rather than showing everything.
//! It does not narrow writes; those have plan hooks here, which cost nothing either.

use tripline::{DeletePlan, FilterReads, PlanDelete, PlanUpdate, ReadPlan, UpdatePlan, prelude::*};

/// Who reads: the actor.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub organization: i64,
}

#[derive(Table, Clone, Debug)]
pub struct Task {
    #[key]
    pub id: Id<Task>,
    pub organization: i64,
    pub title: String,
}

fn organization(member: Option<&Member>) -> Result<i64> {
    member.map(|member| member.organization).ok_or_else(|| Error::reject("of which organization?"))
}

impl FilterReads for Task {
    fn filter_reads(reads: &mut ReadPlan<'_, Task>) -> Result<()> {
        let organization = organization(reads.actor())?;
        reads.filter(|t| t.organization.eq(organization));
        Ok(())
    }
}

impl PlanUpdate for Task {
    fn plan_update(plan: &mut UpdatePlan<'_, Task>) -> Result<()> {
        let organization = organization(plan.actor())?;
        plan.filter(|t| t.organization.eq(organization));
        Ok(())
    }
}

impl PlanDelete for Task {
    fn plan_delete(plan: &mut DeletePlan<'_, Task>) -> Result<()> {
        let organization = organization(plan.actor())?;
        plan.filter(|t| t.organization.eq(organization));
        Ok(())
    }
}
