//! Plan hooks: the final form of an operation, and operations around it (L30 to L34).

pub mod replaced;

use tripline::{
    AfterCreate, AfterDelete, AfterUpdate, BeforeCreate, Change, CreatePlan, DeletePlan, FindPlan, Kind,
    Phase, PlanCreate, PlanDelete, PlanFind, PlanUpdate, UpdatePlan, create, delete, prelude::*, update,
};

use crate::Recorder;

#[derive(Table, Clone, Debug)]
#[table(name = "writers")]
struct Writer {
    #[key]
    id: Id<Writer>,
    #[default(0)]
    books: i64,
}

/// Each is counted at its writer's, by plans only.
#[derive(Table, Clone, Debug)]
#[table(name = "books")]
struct Book {
    #[key]
    id: Id<Book>,
    writer: Id<Writer>,
    title: String,
    #[default(false)]
    archived: bool,
}

impl PlanCreate for Book {
    fn plan_create(plan: &mut CreatePlan<'_, Book>) -> Result<()> {
        let mut counted = Vec::new();
        for book in plan.drafts()? {
            let Some(title) = book.title.get().cloned() else { return Err(Error::reject("without a title")) };
            book.title.set(title.trim());
            counted.extend(book.writer.get().copied());
        }
        for writer in counted {
            plan.after(update::<Writer>().by_key(writer).set(|w| w.books.add(1)));
        }
        Ok(())
    }
}

/// A delete is an archiving, unless the system does it.
impl PlanDelete for Book {
    fn plan_delete(plan: &mut DeletePlan<'_, Book>) -> Result<()> {
        if plan.actor::<Recorder>().is_none() {
            plan.replace(update::<Book>().set(|b| b.archived.set(true)));
        }
        Ok(())
    }
}

/// Only books that are not archived change.
impl PlanUpdate for Book {
    fn plan_update(plan: &mut UpdatePlan<'_, Book>) -> Result<()> {
        if !plan.patches()?.iter().any(|patch| patch.archived.is_set()) {
            plan.filter(|b| b.archived.eq(false));
        }
        Ok(())
    }
}

/// Each read of a visit is counted, by the read itself.
#[derive(Table, Clone, Debug)]
#[table(name = "visits")]
struct Visit {
    #[key]
    id: Id<Visit>,
    #[default(0)]
    reads: i64,
}

impl PlanFind for Visit {
    fn plan_find(plan: &mut FindPlan<'_, Visit>) -> Result<()> {
        plan.before(update::<Visit>().all_rows().set(|v| v.reads.add(1)));
        Ok(())
    }
}

/// Its hooks and those of what it plans note themselves; what is planned says the title.
#[derive(Table, Clone, Debug)]
#[table(name = "acts")]
struct Act {
    #[key]
    id: Id<Act>,
    #[unique]
    title: String,
}

impl BeforeCreate for Act {
    async fn before_create(tx: &mut Tx<'_>, acts: &mut [NewAct]) -> Result<()> {
        let implicit = tx.is_implicit();
        Recorder::of(tx).note(format!("before {} implicit {implicit}", acts[0].title.get().unwrap()));
        Ok(())
    }
}

impl AfterCreate for Act {
    async fn after_create(tx: &mut Tx<'_>, acts: &[Act]) -> Result<()> {
        Recorder::of(tx).note(format!("after {}", acts[0].title));
        Ok(())
    }
}

impl AfterUpdate for Act {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Act>]) -> Result<()> {
        Recorder::of(tx).note(format!("after update of {}", changes.len()));
        Ok(())
    }
}

impl AfterDelete for Act {
    async fn after_delete(tx: &mut Tx<'_>, acts: &[Act]) -> Result<()> {
        Recorder::of(tx).note(format!("after delete of {}", acts.len()));
        Ok(())
    }
}

impl PlanCreate for Act {
    fn plan_create(plan: &mut CreatePlan<'_, Act>) -> Result<()> {
        let title = plan.drafts()?[0].title.get().cloned().unwrap_or_default();
        if title == "main" {
            plan.before(create(act("prologue"))).after(create(act("epilogue")));
        }
        if title == "bad" {
            plan.after(create(act("bad")));
        }
        Ok(())
    }
}

