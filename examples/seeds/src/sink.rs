//! Operations that name another database go to a sink, of whatever table they are.
//!
//! A *sink* is an observer of all tables that is registered for a name. It resolves the operations that are sent there, and
//! can carry hooks of any other phase. The tables' own hooks do not run: they are those of this database. Here it passes on
//! to a second `Db`, whose transactions are its own.

use tripline::{
    AnyRow, AnyTable, AnyValues, BeforeCreate, Expr, OnPlanCreate, OnResolveCreate, OnResolveFind, Resolving,
    prelude::*,
};

#[derive(Table, Clone, Debug)]
pub struct Team {
    #[key]
    pub id: Id<Team>,
    pub name: String,
}

/// For teams of this database.
impl BeforeCreate for Team {
    async fn before_create(_: &mut Tx<'_>, teams: &mut [NewTeam]) -> Result<()> {
        for team in teams {
            let name = team.name.get().map(|name| name.to_uppercase()).unwrap_or_default();
            team.name.set(name);
        }
        Ok(())
    }
}

/// The other database.
#[derive(Observer)]
#[observes(all)]
pub struct Archive(pub Db);

impl Archive {
    fn table(&self, ask: &Resolving<'_, AnyRow>) -> Result<AnyTable> {
        self.0.table(ask.operation().table.name)
    }
}

/// What it does not want is not sent.
impl OnPlanCreate<AnyRow> for Archive {
    fn plan_create(&self, plan: &mut tripline::CreatePlan<'_, AnyRow>) -> Result<()> {
        match plan.drafts()?.len() {
            0..=100 => Ok(()),
            many => Err(Error::reject(format!("the archive takes no {many} rows at once"))),
        }
    }
}

impl OnResolveCreate<AnyRow> for Archive {
    async fn resolve_create(
        &self,
        ask: &Resolving<'_, AnyRow>,
        drafts: &mut [AnyValues],
    ) -> Result<Vec<AnyRow>> {
        self.0.create_in(self.table(ask)?, drafts.to_vec()).without_hooks().await
    }
}

impl OnResolveFind<AnyRow> for Archive {
    async fn resolve_find(&self, ask: &Resolving<'_, AnyRow>) -> Result<Vec<AnyRow>> {
        let mut find = self.0.find_in(self.table(ask)?).without_hooks();
        if let Some(filter) = ask.operation().query.filter.clone() {
            find = find.filter(|_| Expr::from_node(filter));
        }
        // Order and limits.
        ask.choose(find.await?)
    }
}
