//! An account's handle is its name in lower case.
//!
//! *Plan create*: the value follows from the draft alone, so the hook does no I/O and the write stays a single statement,
//! without a transaction of its own. A plan hook is no `async fn`: that it waits for nothing is not a promise but its type.

use tripline::{CreatePlan, PlanCreate, prelude::*};

#[derive(Table, Clone, Debug)]
pub struct Account {
    #[key]
    pub id: Id<Account>,
    pub name: String,
    #[unique]
    #[set_by_hook]
    pub handle: String,
}

impl PlanCreate for Account {
    fn plan_create(plan: &mut CreatePlan<'_, Account>) -> Result<()> {
        for account in plan.drafts()? {
            let name = account.name.get().map(|name| name.trim().to_lowercase()).unwrap_or_default();
            if name.is_empty() {
                return Err(Error::reject("an account needs a name"));
            }
            account.handle.set(name.replace(' ', "-"));
        }
        Ok(())
    }
}
