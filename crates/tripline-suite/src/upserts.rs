//! Upserts: with the hooks of what really happened (L44, M2).

pub mod many;
pub mod others;

use tripline::{
    AfterCreate, AfterCreateCommit, AfterUpdate, AfterUpdateCommit, AnyTable, BeforeCreate, BeforeUpdate,
    BeforeUpdateRows, Change, Edit, PlanUpdate, UpdatePlan, create, prelude::*,
};

use crate::{Race, Recorder};

/// Nothing is attached.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "logins", unique(realm, name))]
struct Login {
    #[key]
    id: Id<Login>,
    #[unique]
    email: Option<String>,
    realm: String,
    name: String,
    #[default(1)]
    times: i64,
    #[updated_at]
    updated_at: jiff::Timestamp,
}

/// With hooks, which note themselves.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "members")]
struct Member {
    #[key]
    id: Id<Member>,
    #[unique]
    handle: String,
    name: String,
    #[default(0)]
    changes: i64,
}

impl BeforeCreate for Member {
    async fn before_create(tx: &mut Tx<'_>, members: &mut [NewMember]) -> Result<()> {
        for member in members.iter_mut() {
            if let Some(handle) = member.handle.get().cloned() {
                member.handle.set(handle.to_lowercase());
            }
        }
        Recorder::of(tx).note(format!("before create of {}", members.len()));
        Ok(())
    }
}

impl AfterCreate for Member {
    async fn after_create(tx: &mut Tx<'_>, members: &[Member]) -> Result<()> {
        let handles: Vec<&str> = members.iter().map(|m| m.handle.as_str()).collect();
        Recorder::of(tx).note(format!("created {handles:?} implicit {}", tx.is_implicit()));
        Ok(())
    }
}

impl BeforeUpdate for Member {
    async fn before_update(tx: &mut Tx<'_>, patch: &mut MemberPatch) -> Result<()> {
        Recorder::of(tx).note(format!("before update, name set {}", patch.name.is_set()));
        Ok(())
    }
}

impl BeforeUpdateRows for Member {
    async fn before_update_rows(tx: &mut Tx<'_>, rows: &mut [Edit<Member>]) -> Result<()> {
        for edit in rows.iter_mut() {
            edit.patch.changes.set(edit.old.changes + 1);
        }
        Recorder::of(tx).note(format!("before update of {}", rows.len()));
        Ok(())
    }
}

impl AfterUpdate for Member {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Member>]) -> Result<()> {
        for change in changes {
            Recorder::of(tx).note(format!("updated {} to {}", change.old.name, change.new.name));
        }
        Ok(())
    }
}

/// With hooks after the commit only.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "readers")]
struct Reader {
    #[key]
    id: Id<Reader>,
    #[unique]
    card: String,
    #[default(0)]
    books: i64,
    #[read_only]
    fines: Option<i64>,
}

impl AfterCreateCommit for Reader {
    async fn after_create_commit(db: &Db, readers: &[Reader]) -> Result<()> {
        let cards: Vec<&str> = readers.iter().map(|reader| reader.card.as_str()).collect();
        Recorder::of_db(db).note(format!("created {cards:?}"));
        Ok(())
    }
}

impl AfterUpdateCommit for Reader {
    async fn after_update_commit(db: &Db, changes: &[Change<Reader>]) -> Result<()> {
        let cards: Vec<&str> = changes.iter().map(|change| change.new.card.as_str()).collect();
        Recorder::of_db(db).note(format!("updated {cards:?}"));
        Ok(())
    }
}

/// An update to 13 books is made one that sets what only hooks may set.
impl PlanUpdate for Reader {
    fn plan_update(plan: &mut UpdatePlan<'_, Reader>) -> Result<()> {
        if plan.patches()?.iter().any(|patch| patch.books.get() == Some(&13)) {
            let table = AnyTable::of::<Reader>();
            plan.replace(tripline::update_in(table).set(|c| c.col("fines").set(1)));
        }
        Ok(())
    }
}

fn reader(card: &str, books: i64) -> NewReader {
    NewReader { card: card.into(), books: books.into(), ..Default::default() }
}

fn login(email: &str, name: &str) -> NewLogin {
    NewLogin { email: email.into(), realm: "x".into(), name: name.into(), ..Default::default() }
}

