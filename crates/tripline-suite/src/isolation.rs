//! What transactions see of others that run at the same time, and what a transaction that only reads may do.
//!
//! In SQLite one transaction writes at a time, whatever isolation is asked for: what another one writes waits for its
//! end, so that each case also says what happens there instead.

use tokio::task::JoinHandle;
use tripline::{Isolation, TxOptions, prelude::*};

use crate::{Engine, Race, TestDb};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "doctors")]
struct Doctor {
    #[key]
    id: Id<Doctor>,
    #[default(0)]
    calls: i64,
    #[default(true)]
    on_duty: bool,
}

/// Those under which all statements of a transaction see one state.
const OF_ONE_STATE: [Isolation; 2] = [Isolation::RepeatableRead, Isolation::Serializable];

fn at(isolation: Isolation) -> TxOptions {
    TxOptions { isolation, ..Default::default() }
}

/// How a write is asked for.
#[derive(Clone, Copy, Debug)]
enum Write {
    Create,
    Update,
    Delete,
    Pipelined,
    Nested,
}

/// A database with two doctors.
async fn doctors(engine: &Engine) -> (TestDb, Race) {
    let db = engine.db(tables![Doctor]).await;
    db.create(vec![NewDoctor::default(), NewDoctor::default()]).await.unwrap();
    let race = Race::new(engine, &db);
    (db, race)
}

async fn calls(db: &Db) -> Vec<i64> {
    db.find::<Doctor>().order(|d| d.id.asc()).await.unwrap().into_iter().map(|d| d.calls).collect()
}

async fn on_duty(tx: &mut Tx<'_>) -> Result<u64> {
    tx.find::<Doctor>().filter(|d| d.on_duty.eq(true)).count().await
}

/// One more call for the first doctor.
async fn add_call(db: &Db) -> Result<u64> {
    db.update::<Doctor>().by_key(Id::new(1)).set(|d| d.calls.add(1)).await
}

/// The same as someone else's write beside a transaction.
async fn call(race: &Race, db: &Db) -> JoinHandle<Result<u64>> {
    let db = db.clone();
    race.beside(async move { add_call(&db).await }).await
}

/// What a transaction finds before and after someone else's write.
async fn found_twice(race: &Race, db: &Db, isolation: Isolation) -> (i64, i64) {
    let (race, other) = (race.clone(), db.clone());
    let find = db.tx_with(at(isolation), async move |tx| {
        let before = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
        let call = call(&race, &other).await;
        let after = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
        Ok((before, after, call))
    });
    let (before, after, call) = find.await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), 1);
    assert_eq!(calls(db).await, [1, 0]);
    (before, after)
}

/// Both doctors leave unless nobody would be left, as far as each can see.
async fn both_leave(race: &Race, db: &Db, isolation: Isolation) -> Vec<Error> {
    let leave = |id: i64| {
        let race = race.clone();
        db.tx_with(at(isolation), async move |tx| {
            let others = on_duty(tx).await? - 1;
            race.both().await;
            if others > 0 {
                tx.update::<Doctor>().by_key(Id::new(id)).set(|d| d.on_duty.set(false)).await?;
            }
            Ok(())
        })
    };
    let (first, second) = tokio::join!(leave(1), leave(2));
    [first, second].into_iter().filter_map(Result::err).collect()
}

