//! Transactions that want the same rows at the same time: the second waits, and goes by what the first has left.

pub mod locks;

use std::sync::{Arc, Mutex};

use tripline::{On, prelude::*};

use crate::{Race, Recorder, TestDb};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "counters")]
struct Counter {
    #[key]
    id: Id<Counter>,
    #[unique]
    name: String,
    #[default(0)]
    n: i64,
    #[default(true)]
    open: bool,
}

#[derive(Table, Clone, Debug)]
#[table(name = "parts")]
struct Part {
    #[key]
    id: Id<Part>,
    #[references(Counter)]
    counter: Id<Counter>,
}

/// What the hooks of an update ask for, and so how its old rows are read.
const FORMS: [&str; 4] = ["plain", "before", "after", "before and after"];

fn counter(name: &str) -> NewCounter {
    NewCounter { name: name.into(), ..Default::default() }
}

/// Adds one to all open counters. Its hooks note the numbers that they see.
async fn add_to_open(on: impl Into<On<'_>>, form: &str, seen: &Recorder) -> Result<u64> {
    let mut update = on.into().update::<Counter>().filter(|c| c.open.eq(true));
    let (before, after) = (seen.clone(), seen.clone());
    update = match form.contains("before") {
        false => update.set(|c| c.n.add(1)),
        true => update.before_update_rows(async move |_, edits| {
            for edit in edits {
                before.note(format!("{} was {}", edit.old.name, edit.old.n));
                edit.patch.n.set(edit.old.n + 1);
            }
            Ok(())
        }),
    };
    if form.contains("after") {
        update = update.after_update(async move |_, changes| {
            for change in changes {
                after.note(format!("{} from {} to {}", change.new.name, change.old.n, change.new.n));
            }
            Ok(())
        });
    }
    update.await
}

/// What the hooks of [`add_to_open`] see where it adds one to `n`.
fn seen_by_hooks(form: &str, name: &str, n: i64) -> Vec<String> {
    let before = form.contains("before").then(|| format!("{name} was {n}"));
    let after = form.contains("after").then(|| format!("{name} from {n} to {}", n + 1));
    before.into_iter().chain(after).collect()
}

async fn with_counters(engine: &crate::Engine, names: &[&str]) -> (TestDb, Race, Recorder) {
    let db = engine.db(tables![Counter, Part]).await;
    db.create(names.iter().copied().map(counter).collect::<Vec<_>>()).await.unwrap();
    let race = Race::new(engine, &db);
    (db, race, Recorder::default())
}

async fn counters(db: &Db) -> Vec<(String, i64)> {
    let found = db.find::<Counter>().order(|c| c.id.asc()).await.unwrap();
    found.into_iter().map(|c| (c.name, c.n)).collect()
}