fn member(handle: &str, name: &str) -> NewMember {
    NewMember { handle: handle.into(), name: name.into(), ..Default::default() }
}

async fn members(engine: &crate::Engine) -> (crate::TestDb, Db, Recorder) {
    let db = engine.db(tables![Member]).await;
    db.create(member("ada", "Ada")).await.unwrap();
    db.log.take();
    let recorder = Recorder::default();
    let watched = db.as_actor(recorder.clone());
    (db, watched, recorder)
}

async fn handles(db: &Db) -> Vec<(String, String)> {
    let all = db.find::<Member>().order(|m| m.handle.asc()).await.unwrap();
    all.into_iter().map(|m| (m.handle, m.name)).collect()
}

cases! {
    async fn l44_l50_new_rows_come_back_and_are_told_after_the_commit(engine) {
        let db = engine.db(tables![Reader]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let first = watched.create(reader("a", 1)).on_conflict(|r| r.card).do_update().await.unwrap();
        assert_eq!((first.card.as_str(), first.books), ("a", 1));
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), [r#"created ["a"]"#]);
        let drafts = vec![reader("b", 1), reader("a", 2), reader("c", 1)];
        let rows = watched.create(drafts).on_conflict(|r| r.card).do_update().await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (row.card.as_str(), row.books)).collect();
        assert_eq!(rows, [("b", 1), ("a", 2), ("c", 1)]);
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), [r#"updated ["a"]"#, r#"created ["b", "c"]"#]);
        let new = watched.create(reader("d", 1)).on_conflict(|r| r.card).do_nothing().await.unwrap();
        assert_eq!(new.unwrap().card, "d");
        assert!(watched.create(reader("d", 1)).on_conflict(|r| r.card).do_nothing().await.unwrap().is_none());
    }

    async fn l25_l44_what_a_plan_puts_in_place_of_an_upserts_update_is_guarded(engine) {
        let db = engine.db(tables![Reader]).await;
        db.create(reader("a", 1)).await.unwrap();
        let error = db.create(reader("a", 13)).on_conflict(|r| r.card).do_update().await.unwrap_err();
        assert!(matches!(error.root(), Error::ReadOnly(_)), "{error:?}");
    }

    async fn l1_l44_without_hooks_an_upsert_is_one_statement(engine) {
        let db = engine.db(tables![Login]).await;
        let first = db.create(login("a@x", "Ada")).on_conflict(|l| l.email).do_update().await.unwrap();
        assert_eq!((first.name.as_str(), first.times), ("Ada", 1));
        let again = db.create(login("a@x", "Countess")).on_conflict(|l| l.email).do_update().await.unwrap();
        assert_eq!((again.id, again.name.as_str(), again.times), (first.id, "Countess", 1));
        assert!(again.updated_at > first.updated_at, "T2: also where it is an update");
        let counted = db.create(login("a@x", "Bob")).on_conflict(|l| l.email).do_update().set(|l| l.times.add(1));
        let counted = counted.await.unwrap();
        assert_eq!((counted.name.as_str(), counted.times), ("Countess", 2));
        let none = db.create(login("a@x", "Eve")).on_conflict(|l| l.email).do_nothing().await.unwrap();
        assert_eq!(none, None);
        let some = db.create(login("e@x", "Eve")).on_conflict(|l| l.email).do_nothing().await.unwrap();
        assert_eq!(some.unwrap().name, "Eve");
        let sent = db.log.take();
        assert_eq!(sent.len(), 5, "{sent:?}");
        assert!(sent.iter().all(|sql| sql.contains(r#"ON CONFLICT ("email") DO "#)), "{sent:?}");
        assert_eq!(db.find::<Login>().count().await.unwrap(), 2);
    }

    async fn l44_many_rows_come_back_in_the_order_of_their_drafts(engine) {
        let db = engine.db(tables![Login]).await;
        db.create(login("b@x", "Bob")).await.unwrap();
        let drafts = vec![login("c@x", "Cy"), login("b@x", "Bo"), login("a@x", "Al")];
        let rows = db.create(drafts.clone()).on_conflict(|l| l.email).do_update().await.unwrap();
        assert_eq!(rows.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["Cy", "Bo", "Al"]);
        let new = db.create(vec![login("b@x", "Bo"), login("d@x", "Di")]).on_conflict(|l| l.email).do_nothing();
        assert_eq!(new.await.unwrap().iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["Di"]);
        // Each draft gives its own columns, if they differ.
        let mut other = login("c@x", "Cynthia");
        other.times = 7.into();
        let rows = db.create(vec![other, login("a@x", "Alice")]).on_conflict(|l| l.email).do_update().await.unwrap();
        assert_eq!((rows[0].times, rows[1].times, rows[1].name.as_str()), (7, 1, "Alice"));
        assert!(db.create(Vec::<NewLogin>::new()).on_conflict(|l| l.email).do_update().await.unwrap().is_empty());
    }

    async fn l44_a_row_is_known_by_several_columns_or_by_its_key(engine) {
        let db = engine.db(tables![Login]).await;
        let first = db.create(login("a@x", "Ada")).await.unwrap();
        let again = db.create(login("b@x", "Ada")).on_conflict(|l| (l.realm, l.name)).do_update().await.unwrap();
        assert_eq!((again.id, again.email.as_deref()), (first.id, Some("b@x")));
        let mut by_key = login("c@x", "Ada");
        by_key.id = first.id.into();
        let by_key = db.create(by_key).on_conflict(|l| l.id).do_update().await.unwrap();
        assert_eq!((by_key.id, by_key.email.as_deref()), (first.id, Some("c@x")));
        // Null is not the same as null.
        let null = |name: &str| NewLogin { realm: "x".into(), name: name.into(), ..Default::default() };
        db.create(vec![null("n"), null("m")]).on_conflict(|l| l.email).do_update().await.unwrap();
        assert_eq!(db.find::<Login>().count().await.unwrap(), 3);
    }

    async fn l44_what_makes_no_sense_is_refused(engine) {
        let db = engine.db(tables![Login, Member]).await;
        let twice = db.create(vec![login("a@x", "A"), login("a@x", "B")]).on_conflict(|l| l.email).do_update();
        let error = twice.await.unwrap_err();
        assert!(error.to_string().contains("have the same `email`"), "{error}");
        let twice = db.create(vec![member("a", "A"), member("a", "B")]).on_conflict(|m| m.handle).do_nothing();
        assert!(twice.await.unwrap_err().to_string().contains("have the same `handle`"));
        let error = db.create(login("a@x", "A")).on_conflict(|l| l.name).do_update().await.unwrap_err();
        assert!(error.to_string().contains("not by `name`"), "{error}");
        let required = db.create(NewLogin::default()).on_conflict(|l| l.email).do_update().await.unwrap_err();
        assert!(matches!(required, Error::Required(_)), "{required:?}");
        assert!(db.find::<Login>().one().await.is_err());
    }

    async fn l44_hooks_run_by_what_really_happens(engine) {
        let (db, watched, recorder) = members(&engine).await;
        let row = watched.create(member("ada", "Countess")).on_conflict(|m| m.handle).do_update().await.unwrap();
        assert_eq!((row.name.as_str(), row.changes), ("Countess", 1));
        assert_eq!(recorder.take(), ["before update, name set true", "before update of 1", "updated Ada to Countess"]);
        let row = watched.create(member("bob", "Bob")).on_conflict(|m| m.handle).do_update().await.unwrap();
        assert_eq!((row.name.as_str(), row.changes), ("Bob", 0));
        assert_eq!(recorder.take(), ["before create of 1", r#"created ["bob"] implicit false"#]);
        // One call of each hook, for all of its rows.
        let drafts = vec![member("cy", "Cy"), member("ada", "A"), member("bob", "B"), member("di", "Di")];
        let rows = watched.create(drafts).on_conflict(|m| m.handle).do_update().await.unwrap();
        assert_eq!(rows.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["Cy", "A", "B", "Di"]);
        let noted = recorder.take();
        assert_eq!(noted.len(), 6, "{noted:?}");
        assert_eq!(noted[1], "before update of 2");
        assert_eq!(noted[5], r#"created ["cy", "di"] implicit false"#);
        assert_eq!(db.find::<Member>().count().await.unwrap(), 4);
    }

    async fn l44_do_nothing_runs_no_hook_for_rows_that_are_there(engine) {
        let (db, watched, recorder) = members(&engine).await;
        let drafts = vec![member("ada", "A"), member("bob", "Bob")];
        let new = watched.create(drafts).on_conflict(|m| m.handle).do_nothing().await.unwrap();
        assert_eq!(new.iter().map(|m| m.handle.as_str()).collect::<Vec<_>>(), ["bob"]);
        assert_eq!(recorder.take(), ["before create of 1", r#"created ["bob"] implicit false"#]);
        let none = watched.create(member("ada", "A")).on_conflict(|m| m.handle).do_nothing().await.unwrap();
        assert!(none.is_none() && recorder.take().is_empty());
        assert_eq!(handles(&db).await, [("ada".into(), "Ada".into()), ("bob".into(), "Bob".into())]);
    }

    async fn l44_a_row_that_a_hook_makes_one_that_is_there_is_updated(engine) {
        let (db, watched, recorder) = members(&engine).await;
        let row = watched.create(member("ADA", "Countess")).on_conflict(|m| m.handle).do_update().await.unwrap();
        assert_eq!((row.handle.as_str(), row.name.as_str()), ("ada", "Countess"));
        let noted = recorder.take();
        assert_eq!(noted[0], "before create of 1");
        assert_eq!(noted.last().unwrap(), "updated Ada to Countess");
        assert_eq!(db.find::<Member>().count().await.unwrap(), 1);
    }

    async fn l44_l62_without_hooks_it_is_one_statement_again(engine) {
        let (db, watched, recorder) = members(&engine).await;
        watched.create(member("ada", "A")).on_conflict(|m| m.handle).do_update().without_hooks().await.unwrap();
        assert!(recorder.take().is_empty());
        assert_eq!(db.log.take().len(), 1);
        assert_eq!(handles(&db).await, [("ada".into(), "A".into())]);
    }

    async fn l41_l44_an_error_of_a_hook_undoes_all_of_it(engine) {
        let (db, watched, _) = members(&engine).await;
        let upsert = watched
            .create(vec![member("bob", "Bob"), member("ada", "A")])
            .after_create(async |_, _| Err(Error::reject("no")))
            .on_conflict(|m| m.handle)
            .do_update();
        assert!(upsert.await.unwrap_err().is_rejected());
        assert_eq!(handles(&db).await, [("ada".into(), "Ada".into())]);
    }

    async fn l44_a_row_that_someone_else_creates_meanwhile_is_updated(engine) {
        let (db, watched, recorder) = members(&engine).await;
        let race = Race::new(&engine, &db);
        let (first, second) = tokio::join!(
            db.tx(async |tx| {
                tx.create(member("new", "First")).await?;
                race.meet().await;
                Ok(())
            }),
            race.next(watched.create(member("new", "Second")).on_conflict(|m| m.handle).do_update()),
        );
        first.unwrap();
        assert_eq!(second.unwrap().name, "Second");
        let noted = recorder.take();
        assert_eq!(noted.last().unwrap(), "updated First to Second");
        assert_eq!(noted.contains(&"before create of 1".to_owned()), engine.is_postgres());
        assert!(!noted.iter().any(|note| note.starts_with("created")), "{noted:?}");
    }

    async fn l44_of_two_upserts_at_once_one_creates_and_one_updates(engine) {
        let (db, _, _) = members(&engine).await;
        let race = Race::new(&engine, &db);
        let upsert = |name: &str| member("new", name);
        let (first, second) = tokio::join!(
            db.tx(async |tx| {
                tx.create(upsert("First")).on_conflict(|m| m.handle).do_update().await?;
                race.meet().await;
                Ok(())
            }),
            race.next(db.create(upsert("Second")).on_conflict(|m| m.handle).do_update()),
        );
        first.unwrap();
        let second = second.unwrap();
        assert_eq!((second.name.as_str(), second.changes), ("Second", 1));
        assert_eq!(db.find::<Member>().count().await.unwrap(), 2);
    }

    async fn m6_an_upsert_is_part_of_a_batch(engine) {
        let (db, ..) = members(&engine).await;
        let (a, b) = db
            .batch((
                create(member("ada", "A")).on_conflict(|m| m.handle).do_update(),
                create(member("ada", "B")).on_conflict(|m| m.handle).do_nothing(),
            ))
            .await
            .unwrap();
        assert_eq!((a.name.as_str(), b), ("A", None));
    }
}