cases! {
    async fn l9_read_committed_sees_what_others_commit_meanwhile(engine) {
        let (db, race) = doctors(&engine).await;
        let found = found_twice(&race, &db, Isolation::ReadCommitted).await;
        assert_eq!(found, engine.either((0, 0), (0, 1)));
        assert_eq!(Isolation::default(), Isolation::ReadCommitted);
    }

    async fn l9_repeatable_read_and_serializable_see_one_state(engine) {
        for isolation in OF_ONE_STATE {
            let (db, race) = doctors(&engine).await;
            assert_eq!(found_twice(&race, &db, isolation).await, (0, 0), "{isolation:?}");
        }
    }

    /// L2: a transaction begins with its first statement.
    async fn l2_the_one_state_is_that_of_the_first_statement(engine) {
        let (db, _) = doctors(&engine).await;
        let other = db.clone();
        let found = db.tx_with(at(Isolation::RepeatableRead), async move |tx| {
            let other = other.clone();
            let call = async move { add_call(&other).await };
            // Nothing was sent so far, so that it need not wait.
            tokio::spawn(call).await.map_err(Error::custom)??;
            tx.find::<Doctor>().by_key(Id::new(1)).one().await
        });
        assert_eq!(found.await.unwrap().calls, 1);
    }

    async fn under_read_committed_a_number_that_was_read_before_may_overwrite_anothers(engine) {
        let (db, race) = doctors(&engine).await;
        let (race, other) = (race.clone(), db.clone());
        let write = db.tx_with(at(Isolation::ReadCommitted), async move |tx| {
            let read = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
            let call = call(&race, &other).await;
            tx.update::<Doctor>().by_key(Id::new(1)).set(|d| d.calls.set(read + 1)).await?;
            Ok(call)
        });
        write.await.unwrap().await.unwrap().unwrap();
        // Where the other one waits, nothing is lost.
        assert_eq!(calls(&db).await, engine.either([2, 0], [1, 0]));
    }

    /// L23: also where hooks need the old rows, which are read to be written.
    async fn l9_from_repeatable_read_on_an_update_that_would_be_lost_is_a_serialization_error(engine) {
        for (isolation, hooks) in OF_ONE_STATE.into_iter().flat_map(|i| [(i, false), (i, true)]) {
            let (db, race) = doctors(&engine).await;
            let (race, other) = (race.clone(), db.clone());
            let write = db.tx_with(at(isolation), async move |tx| {
                let read = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
                let call = call(&race, &other).await;
                let mut update = tx.update::<Doctor>().by_key(Id::new(1)).set(|d| d.calls.set(read + 1));
                if hooks {
                    update = update.before_update_rows(async |_, _| Ok(()));
                }
                update.await?;
                Ok(call)
            });
            match write.await {
                Ok(call) if !engine.is_postgres() => assert_eq!(call.await.unwrap().unwrap(), 1),
                Err(error @ Error::Serialization(_)) => assert!(engine.is_postgres() && error.is_transient()),
                other => panic!("{isolation:?}: {other:?}"),
            }
            assert_eq!(calls(&db).await, engine.either([2, 0], [1, 0]), "{isolation:?}");
        }
    }

    async fn a_delete_of_what_another_one_has_changed_is_a_serialization_error(engine) {
        for hooks in [false, true] {
            let (db, race) = doctors(&engine).await;
            let (race, other) = (race.clone(), db.clone());
            let write = db.tx_with(at(Isolation::RepeatableRead), async move |tx| {
                on_duty(tx).await?;
                let call = call(&race, &other).await;
                let mut delete = tx.delete::<Doctor>().by_key(Id::new(1));
                if hooks {
                    delete = delete.before_delete_rows(async |_, _| Ok(()));
                }
                delete.await?;
                Ok(call)
            });
            match write.await {
                // It comes too late.
                Ok(call) if !engine.is_postgres() => assert_eq!(call.await.unwrap().unwrap(), 0),
                Err(Error::Serialization(_)) if engine.is_postgres() => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Each reads what the other one writes, and neither row is written twice.
    async fn l9_write_skew_fails_under_serializable_only(engine) {
        for (isolation, left, failures) in [
            (Isolation::ReadCommitted, engine.either(1, 0), 0),
            (Isolation::RepeatableRead, engine.either(1, 0), 0),
            (Isolation::Serializable, 1, engine.either(0, 1)),
        ] {
            let (db, race) = doctors(&engine).await;
            let failed = both_leave(&race, &db, isolation).await;
            assert!(failed.iter().all(|error| matches!(error, Error::Serialization(_))), "{failed:?}");
            assert_eq!(failed.len(), failures, "{isolation:?}");
            assert_eq!(db.tx(async |tx| on_duty(tx).await).await.unwrap(), left, "{isolation:?}");
        }
    }

    async fn a_read_sees_one_state_throughout(engine) {
        let (db, _) = doctors(&engine).await;
        // Beside a read others write, but in memory, where there is one connection.
        let race = Race::beside_read(&engine, &db);
        let other = db.clone();
        let (found, call) = db
            .read(async |read| {
                let mut found = vec![read.find::<Doctor>().by_key(Id::new(1)).one().await?.calls];
                let call = call(&race, &other).await;
                found.push(read.find::<Doctor>().by_key(Id::new(1)).one().await?.calls);
                let sum = read.raw_query("SELECT sum(calls) FROM doctors WHERE id < 2", []).await?;
                found.push(sum.get(0, 0)?);
                found.push(read.find::<Doctor>().filter(|d| d.calls.gt(0)).count().await? as i64);
                Ok((found, call))
            })
            .await
            .unwrap();
        assert_eq!(found, [0, 0, 0, 0]);
        assert_eq!(call.await.unwrap().unwrap(), 1);
        assert_eq!(calls(&db).await, [1, 0]);
    }

    async fn a_transaction_that_only_reads_sees_what_its_isolation_says(engine) {
        for (isolation, seen) in [
            (Isolation::ReadCommitted, if engine.is_postgres() { 1 } else { 0 }),
            (Isolation::RepeatableRead, 0),
            (Isolation::Serializable, 0),
        ] {
            let (db, _) = doctors(&engine).await;
            let (race, other) = (Race::beside_read(&engine, &db), db.clone());
            let options = TxOptions { read_only: true, ..at(isolation) };
            let find = db.tx_with(options, async move |tx| {
                let before = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
                let call = call(&race, &other).await;
                let after = tx.find::<Doctor>().by_key(Id::new(1)).one().await?.calls;
                Ok((before, after, call))
            });
            let (before, after, call) = find.await.unwrap();
            assert_eq!((before, after), (0, seen), "{isolation:?}");
            call.await.unwrap().unwrap();
        }
    }

    /// L3, L10: refused before any hook runs, and as any failure it spoils the transaction.
    async fn l9_a_transaction_that_only_reads_refuses_writes(engine) {
        let (db, _) = doctors(&engine).await;
        for (isolation, what) in [
            (Isolation::ReadCommitted, Write::Create),
            (Isolation::RepeatableRead, Write::Update),
            (Isolation::Serializable, Write::Delete),
            (Isolation::ReadCommitted, Write::Pipelined),
            (Isolation::ReadCommitted, Write::Nested),
        ] {
            let options = TxOptions { read_only: true, ..at(isolation) };
            let result = db.tx_with(options, async move |tx| {
                assert_eq!(on_duty(tx).await?, 2);
                let hook = async |_: &mut Tx<'_>, _: &mut [NewDoctor]| -> Result<()> { panic!("called") };
                let write = match what {
                    Write::Create => tx.create(NewDoctor::default()).before_create(hook).await.map(drop),
                    Write::Update => tx.update::<Doctor>().all_rows().set(|d| d.calls.set(9)).await.map(drop),
                    Write::Delete => tx.delete::<Doctor>().all_rows().await.map(drop),
                    Write::Pipelined => tx.delete::<Doctor>().all_rows().pipelined().await,
                    Write::Nested => tx.tx(async |tx| tx.create(NewDoctor::default()).await.map(drop)).await,
                };
                assert!(matches!(write, Err(Error::ReadOnlyTransaction(_))), "{what:?}: {write:?}");
                match what {
                    Write::Nested => assert_eq!(on_duty(tx).await?, 2),
                    _ => assert!(matches!(on_duty(tx).await, Err(Error::Poisoned(_)))),
                }
                Ok(())
            });
            match (what, result.await) {
                (Write::Nested, Ok(())) => {}
                (_, Err(Error::Poisoned(error))) => assert!(matches!(*error, Error::ReadOnlyTransaction(_))),
                (_, other) => panic!("{what:?}: {other:?}"),
            }
        }
        assert_eq!(calls(&db).await, [0, 0]);
    }

    /// L3: whatever the database would say to it.
    async fn l3_a_transaction_that_only_reads_refuses_sql_that_writes(engine) {
        let (db, _) = doctors(&engine).await;
        let options = TxOptions { read_only: true, ..Default::default() };
        for sql in ["UPDATE doctors SET calls = 9", "DELETE FROM doctors", "CREATE TABLE more (id INTEGER)"] {
            let (executed, queried) = (sql.to_owned(), sql.to_owned());
            let execute = db.tx_with(options, async move |tx| {
                let execute = tx.raw_execute(&executed, []).await;
                assert!(matches!(execute, Err(Error::ReadOnlyTransaction(_))), "{executed}: {execute:?}");
                Ok(())
            });
            assert!(matches!(execute.await, Err(Error::Poisoned(_))));
            let query = db.tx_with(options, async move |tx| tx.raw_query(&queried, []).await.map(drop)).await;
            assert!(matches!(query, Err(Error::Invalid(_))), "{sql}: {query:?}");
            let read = db.read(async |read| read.raw_query(sql, []).await.map(drop)).await;
            assert!(matches!(read, Err(Error::Invalid(_))), "{sql}: {read:?}");
        }
        assert_eq!(calls(&db).await, [0, 0]);
        // The connection is as it was.
        db.raw_execute("DELETE FROM doctors", []).await.unwrap();
    }
}
