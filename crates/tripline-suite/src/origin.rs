//! Origin, depth, bypass, shared state (L60 to L64).

use tripline::{
    AfterCreate, AfterCreateCommit, BeforeCreate, CreatePlan, Kind, Origin, PlanCreate, create, prelude::*,
};

use crate::Recorder;

/// Creates itself again, `left` times.
#[derive(Table, Clone, Debug)]
#[table(name = "dolls")]
struct Doll {
    #[key]
    id: Id<Doll>,
    left: i64,
}

impl BeforeCreate for Doll {
    async fn before_create(tx: &mut Tx<'_>, dolls: &mut [NewDoll]) -> Result<()> {
        *tx.local::<i64>()? += *dolls[0].left.get().unwrap();
        Ok(())
    }
}

impl AfterCreate for Doll {
    async fn after_create(tx: &mut Tx<'_>, dolls: &[Doll]) -> Result<()> {
        let origin: Vec<String> = tx.origin().map(|o| format!("{} {}", o.kind, o.table)).collect();
        let shared = *tx.local::<i64>()?;
        let text = format!("{} implicit {} shared {shared}", origin.len(), tx.is_implicit());
        Recorder::of(tx).note(text);
        for doll in dolls.iter().filter(|d| d.left > 0) {
            tx.create(NewDoll { left: (doll.left - 1).into(), ..Default::default() }).await?;
        }
        Ok(())
    }
}

/// Creates itself again after each commit, for ever.
#[derive(Table, Clone, Debug)]
#[table(name = "echoes")]
struct Echo {
    #[key]
    id: Id<Echo>,
}

impl AfterCreateCommit for Echo {
    async fn after_create_commit(db: &Db, _: &[Echo]) -> Result<()> {
        db.create(NewEcho::default()).await.map(drop)
    }
}

/// Plans another one, and creates one after the commit.
#[derive(Table, Clone, Debug)]
#[table(name = "rings")]
struct Ring {
    #[key]
    id: Id<Ring>,
    left: i64,
}

impl PlanCreate for Ring {
    fn plan_create(plan: &mut CreatePlan<'_, Ring>) -> Result<()> {
        if plan.drafts()?[0].left.get().is_some_and(|left| *left >= 0) {
            plan.after(create(NewRing { left: (-1).into(), ..Default::default() }));
        }
        Ok(())
    }
}

impl AfterCreate for Ring {
    async fn after_create(tx: &mut Tx<'_>, _: &[Ring]) -> Result<()> {
        let why = |origin: Origin| origin.cause.map_or("called".to_owned(), |cause| cause.to_string());
        let chain: Vec<String> = tx.origin().map(|o| format!("{} {}: {}", o.kind, o.table, why(o))).collect();
        Recorder::of(tx).note(chain.join(", "));
        Ok(())
    }
}

impl AfterCreateCommit for Ring {
    async fn after_create_commit(db: &Db, rings: &[Ring]) -> Result<()> {
        if rings[0].left > 0 {
            db.create(NewRing { left: 0.into(), ..Default::default() }).await?;
        }
        Ok(())
    }
}

fn doll(left: i64) -> NewDoll {
    NewDoll { left: left.into(), ..Default::default() }
}

cases! {
    async fn l60_l61_l64_hooks_of_operations_in_hooks_run_and_know_their_origin(engine) {
        let db = engine.db(tables![Doll]).await;
        let recorder = Recorder::default();
        db.as_actor(recorder.clone()).create(doll(2)).await.unwrap();
        // The state is the operation's own, from its first hook to its last.
        assert_eq!(recorder.take(), ["1 implicit false shared 2", "2 implicit true shared 1", "3 implicit true shared 0"]);
    }

    async fn l61_a_chain_that_is_too_deep_is_an_error_that_prints_it(engine) {
        let db = engine.connect(tables![Doll], |c| c.max_depth(4)).await;
        db.create(doll(4)).await.unwrap();
        let error = db.create(doll(5)).await.unwrap_err();
        let Error::TooDeep(chain) = error.root() else { panic!("{error:?}") };
        assert_eq!((chain.limit, chain.steps.len()), (4, 6));
        assert_eq!((chain.steps[0].table, chain.steps[0].kind), ("dolls", Kind::Create));
        assert!(chain.to_string().contains("again: create dolls") && chain.to_string().contains("Doll"), "{chain}");
        assert_eq!(db.find::<Doll>().count().await.unwrap(), 5);
    }

    async fn l61_hooks_that_follow_commits_are_in_the_chain(engine) {
        let errors = Recorder::default();
        let sink = errors.clone();
        let db = engine
            .connect(tables![Echo], |c| c.max_depth(3).on_error(move |e| sink.note(e.error.root().code())))
            .await;
        db.create(NewEcho::default()).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(db.find::<Echo>().count().await.unwrap(), 4);
        assert_eq!(errors.take(), ["too_deep"]);
    }

    async fn l60_an_origin_says_why_each_operation_was_made(engine) {
        let db = engine.db(tables![Doll, Ring]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        watched.create(NewRing { left: 1.into(), ..Default::default() }).await.unwrap();
        db.drain().await.unwrap();
        let ring = std::any::type_name::<Ring>();
        let (planned, hook) = (format!("planned by the hook of `{ring}`"), format!("the hook of `{ring}`"));
        assert_eq!(recorder.take(), [
            // What a plan put behind it comes before its own hooks.
            format!("create rings: {planned}, create rings: called"),
            "create rings: called".to_owned(),
            // After the commits of both, and only once more.
            format!("create rings: {planned}, create rings: {hook}, create rings: called"),
            format!("create rings: {hook}, create rings: called"),
        ]);
    }

    async fn l62_without_hooks_skips_them_for_one_operation(engine) {
        let db = engine.db(tables![Doll]).await;
        let recorder = Recorder::default();
        db.as_actor(recorder.clone()).create(doll(3)).without_hooks().await.unwrap();
        assert!(recorder.take().is_empty());
        assert_eq!(db.find::<Doll>().count().await.unwrap(), 1);
    }

    async fn l64_only_hooks_share_a_state(engine) {
        let db = engine.db(tables![Doll]).await;
        let error = db.tx(async |tx| tx.local::<i64>().map(|n| *n)).await;
        assert!(matches!(error, Err(Error::Invalid(_))));
    }
}