cases! {
    /// L26: a name that someone is about to take is waited for.
    async fn a_create_fails_with_unique_only_if_the_one_before_it_commits(engine) {
        for commits in [true, false] {
            let (db, race, _) = with_counters(&engine, &[]).await;
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    tx.create(counter("a")).await?;
                    race.meet().await;
                    if commits { Ok(()) } else { Err(Error::reject("taken back")) }
                }),
                race.next(db.create(counter("a"))),
            );
            assert_eq!(first.is_ok(), commits);
            match second {
                Err(Error::Unique(violation)) => assert!(commits && violation.columns == ["name"]),
                second => assert!(!commits && second.is_ok(), "{second:?}"),
            }
            assert_eq!(counters(&db).await, [("a".into(), 0)]);
        }
    }

    /// L3, L4: also if the name was free when the nested transaction began.
    async fn a_lost_race_for_a_name_in_a_nested_transaction_is_caught_and_the_outer_one_goes_on(engine) {
        let (db, race, _) = with_counters(&engine, &[]).await;
        let (first, second) = tokio::join!(
            db.tx(async |tx| {
                tx.create(counter("a")).await?;
                race.meet().await;
                Ok(())
            }),
            race.next(db.tx(async |tx| {
                tx.create(counter("b")).await?;
                let nested = tx
                    .tx(async |tx| {
                        tx.create(counter("undone")).await?;
                        tx.create(counter("a")).await
                    })
                    .await;
                assert!(matches!(nested, Err(Error::Unique(_))), "{nested:?}");
                let caught = tx.create(counter("a")).savepoint().await;
                assert!(matches!(caught, Err(Error::Unique(_))), "{caught:?}");
                tx.create(counter("c")).await
            })),
        );
        first.unwrap();
        second.unwrap();
        assert_eq!(counters(&db).await.len(), 3);
        assert_eq!(db.find::<Counter>().filter(|c| c.name.eq("undone")).count().await.unwrap(), 0);
    }

    /// L23: no update is lost, and each pair of rows is the row right before and right after its own update.
    async fn l23_an_update_goes_on_from_what_the_one_before_it_committed(engine) {
        for form in FORMS {
            let (db, race, seen) = with_counters(&engine, &["a"]).await;
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    add_to_open(&mut *tx, form, &seen).await?;
                    assert_eq!(seen.take(), seen_by_hooks(form, "a", 0), "{form}");
                    race.meet().await;
                    // Also in the same transaction.
                    add_to_open(&mut *tx, form, &seen).await?;
                    assert_eq!(seen.take(), seen_by_hooks(form, "a", 1), "{form}");
                    Ok(())
                }),
                race.next(add_to_open(&*db, form, &seen)),
            );
            first.unwrap();
            assert_eq!(second.unwrap(), 1, "{form}");
            assert_eq!(seen.take(), seen_by_hooks(form, "a", 2), "{form}");
            assert_eq!(counters(&db).await, [("a".into(), 3)], "{form}");
        }
    }

    /// L23: nor is one lost if the one before it is undone.
    async fn l23_an_update_does_not_see_what_the_one_before_it_took_back(engine) {
        for form in FORMS {
            let (db, race, seen) = with_counters(&engine, &["a"]).await;
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    tx.update::<Counter>().all_rows().set(|c| c.n.set(100)).await?;
                    race.meet().await;
                    Err::<(), _>(Error::reject("taken back"))
                }),
                race.next(add_to_open(&*db, form, &seen)),
            );
            assert!(first.unwrap_err().is_rejected());
            assert_eq!(second.unwrap(), 1, "{form}");
            assert_eq!(seen.take(), seen_by_hooks(form, "a", 0), "{form}");
            assert_eq!(counters(&db).await, [("a".into(), 1)], "{form}");
        }
    }

    /// L16, L23: rows that match no longer are neither written nor shown to hooks.
    async fn l16_l23_a_row_that_matches_no_longer_is_left_alone(engine) {
        for form in FORMS {
            for (names, left) in [(&["a"][..], 0), (&["a", "b"], 1)] {
                let (db, race, seen) = with_counters(&engine, names).await;
                let (first, second) = tokio::join!(
                    db.tx(async |tx| {
                        tx.update::<Counter>().filter(|c| c.name.eq("a")).set(|c| c.open.set(false)).await?;
                        race.meet().await;
                        Ok(())
                    }),
                    race.next(add_to_open(&*db, form, &seen)),
                );
                first.unwrap();
                assert_eq!(second.unwrap(), left, "{form}");
                let expected = if left == 0 { Vec::new() } else { seen_by_hooks(form, "b", 0) };
                assert_eq!(seen.take(), expected, "{form}");
                assert_eq!(counters(&db).await[0], ("a".into(), 0), "{form}");
            }
        }
    }

    /// L16, L23: a row that is gone was not updated.
    async fn l16_l23_a_row_that_was_deleted_meanwhile_is_not_updated(engine) {
        for form in FORMS {
            let (db, race, seen) = with_counters(&engine, &["a", "b"]).await;
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    tx.delete::<Counter>().filter(|c| c.name.eq("a")).await?;
                    race.meet().await;
                    Ok(())
                }),
                race.next(add_to_open(&*db, form, &seen)),
            );
            first.unwrap();
            assert_eq!(second.unwrap(), 1, "{form}");
            assert_eq!(seen.take(), seen_by_hooks(form, "b", 0), "{form}");
            assert_eq!(counters(&db).await, [("b".into(), 1)], "{form}");
        }
    }

    /// L20, L23: the hook sees the row as it goes, and the row that it sees is the one that goes.
    async fn l23_a_delete_sees_what_was_updated_meanwhile(engine) {
        for closes in [false, true] {
            let (db, race, seen) = with_counters(&engine, &["a"]).await;
            let (before, after) = (seen.clone(), seen.clone());
            let delete = db
                .delete::<Counter>()
                .filter(|c| c.open.eq(true))
                .before_delete_rows(async move |_, rows| {
                    before.note(format!("before {}", rows[0].n));
                    Ok(())
                })
                .after_delete(async move |_, rows| {
                    after.note(format!("after {}", rows[0].n));
                    Ok(())
                });
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    let update = tx.update::<Counter>().all_rows().set(|c| c.n.add(1));
                    if closes { update.set(|c| c.open.set(false)).await? } else { update.await? };
                    race.meet().await;
                    Ok(())
                }),
                race.next(delete),
            );
            first.unwrap();
            assert_eq!(second.unwrap(), u64::from(!closes));
            let expected: &[&str] = if closes { &[] } else { &["before 1", "after 1"] };
            assert_eq!(seen.take(), expected);
            assert_eq!(counters(&db).await.len(), usize::from(closes));
        }
    }

    /// L23: rows that a before-hook has seen stay as it saw them until the write.
    async fn l23_a_row_that_a_hook_has_seen_stays_as_it_is(engine) {
        let (db, race, seen) = with_counters(&engine, &["a"]).await;
        let (meets, noted) = (race.clone(), seen.clone());
        let first = db
            .update::<Counter>()
            .all_rows()
            .before_update_rows(async move |_, edits| {
                meets.meet().await;
                edits[0].patch.n.set(edits[0].old.n + 1);
                Ok(())
            })
            .after_update(async move |_, changes| {
                noted.note(format!("{} to {}", changes[0].old.n, changes[0].new.n));
                Ok(())
            });
        let second = db.update::<Counter>().all_rows().set(|c| c.n.add(10));
        let (first, second) = tokio::join!(first.into_future(), race.next(second));
        assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
        assert_eq!(seen.take(), ["0 to 1"]);
        assert_eq!(counters(&db).await, [("a".into(), 11)]);

        let (db, race, _) = with_counters(&engine, &["a"]).await;
        let meets = race.clone();
        let first = db.delete::<Counter>().all_rows().before_delete_rows(async move |_, _| {
            meets.meet().await;
            Ok(())
        });
        let second = db.update::<Counter>().all_rows().set(|c| c.n.add(10));
        let (first, second) = tokio::join!(first.into_future(), race.next(second));
        assert_eq!((first.unwrap(), second.unwrap()), (1, 0));
    }

    /// L26: whoever comes second, there is never a part of no counter.
    async fn a_delete_against_the_insert_of_a_child_leaves_no_orphan(engine) {
        for commits in [true, false] {
            let ended = |result: Result<()>| assert_eq!(result.is_ok(), commits);
            let end = || if commits { Ok(()) } else { Err(Error::reject("taken back")) };

            let (db, race, _) = with_counters(&engine, &["a"]).await;
            let id = db.find::<Counter>().one().await.unwrap().id;
            let part = || NewPart { counter: id.into(), ..Default::default() };
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    tx.create(part()).await?;
                    race.meet().await;
                    end()
                }),
                race.next(db.delete::<Counter>().by_key(id)),
            );
            ended(first);
            assert_eq!(matches!(second, Err(Error::ForeignKey(_))), commits, "{second:?}");
            assert_eq!(db.find::<Counter>().count().await.unwrap(), u64::from(commits));

            let (db, race, _) = with_counters(&engine, &["a"]).await;
            let (first, second) = tokio::join!(
                db.tx(async |tx| {
                    tx.delete::<Counter>().by_key(id).await?;
                    race.meet().await;
                    end()
                }),
                race.next(db.create(part())),
            );
            ended(first);
            assert_eq!(matches!(second, Err(Error::ForeignKey(_))), commits, "{second:?}");
            assert_eq!(db.find::<Part>().count().await.unwrap(), u64::from(!commits));
        }
    }

    /// L23: a row that comes to match when the hook has seen the others is not written behind its back.
    async fn l23_a_row_that_no_hook_has_seen_is_left_alone(engine) {
        for deletes in [false, true] {
            let (db, race, _) = with_counters(&engine, &["a"]).await;
            let created = Arc::new(Mutex::new(None));
            let (at_work, kept, other) = (race.clone(), created.clone(), db.clone());
            let comes = async move || {
                let create = at_work.beside(async move { other.create(counter("b")).await }).await;
                *kept.lock().unwrap() = Some(create);
            };
            let (delete, update) = (db.delete::<Counter>(), db.update::<Counter>());
            let count = if deletes {
                let delete = delete.filter(|c| c.open.eq(true)).before_delete_rows(async move |_, _| {
                    comes().await;
                    Ok(())
                });
                delete.await
            } else {
                let update = update.filter(|c| c.open.eq(true)).before_update_rows(async move |_, edits| {
                    edits[0].patch.n.set(1);
                    comes().await;
                    Ok(())
                });
                update.await
            };
            assert_eq!(count.unwrap(), 1);
            let create = created.lock().unwrap().take().unwrap();
            create.await.unwrap().unwrap();
            assert_eq!(counters(&db).await.last(), Some(&("b".into(), 0)));
        }
    }

    /// Who only refers to a row need not wait until its number is changed.
    async fn an_update_with_hooks_lets_others_refer_to_its_rows(engine) {
        let (db, race, seen) = with_counters(&engine, &["a"]).await;
        let id = db.find::<Counter>().one().await.unwrap().id;
        let created = Arc::new(Mutex::new(None));
        let (at_work, kept, other) = (race.clone(), created.clone(), db.clone());
        let update = db.update::<Counter>().by_key(id).set(|c| c.n.add(1));
        let update = update.before_update_rows(async move |_, _| {
            let part = NewPart { counter: id.into(), ..Default::default() };
            let create = at_work.beside(async move { other.create(part).await }).await;
            *kept.lock().unwrap() = Some(create);
            seen.note("locked");
            Ok(())
        });
        assert_eq!(update.await.unwrap(), 1);
        let create = created.lock().unwrap().take().unwrap();
        assert_eq!(create.await.unwrap().unwrap().counter, id);
    }
}
