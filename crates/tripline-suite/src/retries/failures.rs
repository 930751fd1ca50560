//! Which failures let a transaction be run again: also those that are hidden, nested, of hooks, or COMMIT's own.

use tripline::prelude::*;

use super::{Attempts, Event, event, events, names, retries};

/// Lets COMMIT of the first two transactions that create an event fail; a sequence is not rolled back.
const CONFLICTS_AT_COMMIT: [&str; 3] = [
    "CREATE SEQUENCE commits",
    "CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     IF nextval('commits') <= 2 THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '40001'; END IF; \
     RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED \
     FOR EACH ROW EXECUTE FUNCTION conflict()",
];

cases! {
    /// L6: an error that was swallowed is no success.
    async fn l6_l9_a_transient_failure_that_is_swallowed_is_run_again_all_the_same(engine) {
        for again in [0, 1] {
            let (db, as_recorder, noted) = events(&engine).await;
            let attempts = Attempts::new(&engine, "40001", 1);
            let counted = attempts.clone();
            let run = as_recorder.tx_with(retries(again), async move |tx| {
                attempts.begin();
                tx.create(event("a")).await?;
                _ = attempts.conflict(tx).await;
                Ok(())
            });
            let result = run.await;
            let fails = engine.is_postgres() && again == 0;
            match result {
                Err(Error::Poisoned(error)) => assert!(fails && matches!(*error, Error::Serialization(_))),
                result => assert!(!fails && result.is_ok(), "{result:?}"),
            }
            db.drain().await.unwrap();
            assert_eq!(counted.count(), engine.either(1, again + 1));
            assert_eq!(names(&db).await.is_empty(), fails);
            assert_eq!(noted.take().contains(&"committed a".to_owned()), !fails);
        }
    }

    /// L4, L6: what the transaction has read is out of date, also before the savepoint.
    async fn l4_l6_l9_a_transient_failure_in_a_nested_transaction_is_the_outer_ones(engine) {
        for (code, again, swallowed) in [("40001", 0, false), ("40P01", 0, true), ("40001", 1, true)] {
            let (db, as_recorder, noted) = events(&engine).await;
            let attempts = Attempts::new(&engine, code, 1);
            let counted = attempts.clone();
            let run = as_recorder.tx_with(retries(again), async move |tx| {
                attempts.begin();
                tx.create(event("a")).await?;
                let nested = tx
                    .tx(async |tx| {
                        tx.create(event("b")).await?;
                        let conflict = attempts.conflict(tx).await;
                        if swallowed { Err(Error::reject("no")) } else { conflict }
                    })
                    .await;
                assert_eq!(nested.is_err(), swallowed || attempts.has_conflict());
                let next = tx.find::<Event>().count().await;
                assert_eq!(next.is_err_and(|error| error.is_transient()), attempts.has_conflict());
                Ok(())
            });
            let result = run.await;
            let fails = engine.is_postgres() && again == 0;
            match result {
                Err(Error::Poisoned(error)) => assert!(fails && error.is_transient(), "{error:?}"),
                result => assert!(!fails && result.is_ok(), "{result:?}"),
            }
            db.drain().await.unwrap();
            assert_eq!(counted.count(), engine.either(1, again + 1));
            assert_eq!(names(&db).await.is_empty(), fails);
            assert_eq!(noted.take().contains(&"committed a".to_owned()), !fails);
        }
    }

    /// L14: the hook's name does not hide what it met.
    async fn l9_l14_a_transient_failure_of_a_hook_is_run_again(engine) {
        let (db, _, _) = events(&engine).await;
        let attempts = Attempts::new(&engine, "40001", 1);
        let counted = attempts.clone();
        let run = db.tx_with(retries(5), async move |tx| {
            attempts.begin();
            let in_hook = attempts.clone();
            tx.create(event("a")).after_create(async move |tx, _| in_hook.conflict(tx).await).await
        });
        run.await.unwrap();
        assert_eq!(counted.count(), engine.either(1, 2));
        assert_eq!(names(&db).await, ["a"]);
    }

    /// L7: nothing is committed before COMMIT has succeeded.
    async fn l7_l9_a_transient_failure_of_commit_is_run_again(engine) {
        let (db, as_recorder, noted) = events(&engine).await;
        for sql in CONFLICTS_AT_COMMIT.into_iter().filter(|_| engine.is_postgres()) {
            db.raw_execute(sql, []).await.unwrap();
        }
        // An operation that is a transaction of its own is not run again.
        let alone = as_recorder.create(event("alone")).await;
        assert_eq!(matches!(alone, Err(Error::Serialization(_))), engine.is_postgres(), "{alone:?}");
        db.drain().await.unwrap();
        let ended = if engine.is_postgres() { "rolled back 1" } else { "committed alone" };
        assert_eq!(noted.take(), ["created alone", ended]);
        let run = as_recorder.tx_with(retries(5), async move |tx| tx.create(event("a")).await);
        run.await.unwrap();
        db.drain().await.unwrap();
        let noted = noted.take();
        let after_the_first = engine.either(&["committed a"][..], &["created a", "committed a"]);
        assert_eq!(noted[1..], after_the_first[..], "{noted:?}");
        assert_eq!(names(&db).await.len(), engine.either(2, 1));
    }
}
