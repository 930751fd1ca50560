//! Origin, depth, bypass, shared state (L60 to L64).

use tripline::{AfterCreate, AfterCreateCommit, BeforeCreate, Kind, prelude::*};

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
        assert_eq!((chain.steps[0].0.table, chain.steps[0].0.kind), ("dolls", Kind::Create));
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
