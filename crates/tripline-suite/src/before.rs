//! Before-hooks, defaults and checks (L20 to L29).

use jiff::Timestamp;
use tripline::{
    AnyValues, BeforeCreate, BeforeDeleteRows, BeforeSave, BeforeUpdate, BeforeUpdateRows, Edit, Kind,
    Operation, Saves, Value, prelude::*,
};

use crate::Recorder;

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "tasks")]
struct Task {
    #[key]
    id: Id<Task>,
    title: String,
    status: Status,
    #[default(3)]
    priority: i64,
    #[set_by_hook]
    slug: String,
    #[read_only]
    score: Option<i64>,
    note: Option<String>,
    #[created_at]
    created_at: Timestamp,
    #[updated_at]
    updated_at: Timestamp,
}

#[derive(Row, Debug)]
#[row(of = Task)]
struct Brief {
    id: Id<Task>,
    title: String,
}

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
enum Status {
    Open,
    InProgress,
    Done,
}

impl BeforeCreate for Task {
    async fn before_create(tx: &mut Tx<'_>, tasks: &mut [NewTask]) -> Result<()> {
        for task in tasks {
            let title = task.title.get().cloned().unwrap_or_default();
            let known =
                tx.find::<Task>().filter(|t| t.slug.starts_with(title.to_lowercase())).count().await?;
            match title.as_str() {
                "No slug" => task.slug.unset(),
                "No title" => task.title.unset(),
                _ => task.slug.set(format!("{}-{known}", title.to_lowercase())),
            }
            // A default can be read, and is not set (L27).
            Recorder::of(tx).note(format!("{:?} {}", task.priority.get(), task.priority.is_set()));
            task.score.set(100);
        }
        Ok(())
    }
}

impl BeforeSave for Task {
    async fn before_save(_: &mut Tx<'_>, saves: &mut Saves<'_, Task>) -> Result<()> {
        for mut save in saves.iter_mut() {
            if let Some(note) = save.get(|t| t.note)?.flatten() {
                save.set(|t| t.note, note.trim())?;
            }
        }
        Ok(())
    }
}

impl BeforeUpdate for Task {
    async fn before_update(tx: &mut Tx<'_>, patch: &mut TaskPatch) -> Result<()> {
        let operation = tx.operation().unwrap();
        Recorder::of(tx).note(format!("{} {} many {}", operation.kind, operation.table.name, operation.many));
        if patch.priority.get() == Some(&0) {
            patch.priority.unset();
        }
        Ok(())
    }
}

impl BeforeUpdateRows for Task {
    async fn before_update_rows(tx: &mut Tx<'_>, tasks: &mut [Edit<Task>]) -> Result<()> {
        for edit in tasks {
            if edit.old.status == Status::Done && edit.patch.status.modified(&edit.old.status) {
                return Err(Error::reject("a closed task cannot be reopened"));
            }
            // A computed value was computed against the locked row (L22).
            if let Some(priority) = edit.patch.priority.get().filter(|p| **p > 10) {
                Recorder::of(tx).note(format!("priority {priority}"));
                edit.patch.priority.set(10);
            }
        }
        Ok(())
    }
}

impl BeforeDeleteRows for Task {
    async fn before_delete_rows(_: &mut Tx<'_>, tasks: &[Task]) -> Result<()> {
        match tasks.iter().any(|t| t.status == Status::InProgress) {
            true => Err(Error::reject("in progress")),
            false => Ok(()),
        }
    }
}

/// A table whose hook writes the table itself between the reading of old rows and the update.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "shifting")]
struct Shifting {
    #[key]
    id: Id<Shifting>,
    kind: String,
    n: i64,
}

