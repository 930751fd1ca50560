//! What follows the end of a transaction (L50 to L56).

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tripline::{
    AfterChangeCommit, AfterCreate, AfterCreateCommit, AfterDeleteCommit, AfterRollback, AfterSaveCommit,
    AfterUpdateCommit, Change, OnAfterCreateCommit, RowChange, Undone, prelude::*,
};

use crate::Recorder;

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "events")]
struct Event {
    #[key]
    id: Id<Event>,
    name: String,
}

macro_rules! recording {
    ($($hook:ident $call:ident($arg:ident: $type:ty) $text:expr;)*) => {$(
        impl $hook for Event {
            async fn $call(db: &Db, $arg: $type) -> Result<()> {
                Recorder::of_db(db).note(format!("{} {}", stringify!($call), $text));
                Ok(())
            }
        }
    )*};
}

recording! {
    AfterCreateCommit after_create_commit(rows: &[Event]) rows.iter().map(|e| &*e.name).collect::<String>();
    AfterUpdateCommit after_update_commit(changes: &[Change<Event>])
        changes.iter().map(|c| format!("{}{}", c.old.name, c.new.name)).collect::<String>();
    AfterDeleteCommit after_delete_commit(rows: &[Event]) rows.iter().map(|e| &*e.name).collect::<String>();
    AfterSaveCommit after_save_commit(rows: &[Event]) rows.len();
    AfterChangeCommit after_change_commit(changes: &[RowChange<Event>])
        changes.iter().map(|c| format!("{}{}", c.old.is_some(), c.new.is_some())).collect::<String>();
    AfterRollback after_rollback(undone: &Undone) format!("{} {}", undone.kind, undone.rows);
}

/// An outer table, whose after-create hook writes an event.
#[derive(Table, Clone, Debug)]
#[table(name = "outers")]
struct Outer {
    #[key]
    id: Id<Outer>,
}

impl AfterCreate for Outer {
    async fn after_create(tx: &mut Tx<'_>, _: &[Outer]) -> Result<()> {
        tx.create(event("inner")).await.map(drop)
    }
}

impl AfterCreateCommit for Outer {
    async fn after_create_commit(db: &Db, _: &[Outer]) -> Result<()> {
        Recorder::of_db(db).note("outer committed");
        Ok(())
    }
}

/// After a commit: waits for a signal, fails, panics or writes, as the event's name says.
#[derive(Observer)]
#[observes(Event)]
struct Follower {
    go: Arc<Notify>,
    noted: Recorder,
}

impl OnAfterCreateCommit<Event> for Follower {
    async fn after_create_commit(&self, db: &Db, events: &[Event]) -> Result<()> {
        match events[0].name.as_str() {
            "wait" => self.go.notified().await,
            "fail" => return Err(Error::custom("it failed")),
            "panic" => panic!("it panicked"),
            "write" => drop(db.create(event("written")).await?),
            "spawn" => {
                let noted = self.noted.clone();
                db.spawn(async move {
                    noted.note("spawned");
                    Ok(())
                });
            }
            _ => {}
        }
        self.noted.note(format!("followed {}", events[0].name));
        Ok(())
    }
}

fn event(name: &str) -> NewEvent {
    NewEvent { name: name.into(), ..Default::default() }
}

fn created(recorder: &Recorder) -> Vec<String> {
    let noted = recorder.take().into_iter();
    noted
        .filter(|n| {
            n.starts_with("after_create_commit") || n.starts_with("after_rollback") || n.starts_with("outer")
        })
        .collect()
}