impl PlanUpdate for Act {
    fn plan_update(plan: &mut UpdatePlan<'_, Act>) -> Result<()> {
        plan.after(create(act("if any")).if_any()).after(create(act("always")));
        // Makes a delete of an update that makes a title empty; both are made of each other for ever below.
        if plan.patches()?.iter().any(|patch| patch.title.get().is_some_and(String::is_empty)) {
            plan.replace(delete::<Act>());
        }
        Ok(())
    }
}

impl PlanDelete for Act {
    fn plan_delete(plan: &mut DeletePlan<'_, Act>) -> Result<()> {
        if plan.is_implicit() {
            plan.replace(update::<Act>().set(|a| a.title.set("")));
        }
        Ok(())
    }
}

fn act(title: &str) -> NewAct {
    NewAct { title: title.into(), ..Default::default() }
}

fn book(writer: Id<Writer>, title: &str) -> NewBook {
    NewBook { writer: writer.into(), title: title.into(), ..Default::default() }
}

async fn books(engine: &crate::Engine) -> (crate::TestDb, Id<Writer>) {
    let db = engine.db(tables![Writer, Book, Visit]).await;
    let writer = db.create(NewWriter::default()).await.unwrap().id;
    db.create(book(writer, "warm")).await.unwrap();
    db.log.take();
    (db, writer)
}

async fn titles(db: &Db) -> Vec<String> {
    db.find::<Act>().order(|a| a.id.asc()).await.unwrap().into_iter().map(|a| a.title).collect()
}