impl BeforeUpdateRows for Shifting {
    async fn before_update_rows(tx: &mut Tx<'_>, rows: &mut [Edit<Shifting>]) -> Result<()> {
        if rows[0].old.kind == "add" {
            // Somebody else's addition, between the reading of the rows and the update.
            tx.update::<Shifting>().set(|s| s.n.add(100)).all_rows().without_hooks().await?;
            return Ok(());
        }
        let first = rows[0].old.id;
        for edit in rows {
            edit.patch.n.set(edit.old.n + 1);
        }
        // One row leaves those that the filter finds, one joins them.
        tx.update::<Shifting>().by_key(first).set(|s| s.kind.set("left")).without_hooks().await?;
        let joins = |s: ShiftingCols| s.kind.set("in");
        tx.update::<Shifting>().filter(|s| s.kind.eq("out")).set(joins).without_hooks().await?;
        Ok(())
    }
}

/// Values that functions make: one for each created row, one for each update.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "documents")]
struct Document {
    #[key]
    id: Id<Document>,
    #[column("body_text")]
    body: String,
    #[default_fn(next_number)]
    number: i64,
    #[default(0)]
    #[on_update(next_number)]
    revision: i64,
}

/// Never the same twice, so that a second call for one row or one update would show.
fn next_number() -> i64 {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn document(body: &str) -> NewDocument {
    NewDocument { body: body.into(), ..Default::default() }
}

fn task(title: &str) -> NewTask {
    NewTask { title: title.into(), status: Status::Open.into(), ..Default::default() }
}

cases! {
    async fn l20_l25_a_hook_sets_what_callers_may_not(engine) {
        let db = engine.db(tables![Task]).await;
        let tasks = db.create(vec![task("Write"), task("Read")]).await.unwrap();
        assert_eq!((tasks[0].slug.as_str(), tasks[0].score), ("write-0", Some(100)));
        assert_eq!(db.create(task("Write")).await.unwrap().slug, "write-1");
        let by_caller = db.create(NewTask { score: 5.into(), slug: "x".into(), ..task("Mine") }).await;
        let Err(Error::ReadOnly(violation)) = by_caller else { panic!("{by_caller:?}") };
        assert_eq!((violation.table.as_str(), violation.columns), ("tasks", vec!["slug".to_owned(), "score".to_owned()]));
    }

    async fn l10_a_write_passes_guard_before_check_write_and_after_in_this_order(engine) {
        let db = engine.db(tables![Task]).await;
        let recorder = Recorder::default();
        let traced = |draft: NewTask| {
            let (before, after) = (recorder.clone(), recorder.clone());
            db.create(draft)
                .before_create(async move |_, tasks| {
                    // The table's own hook ran before: what it set is here, what is missing is not checked yet.
                    before.note(format!("before, title {}", tasks[0].title.is_set()));
                    Ok(())
                })
                .after_create(async move |_, tasks| {
                    after.note(format!("after, key {}", tasks[0].id.get() > 0));
                    Ok(())
                })
        };
        db.log.take();
        // Guard refuses before any hook runs.
        traced(NewTask { score: 5.into(), ..task("a") }).await.unwrap_err();
        assert!(recorder.take().is_empty() && db.log.take().is_empty());
        // Check refuses after the hooks and before the write.
        traced(task("No title")).await.unwrap_err();
        assert_eq!(recorder.take(), ["before, title false"]);
        assert!(!db.log.take().iter().any(|sql| sql.starts_with("INSERT")));
        traced(task("b")).await.unwrap();
        assert_eq!(recorder.take(), ["before, title true", "after, key true"]);
        assert_eq!(db.log.take().last().unwrap(), "COMMIT");
    }

    async fn l26_what_hooks_leave_is_checked(engine) {
        let db = engine.db(tables![Task]).await;
        for (title, columns) in [("No slug", vec!["slug"]), ("No title", vec!["title", "slug"])] {
            let error = db.create(vec![task("Fine"), task(title)]).await.unwrap_err();
            let Error::Required(violation) = error.root() else { panic!("{error:?}") };
            assert_eq!(violation.columns, columns);
        }
        assert_eq!(db.find::<Task>().count().await.unwrap(), 0);
    }

    async fn l27_defaults_are_there_for_hooks_and_not_set(engine) {
        let db = engine.db(tables![Task]).await;
        let recorder = Recorder::default();
        let as_recorder = db.as_actor(recorder.clone());
        as_recorder.create(task("a")).await.unwrap();
        as_recorder.create(NewTask { priority: 5.into(), ..task("b") }).await.unwrap();
        assert_eq!(recorder.take(), ["Some(3) false", "Some(5) true"]);
    }

    async fn l27_one_clock_reading_for_an_operation(engine) {
        let times = std::sync::atomic::AtomicI64::new(0);
        let clock = move || Timestamp::new(times.fetch_add(1, std::sync::atomic::Ordering::Relaxed), 999).unwrap();
        let db = engine.connect(tables![Task], |c| c.clock(clock)).await;
        let tasks = db.create(vec![task("a"), task("b")]).await.unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(tasks.iter().all(|t| t.created_at == at(0) && t.updated_at == at(0)), "{tasks:?}");
        let set = |t: TaskCols| t.note.set("x");
        let updated = db.update::<Task>().set(set).all_rows().rows::<Task>().await.unwrap();
        assert!(updated.iter().all(|t| t.created_at == at(0) && t.updated_at == at(1)));
    }

    async fn l27_on_update_values_do_not_make_an_empty_patch_an_update(engine) {
        let db = engine.db(tables![Task]).await;
        let before = db.create(task("a")).await.unwrap();
        // The hook takes the only change back.
        assert_eq!(db.update::<Task>().by_key(before.id).set(|t| t.priority.set(0)).await.unwrap(), 0);
        assert_eq!(db.find::<Task>().by_key(before.id).await.unwrap(), Some(before));
    }

    async fn l27_a_default_function_is_called_for_each_row_that_has_no_value(engine) {
        let db = engine.db(tables![Document]).await;
        let given = NewDocument { number: (-5).into(), ..document("c") };
        let made = db.create(vec![document("a"), document("b"), given]).await.unwrap();
        assert!(made[0].number > 0 && made[0].number < made[1].number, "{made:?}");
        assert_eq!((made[2].number, made[2].revision), (-5, 0));
        assert_eq!(db.find::<Document>().order(|d| d.id.asc()).await.unwrap(), made);
    }

    async fn l27_an_on_update_function_is_called_once_for_all_rows_and_not_where_a_value_is_set(engine) {
        let db = engine.db(tables![Document]).await;
        db.create(vec![document("a"), document("b")]).await.unwrap();
        let set = |d: DocumentCols| d.body.set("c");
        let updated = db.update::<Document>().set(set).all_rows().rows::<Document>().await.unwrap();
        assert!(updated[0].revision > 0 && updated[0].revision == updated[1].revision, "{updated:?}");
        let own = |d: DocumentCols| d.revision.set(-1);
        let updated = db.update::<Document>().set(own).all_rows().rows::<Document>().await.unwrap();
        assert!(updated.iter().all(|d| d.revision == -1), "{updated:?}");
        db.log.take();
        // Nothing set: nothing is done, and no value is made for it.
        assert_eq!(db.update::<Document>().all_rows().await.unwrap(), 0);
        assert!(db.log.take().is_empty());
    }

    async fn a_renamed_column_has_its_name_in_the_database(engine) {
        let db = engine.db(tables![Document]).await;
        db.create(document("a")).await.unwrap();
        assert_eq!(db.find::<Document>().filter(|d| d.body.eq("a")).count().await.unwrap(), 1);
        let rows = db.raw_query("SELECT body_text FROM documents", []).await.unwrap();
        assert_eq!(rows.get::<String>(0, 0).unwrap(), "a");
    }

    async fn l20_l24_a_hook_rejects(engine) {
        let db = engine.db(tables![Task]).await;
        let done = db.create(NewTask { status: Status::Done.into(), ..task("done") }).await.unwrap();
        let error = db.update::<Task>().by_key(done.id).set(|t| t.status.set(Status::Open)).await.unwrap_err();
        assert!(error.is_rejected(), "{error:?}");
        // The same value is no change.
        db.update::<Task>().by_key(done.id).set(|t| t.status.set(Status::Done)).await.unwrap();
        db.create(NewTask { status: Status::InProgress.into(), ..task("doing") }).await.unwrap();
        assert!(db.delete::<Task>().all_rows().await.unwrap_err().is_rejected());
        assert_eq!(db.find::<Task>().count().await.unwrap(), 2);
        assert_eq!(db.delete::<Task>().by_key(done.id).await.unwrap(), 1);
    }

    async fn l21_a_save_hook_sees_drafts_and_patches_alike(engine) {
        let db = engine.db(tables![Task]).await;
        let made = db.create(NewTask { note: "  a ".into(), ..task("a") }).await.unwrap();
        assert_eq!(made.note.as_deref(), Some("a"));
        let set = |t: TaskCols| t.note.set(" b  ");
        let updated = db.update::<Task>().by_key(made.id).set(set).rows::<Task>().await.unwrap();
        assert_eq!(updated[0].note.as_deref(), Some("b"));
    }

    async fn l22_an_expression_is_computed_for_each_locked_row(engine) {
        let db = engine.db(tables![Task]).await;
        let recorder = Recorder::default();
        let as_recorder = db.as_actor(recorder.clone());
        let tasks: Vec<_> = [1, 7, 9].map(|p| NewTask { priority: p.into(), ..task("t") }).into();
        as_recorder.create(tasks).await.unwrap();
        recorder.take();
        as_recorder.update::<Task>().set(|t| t.priority.add(4)).all_rows().await.unwrap();
        let priorities: Vec<i64> = db.find::<Task>().order(|t| t.id.asc()).await.unwrap().iter().map(|t| t.priority).collect();
        assert_eq!(priorities, [5, 10, 10]);
        assert_eq!(recorder.take(), ["update tasks many true", "priority 11", "priority 13"]);
    }

    async fn l23_the_write_is_for_the_rows_that_were_read_and_still_match(engine) {
        let db = engine.db(tables![Shifting]).await;
        let row = |kind: &str, n: i64| NewShifting { kind: kind.into(), n: n.into(), ..Default::default() };
        db.create(vec![row("in", 10), row("in", 20), row("out", 30)]).await.unwrap();
        let updated = db.update::<Shifting>().filter(|s| s.kind.eq("in")).set(|s| s.n.set(0)).await.unwrap();
        assert_eq!(updated, 1);
        let n: Vec<i64> = db.find::<Shifting>().order(|s| s.id.asc()).await.unwrap().iter().map(|s| s.n).collect();
        assert_eq!(n, [10, 21, 30]);
    }

    async fn l22_l23_an_expression_counts_for_the_row_as_it_is_when_it_is_written(engine) {
        let db = engine.db(tables![Shifting]).await;
        db.create(NewShifting { kind: "add".into(), n: 50.into(), ..Default::default() }).await.unwrap();
        db.update::<Shifting>().filter(|s| s.kind.eq("add")).set(|s| s.n.add(1)).await.unwrap();
        assert_eq!(db.find::<Shifting>().one().await.unwrap().n, 151);
    }

    async fn l20_l27_what_a_hook_takes_back_falls_back_on_its_default(engine) {
        let db = engine.db(tables![Task]).await;
        let hook = async |_: &mut Tx<'_>, tasks: &mut [NewTask]| {
            tasks[0].priority.unset();
            Ok(())
        };
        let made = db.create(NewTask { priority: 9.into(), ..task("a") }).before_create(hook).await.unwrap();
        assert_eq!(made.priority, 3);
    }

    async fn l25_a_callers_default_counts_as_given(engine) {
        let db = engine.db(tables![Task]).await;
        let sneaky = NewTask { created_at: Field::Default(Timestamp::UNIX_EPOCH), ..task("a") };
        assert!(matches!(db.create(sneaky).await, Err(Error::ReadOnly(_))));
    }

    async fn l28_the_callers_values_are_not_changed(engine) {
        let db = engine.db(tables![Task]).await;
        let mine = NewTask { note: "  a ".into(), ..task("a") };
        db.create(mine.clone()).await.unwrap();
        assert_eq!(mine.note.get().unwrap().as_deref(), Some("  a "));
        assert!(!mine.slug.is_set());
    }

    async fn l29_a_hook_can_read_its_operation(engine) {
        let db = engine.db(tables![Task]).await;
        let recorder = Recorder::default();
        let made = db.create(task("a")).await.unwrap();
        let as_recorder = db.as_actor(recorder.clone());
        as_recorder.update::<Task>().by_key(made.id).set(|t| t.priority.set(1)).await.unwrap();
        assert_eq!(recorder.take(), ["update tasks many false"]);
        let seen = recorder.clone();
        db.create(task("b"))
            .after_create(async move |tx, _| {
                let operation = tx.operation().unwrap();
                seen.note(format!("{} {:?} {}", operation.kind, operation.query.filter, tx.is_implicit()));
                assert_eq!(tx.origin().map(|o| (o.table, o.kind)).collect::<Vec<_>>(), [("tasks", Kind::Create)]);
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(recorder.take(), ["create None false"]);
        // Which columns the caller gets.
        let names = |operation: &Operation| {
            operation.columns().iter().map(|i| operation.table.columns[usize::from(*i)].name).collect::<Vec<_>>()
        };
        let seen = recorder.clone();
        let update = db.update::<Task>().by_key(made.id).set(|t| t.priority.set(2)).rows::<Brief>();
        let update = update.after_update(async move |tx, _| {
            seen.note(format!("{:?}", names(tx.operation().unwrap())));
            Ok(())
        });
        let Brief { id, title } = update.await.unwrap().pop().unwrap();
        assert_eq!((id, title.as_str()), (made.id, "a"));
        let seen = recorder.clone();
        db.delete::<Task>()
            .by_key(made.id)
            .after_delete(async move |tx, _| {
                seen.note(format!("{:?}", tx.operation().unwrap().columns()));
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(recorder.take(), [r#"["id", "title"]"#, "[]"]);
    }

    async fn l26_a_value_of_a_wrong_type_is_not_a_hooks_failure(engine) {
        let db = engine.db(tables![Task]).await;
        let table = db.table("tasks").unwrap();
        for (value, code) in [(Value::Int(3), "invalid"), (Value::Null, "not_null")] {
            let mut values = AnyValues::new(table);
            values.set("title", value).unwrap();
            let error = db.create_in(table, values).await.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains("title"), "{error}");
        }
        let update = db.update_in(table).all_rows().set(|c| c.col("title").set(3));
        assert_eq!(update.await.unwrap_err().code(), "invalid");
    }

    async fn l23_too_many_rows_for_hooks_is_an_error_before_anything_is_written(engine) {
        let db = engine.connect(tables![Task], |c| c.max_hook_rows(2)).await;
        db.create(vec![task("a"), task("b"), task("c")]).await.unwrap();
        let error = db.update::<Task>().set(|t| t.priority.set(1)).all_rows().await.unwrap_err();
        assert!(matches!(error, Error::TooManyRows { limit: 2, .. }), "{error:?}");
        assert!(matches!(db.delete::<Task>().all_rows().await, Err(Error::TooManyRows { .. })));
        assert_eq!(db.find::<Task>().filter(|t| t.priority.eq(3)).count().await.unwrap(), 3);
    }
}