cases! {
    async fn l50_l53_hooks_run_after_the_commit_with_rows_before_and_after(engine) {
        let db = engine.db(tables![Event]).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        db.create(vec![event("a"), event("b")]).await.unwrap();
        db.drain().await.unwrap();
        let create = ["after_change_commit falsetruefalsetrue", "after_save_commit 2", "after_create_commit ab"];
        assert_eq!(recorder.take(), create);
        db.update::<Event>().filter(|e| e.name.eq("a")).set(|e| e.name.set("c")).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after_change_commit truetrue", "after_save_commit 1", "after_update_commit ac"]);
        db.delete::<Event>().filter(|e| e.name.eq("c")).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after_change_commit truefalse", "after_delete_commit c"]);
        db.delete::<Event>().filter(|e| e.name.eq("c")).await.unwrap();
        db.drain().await.unwrap();
        assert!(recorder.take().is_empty());
    }

    async fn l50_hooks_wait_for_the_outermost_commit_and_keep_the_order_of_operations(engine) {
        let db = engine.db(tables![Event, Outer]).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        let (noted, watched) = (recorder.clone(), recorder.clone());
        db.tx(async |tx| {
            tx.create(event("1")).await?;
            tx.tx(async |tx| tx.create(event("2")).await).await?;
            tx.create(NewOuter::default()).await?;
            tx.on_commit(async move {
                noted.note("outer on_commit");
                Ok(())
            });
            tx.create(event("3")).await?;
            assert!(watched.take().is_empty());
            Ok(())
        })
        .await
        .unwrap();
        db.drain().await.unwrap();
        let expected = [
            "after_create_commit 1", "after_create_commit 2", "outer committed", "after_create_commit inner",
            "outer on_commit", "after_create_commit 3",
        ];
        assert_eq!(created(&recorder), expected);
    }

    async fn l50_l54_a_rolled_back_savepoint_has_no_commit_and_a_rollback_hook(engine) {
        let db = engine.db(tables![Event]).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        let noted = recorder.clone();
        db.tx(async |tx| {
            tx.create(event("kept")).await?;
            let undone: Result<()> = tx
                .tx(async |tx| {
                    tx.create(vec![event("a"), event("b")]).await?;
                    tx.on_commit(async move {
                        noted.note("outer: never");
                        Ok(())
                    });
                    Err(Error::reject("no"))
                })
                .await;
            assert!(undone.is_err());
            Ok(())
        })
        .await
        .unwrap();
        db.drain().await.unwrap();
        assert_eq!(created(&recorder), ["after_create_commit kept", "after_rollback create 2"]);
    }

    async fn l54_rollback_hooks_run_after_a_failed_transaction_and_after_a_failed_operation(engine) {
        let db = engine.db(tables![Event, Outer]).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        let failed: Result<()> = db
            .tx(async |tx| {
                tx.create(event("a")).await?;
                tx.update::<Event>().set(|e| e.name.set("b")).all_rows().await?;
                Err(Error::reject("no"))
            })
            .await;
        assert!(failed.is_err());
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after_rollback create 1", "after_rollback update 1"]);
        db.create(event("a")).after_create(async |_, _| Err(Error::reject("no"))).await.unwrap_err();
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after_rollback create 1"]);
    }

    async fn l54_rollback_hooks_run_after_cancellation(engine) {
        let db = engine.db(tables![Event]).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        let reached = Arc::new(Notify::new());
        let (in_tx, on_task) = (reached.clone(), db.clone());
        let task = tokio::spawn(async move {
            on_task
                .tx(async move |tx| {
                    tx.create(event("a")).await?;
                    in_tx.notify_one();
                    std::future::pending::<Result<()>>().await
                })
                .await
        });
        reached.notified().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after_rollback create 1"]);
        assert_eq!(db.find::<Event>().count().await.unwrap(), 0);
    }

    async fn l51_the_caller_does_not_wait_and_drain_does(engine) {
        let (go, noted) = (Arc::new(Notify::new()), Recorder::default());
        let follower = Follower { go: go.clone(), noted: noted.clone() };
        let db = engine.connect(tables![Event], |c| c.observe(follower)).await;
        db.create(event("wait")).await.unwrap();
        assert!(noted.take().is_empty());
        go.notify_one();
        db.drain().await.unwrap();
        assert_eq!(noted.take(), ["followed wait"]);
        db.create(event("spawn")).await.unwrap();
        db.drain().await.unwrap();
        let mut both = noted.take();
        both.sort();
        assert_eq!(both, ["followed spawn", "spawned"]);
    }

    async fn l51_errors_and_panics_go_to_the_sink_and_stop_nothing(engine) {
        let noted = Recorder::default();
        let follower = Follower { go: Arc::default(), noted: noted.clone() };
        let errors: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = errors.clone();
        let db = engine
            .connect(tables![Event], |c| {
                c.observe(follower).on_error(move |e| {
                    let source = std::error::Error::source(&e.error).map(ToString::to_string);
                    sink.lock().unwrap().push(format!("{} {}", e.hook.unwrap(), source.unwrap_or_default()));
                })
            })
            .await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        for name in ["fail", "panic"] {
            db.create(event(name)).await.unwrap();
            db.drain().await.unwrap();
            // The table's own hooks ran, on this and the other side of the failure.
            assert_eq!(created(&recorder), [format!("after_create_commit {name}")]);
        }
        let errors = errors.lock().unwrap();
        assert!(errors[0].contains("Follower") && errors[0].contains("it failed"), "{errors:?}");
        assert!(errors[1].contains("Follower") && errors[1].contains("it panicked"), "{errors:?}");
    }

    async fn l52_hooks_write_in_a_new_transaction_as_the_operations_actor(engine) {
        let noted = Recorder::default();
        let follower = Follower { go: Arc::default(), noted: noted.clone() };
        let db = engine.connect(tables![Event], |c| c.observe(follower)).await;
        let recorder = Recorder::default();
        let db = db.as_actor(recorder.clone());
        db.create(event("write")).await.unwrap();
        db.drain().await.unwrap();
        let mut both = created(&recorder);
        both.sort();
        assert_eq!(both, ["after_create_commit write", "after_create_commit written"]);
    }

    async fn l50_a_hook_of_one_operation_follows_its_commit(engine) {
        let db = engine.db(tables![Event]).await;
        let recorder = Recorder::default();
        let noted = recorder.clone();
        let hook = async move |_: &Db, events: &[Event]| {
            noted.note(format!("committed {}", events[0].name));
            Ok(())
        };
        db.create(event("a")).after_create_commit(hook).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["committed a"]);
    }

    async fn l50_hooks_run_also_if_the_caller_is_gone(engine) {
        let db = engine.db(tables![Event]).await;
        let (recorder, log) = (Recorder::default(), db.log.clone());
        let db = db.as_actor(recorder.clone());
        let mut create = db.create(event("a")).into_future();
        // Until COMMIT is sent; what is left is to wait for the disk or the server, where there is one.
        loop {
            std::future::poll_fn(|cx| {
                _ = create.as_mut().poll(cx);
                std::task::Poll::Ready(())
            })
            .await;
            if log.take().iter().any(|sql| sql == "COMMIT") {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(create);
        db.drain().await.unwrap();
        assert_eq!(created(&recorder), ["after_create_commit a"]);
        assert_eq!(db.find::<Event>().count().await.unwrap(), 1);
    }

    async fn l56_on_commit_runs_after_the_commit_and_never_after_a_rollback(engine) {
        let db = engine.db(tables![Event]).await;
        let noted = Recorder::default();
        for fails in [false, true] {
            let (in_commit, in_tx) = (noted.clone(), noted.clone());
            let done: Result<()> = db
                .tx(async |tx| {
                    tx.on_commit(async move {
                        in_commit.note("on commit");
                        Ok(())
                    });
                    tx.create(event("a")).await?;
                    in_tx.note("end of transaction");
                    if fails { Err(Error::reject("no")) } else { Ok(()) }
                })
                .await;
            assert_eq!(done.is_err(), fails);
            db.drain().await.unwrap();
        }
        assert_eq!(noted.take(), ["end of transaction", "on commit", "end of transaction"]);
    }

    async fn l51_work_after_commits_cannot_wait_for_itself(engine) {
        let db = engine.db(tables![Event]).await;
        let noted = Recorder::default();
        let told = noted.clone();
        let hook = async move |db: &Db, _: &[Event]| {
            told.note(format!("{} {}", db.drain().await.unwrap_err().code(), db.close().await.unwrap_err().code()));
            Ok(())
        };
        db.create(event("a")).after_create_commit(hook).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(noted.take(), ["invalid invalid"]);
    }

    async fn closing_waits_for_what_follows_commits(engine) {
        let (go, noted) = (Arc::new(Notify::new()), Recorder::default());
        let follower = Follower { go: go.clone(), noted: noted.clone() };
        let db = engine.connect(tables![Event], |c| c.observe(follower)).await;
        db.create(event("wait")).await.unwrap();
        go.notify_one();
        db.close().await.unwrap();
        assert_eq!(noted.take(), ["followed wait"]);
    }
}