cases! {
    async fn l30_l31_a_plan_changes_drafts_and_adds_operations(engine) {
        let (db, writer) = books(&engine).await;
        let made = db.create(vec![book(writer, " a "), book(writer, "b")]).await.unwrap();
        assert_eq!((made.len(), made[0].title.as_str()), (2, "a"));
        assert_eq!(db.find::<Writer>().one().await.unwrap().books, 3);
    }

    async fn l32_a_planned_write_is_one_flight(engine) {
        let (db, writer) = books(&engine).await;
        let made = db.create(book(writer, "a")).await.unwrap();
        assert_eq!(made.title, "a");
        let flights = db.log.take_flights();
        assert_eq!(flights.len(), engine.either(3, 1), "{flights:?}");
        let all = flights.concat();
        assert!(all[0].starts_with("BEGIN") && all[1].starts_with("INSERT"), "{all:?}");
        assert!(all[2].starts_with("UPDATE") && all[3] == "COMMIT", "{all:?}");
        // In an open transaction, what comes after travels with its end.
        db.tx(async |tx| tx.create(book(writer, "b")).await).await.unwrap();
        let flights = db.log.take_flights();
        assert_eq!(flights.len(), engine.either(3, 2), "{flights:?}");
        assert_eq!(db.find::<Writer>().one().await.unwrap().books, 3);
    }

    async fn l1_l30_a_plan_that_adds_nothing_costs_nothing(engine) {
        let (db, _) = books(&engine).await;
        db.update::<Book>().all_rows().set(|b| b.title.set("c")).await.unwrap();
        let sent = db.log.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].contains(r#""archived" = "#), "{sent:?}");
    }

    async fn l24_l30_a_plan_rejects_and_is_named(engine) {
        let (db, writer) = books(&engine).await;
        let error = db.create(NewBook { writer: writer.into(), ..Default::default() }).await.unwrap_err();
        assert!(error.is_rejected());
        let Error::Hook(hook) = &error else { panic!("{error:?}") };
        assert_eq!((hook.table, hook.operation, hook.phase), ("books", Kind::Create, Phase::PlanCreate));
        assert!(db.log.take().is_empty());
    }

    async fn l31_planned_operations_run_their_own_hooks_once_and_are_not_in_the_result(engine) {
        let db = engine.db(tables![Act]).await;
        let recorder = Recorder::default();
        let made = db.as_actor(recorder.clone()).create(act("main")).await.unwrap();
        assert_eq!(made.title, "main");
        assert_eq!(recorder.take(), [
            "before main implicit false",
            "before prologue implicit true",
            "after prologue",
            "before epilogue implicit true",
            "after epilogue",
            "after main",
        ]);
        assert_eq!(titles(&db).await, ["prologue", "main", "epilogue"]);
    }

    async fn l31_l41_a_planned_operation_that_fails_undoes_the_write(engine) {
        let db = engine.db(tables![Act, Writer, Book]).await;
        let error = db.create(act("bad")).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unique(_)), "{error:?}");
        assert!(titles(&db).await.is_empty());
        // So does one that travels with the commit.
        let drafts = [1, 2].map(|n| NewWriter { id: Id::new(n).into(), books: (i64::MAX - 1).into() });
        db.create(Vec::from(drafts)).await.unwrap();
        db.create(book(Id::new(1), "a")).await.unwrap();
        db.create(book(Id::new(1), "b")).await.unwrap_err();
        assert_eq!(db.find::<Book>().count().await.unwrap(), 1);
    }

    async fn l16_planned_operations_run_unless_they_say_if_any(engine) {
        let db = engine.db(tables![Act]).await;
        let none = db.update::<Act>().filter(|a| a.title.eq("none")).set(|a| a.title.set("x")).await.unwrap();
        assert_eq!((none, titles(&db).await), (0, vec!["always".to_owned()]));
        db.delete::<Act>().all_rows().await.unwrap();
        db.create(act("one")).await.unwrap();
        let one = db.update::<Act>().filter(|a| a.title.eq("one")).set(|a| a.title.set("x")).await.unwrap();
        assert_eq!((one, titles(&db).await), (1, vec!["x".to_owned(), "if any".to_owned(), "always".to_owned()]));
    }

    async fn l34_a_delete_made_an_update_is_one_of_the_same_rows(engine) {
        let (db, writer) = books(&engine).await;
        db.create(book(writer, "kept")).await.unwrap();
        let gone = db.delete::<Book>().filter(|b| b.title.eq("warm")).rows::<Book>().await.unwrap();
        assert_eq!((gone.len(), gone[0].archived), (1, true));
        let archived = db.find::<Book>().filter(|b| b.archived.eq(true)).await.unwrap();
        assert_eq!((archived.len(), archived[0].title.as_str()), (1, "warm"));
        // The system deletes.
        let system = db.as_actor(Recorder::default());
        assert_eq!(system.delete::<Book>().all_rows().await.unwrap(), 2);
        assert_eq!(db.find::<Book>().count().await.unwrap(), 0);
    }

    async fn l34_an_update_made_a_delete_runs_the_hooks_of_deletes(engine) {
        let db = engine.db(tables![Act]).await;
        db.create(vec![act("one"), act("two")]).await.unwrap();
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let n = watched.update::<Act>().filter(|a| a.title.eq("one")).set(|a| a.title.set("")).await.unwrap();
        assert_eq!(n, 1);
        let noted = recorder.take();
        assert!(noted.contains(&"after delete of 1".to_owned()), "{noted:?}");
        assert!(!noted.iter().any(|note| note.contains("update")), "{noted:?}");
        assert_eq!(titles(&db).await, ["two", "if any", "always"]);
    }

    async fn l34_an_operation_is_made_another_one_once(engine) {
        let db = engine.db(tables![Act]).await;
        db.create(act("one")).await.unwrap();
        // A delete that a hook makes is made an update, which would be made a delete again.
        let error = db
            .create(act("two"))
            .after_create(async |tx, _| tx.delete::<Act>().filter(|a| a.title.eq("one")).await.map(drop))
            .await
            .unwrap_err();
        assert!(matches!(error.root(), Error::Invalid(_)), "{error:?}");
        assert_eq!(titles(&db).await, ["one"]);
    }

    async fn l30_a_read_with_planned_operations_is_a_transaction(engine) {
        let (db, _) = books(&engine).await;
        db.create(NewVisit::default()).await.unwrap();
        db.log.take();
        assert_eq!(db.find::<Visit>().one().await.unwrap().reads, 1);
        let sent = db.log.take();
        assert_eq!(sent.len(), 4, "{sent:?}");
        assert!(sent[0].starts_with("BEGIN") && sent[3] == "COMMIT", "{sent:?}");
        let twice = db.tx(async |tx| tx.find::<Visit>().one().await).await.unwrap();
        assert_eq!(twice.reads, 2);
        let refused = db.read(async |read| read.find::<Visit>().one().await).await.unwrap_err();
        assert!(matches!(refused.root(), Error::ReadOnlyTransaction(_)), "{refused:?}");
    }
}
