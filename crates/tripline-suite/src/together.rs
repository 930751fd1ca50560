//! Where two features meet: batches in hooks of batches, plans that narrow cascades, upserts that their hooks change.

use tripline::{
    AfterCreate, AfterDelete, AfterFind, AfterRollback, AfterUpdate, BeforeCreate, BeforeDeleteRows, Change,
    CreatePlan, DeletePlan, On, PlanCreate, PlanDelete, Read, Undone, create, find, prelude::*, update,
};

use crate::Recorder;

/// Its hook has a batch of its own.
#[derive(Table, Clone, Debug)]
#[table(name = "news")]
struct News {
    #[key]
    id: Id<News>,
    title: String,
}

impl AfterCreate for News {
    async fn after_create(tx: &mut Tx<'_>, news: &[News]) -> Result<()> {
        let (tag, tags) = tx.batch((create(tag(&news[0].title)), find::<Tag>().count())).await?;
        if tag.name == "bad" {
            return Err(Error::reject("bad news"));
        }
        Recorder::of(tx).note(format!("{} is one of {tags}", tag.name));
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "tags")]
struct Tag {
    #[key]
    id: Id<Tag>,
    #[unique]
    name: String,
}

fn tag(name: &str) -> NewTag {
    NewTag { name: name.into(), ..Default::default() }
}

fn news(title: &str) -> NewNews {
    NewNews { title: title.into(), ..Default::default() }
}

/// Locked ones stay, whatever a delete says.
#[derive(Table, Clone, Debug)]
#[table(name = "forums")]
struct Forum {
    #[key]
    id: Id<Forum>,
    locked: bool,
}

impl BeforeDeleteRows for Forum {
    async fn before_delete_rows(_: &mut Tx<'_>, _: &[Forum]) -> Result<()> {
        Ok(())
    }
}

impl PlanDelete for Forum {
    fn plan_delete(plan: &mut DeletePlan<'_, Forum>) -> Result<()> {
        plan.filter(|f| f.locked.eq(false));
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "topics")]
struct Topic {
    #[key]
    id: Id<Topic>,
    #[references(Forum, on_delete = cascade)]
    forum: Id<Forum>,
}

impl AfterDelete for Topic {
    async fn after_delete(_: &mut Tx<'_>, _: &[Topic]) -> Result<()> {
        Ok(())
    }
}

/// Who has no manager any more has none.
#[derive(Table, Clone, Debug)]
#[table(name = "staff")]
struct Staff {
    #[key]
    id: Id<Staff>,
    name: String,
    #[references(Staff, on_delete = set_null)]
    manager: Option<Id<Staff>>,
}

impl AfterUpdate for Staff {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Staff>]) -> Result<()> {
        let names: Vec<&str> = changes.iter().map(|change| change.new.name.as_str()).collect();
        Recorder::of(tx).note(format!("changed {names:?}"));
        Ok(())
    }
}

/// Two columns by which rows go with others.
#[derive(Table, Clone, Debug)]
#[table(name = "nodes")]
struct Node {
    #[key]
    id: Id<Node>,
    #[references(Node, on_delete = cascade)]
    parent: Option<Id<Node>>,
    #[references(Node, on_delete = cascade)]
    origin: Option<Id<Node>>,
}

impl AfterDelete for Node {
    async fn after_delete(tx: &mut Tx<'_>, nodes: &[Node]) -> Result<()> {
        Recorder::of(tx).note(format!("gone {}", nodes.len()));
        Ok(())
    }
}

/// Changed by a hook beside what the caller sets.
#[derive(Table, Clone, Debug)]
#[table(name = "pages", hook_rows(PageText))]
struct Page {
    #[key]
    id: Id<Page>,
    #[unique]
    path: String,
    text: String,
    #[default(0)]
    edits: i64,
}

#[derive(Row, Debug)]
#[row(of = Page)]
struct PageText {
    text: String,
}

impl tripline::BeforeUpdate for Page {
    async fn before_update(_: &mut Tx<'_>, patch: &mut PagePatch) -> Result<()> {
        patch.edits.set(7);
        Ok(())
    }
}

impl AfterUpdate for PageText {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<PageText>]) -> Result<()> {
        let change = &changes[0];
        let edited = change.modified(|page| page.edits);
        Recorder::of(tx).note(format!("text {:?}, edits {edited:?}", change.new.text));
        Ok(())
    }
}

/// Finding some finds more.
#[derive(Table, Clone, Debug)]
#[table(name = "mirrors")]
struct Mirror {
    #[key]
    id: Id<Mirror>,
}

impl AfterFind for Mirror {
    async fn after_find(read: &mut Read<'_>, _: &[Mirror]) -> Result<()> {
        read.find::<Mirror>().await.map(drop)
    }
}

/// A read hook that tries to write.
#[derive(Table, Clone, Debug)]
#[table(name = "pens")]
struct Pen {
    #[key]
    id: Id<Pen>,
}

impl AfterFind for Pen {
    async fn after_find(read: &mut Read<'_>, _: &[Pen]) -> Result<()> {
        On::from(&mut *read).create(tag("written")).await.map(drop)
    }
}

/// Known by a handle that a hook writes in small letters.
#[derive(Table, Clone, Debug)]
#[table(name = "members")]
struct Member {
    #[key]
    id: Id<Member>,
    #[unique]
    handle: String,
    name: String,
}

impl BeforeCreate for Member {
    async fn before_create(_: &mut Tx<'_>, members: &mut [NewMember]) -> Result<()> {
        for member in members {
            let small = member.handle.get().map(|handle| handle.to_lowercase());
            member.handle.set(small.unwrap_or_default());
        }
        Ok(())
    }
}

fn member(handle: &str, name: &str) -> NewMember {
    NewMember { handle: handle.into(), name: name.into(), ..Default::default() }
}

/// What is planned after it fails for some.
#[derive(Table, Clone, Debug)]
#[table(name = "acts")]
struct Act {
    #[key]
    id: Id<Act>,
    tag: String,
}

impl PlanCreate for Act {
    fn plan_create(plan: &mut CreatePlan<'_, Act>) -> Result<()> {
        let tags: Vec<NewTag> =
            plan.drafts()?.iter().filter_map(|act| act.tag.get()).map(|t| tag(t)).collect();
        plan.after(create(tags));
        Ok(())
    }
}

impl AfterCreate for Act {
    async fn after_create(_: &mut Tx<'_>, _: &[Act]) -> Result<()> {
        Ok(())
    }
}

impl AfterRollback for Act {
    async fn after_rollback(db: &Db, undone: &Undone) -> Result<()> {
        Recorder::of_db(db).note(format!("undone {} of {}", undone.rows, undone.table));
        Ok(())
    }
}

cases! {
    async fn m6_a_batch_in_a_hook_of_a_batch_has_results_of_its_own(engine) {
        let db = engine.connect(tables![News, Tag], |c| c).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let (first, last, all) =
            watched.batch((create(tag("first")), create(news("inner")), find::<Tag>().count())).await.unwrap();
        assert_eq!((first.name.as_str(), last.title.as_str(), all), ("first", "inner", 2));
        assert_eq!(recorder.take(), ["inner is one of 2"]);
    }

    async fn l4_m6_results_of_a_batch_that_failed_are_nobodys(engine) {
        let db = engine.connect(tables![News, Tag], |c| c).await;
        let watched = db.as_actor(Recorder::default());
        let (news, tags) = watched
            .tx(async |tx| {
                let failed = tx.tx(async |tx| tx.batch((create(tag("first")), create(news("bad")))).await).await;
                assert!(failed.is_err());
                tx.batch((create(news("good")), find::<Tag>())).await
            })
            .await
            .unwrap();
        assert_eq!(news.title, "good");
        assert_eq!(tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["good"]);
    }

    async fn l30_l45_what_a_plan_spares_keeps_what_refers_to_it(engine) {
        let db = engine.connect(tables![Forum, Topic], |c| c).await;
        let forum = |locked: bool| NewForum { locked: locked.into(), ..Default::default() };
        let forums = db.create(vec![forum(true), forum(false)]).await.unwrap();
        let topic = |forum: &Forum| NewTopic { forum: forum.id.into(), ..Default::default() };
        db.create(vec![topic(&forums[0]), topic(&forums[1])]).await.unwrap();
        assert_eq!(db.delete::<Forum>().all_rows().await.unwrap(), 1);
        assert_eq!(db.find::<Topic>().one().await.unwrap().forum, forums[0].id);
    }

    async fn l45_a_row_that_goes_anyway_is_not_changed_before(engine) {
        let db = engine.connect(tables![Staff], |c| c).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let staff = |name: &str, manager: Option<Id<Staff>>| {
            NewStaff { name: name.into(), manager: manager.into(), ..Default::default() }
        };
        let head = db.create(staff("head", None)).await.unwrap().id;
        let deputy = db.create(staff("deputy", Some(head))).await.unwrap().id;
        db.create(staff("clerk", Some(deputy))).await.unwrap();
        let gone = watched.delete::<Staff>().filter(|s| s.id.eq(head).or(s.manager.eq(head))).await.unwrap();
        assert_eq!(gone, 2);
        assert_eq!(recorder.take(), [r#"changed ["clerk"]"#]);
        assert_eq!(db.find::<Staff>().one().await.unwrap().manager, None);
    }

    async fn l45_rows_that_refer_by_either_of_two_columns_go_together(engine) {
        let db = engine.connect(tables![Node], |c| c).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let node = |parent: Option<Id<Node>>, origin: Option<Id<Node>>| {
            NewNode { parent: parent.into(), origin: origin.into(), ..Default::default() }
        };
        let root = db.create(node(None, None)).await.unwrap().id;
        let child = db.create(node(Some(root), None)).await.unwrap().id;
        db.create(node(None, Some(child))).await.unwrap();
        let stays = db.create(node(None, None)).await.unwrap().id;
        assert_eq!(watched.delete::<Node>().by_key(root).await.unwrap(), 1);
        assert_eq!(recorder.take(), ["gone 2", "gone 1"]);
        assert_eq!(db.find::<Node>().one().await.unwrap().id, stays);
    }

    async fn l22_l44_what_a_hook_changes_of_an_upserts_row_counts_as_modified(engine) {
        let db = engine.connect(tables![Page], |c| c).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let page = |text: &str| NewPage { path: "/".into(), text: text.into(), ..Default::default() };
        db.create(page("one")).await.unwrap();
        let upsert = watched.create(page("two")).on_conflict(|p| p.path).do_update().rows::<PageText>();
        assert_eq!(upsert.await.unwrap().text, "two");
        assert_eq!(recorder.take(), [r#"text "two", edits true"#]);
    }

    async fn l61_reads_of_hooks_that_read_come_to_an_end(engine) {
        let db = engine.connect(tables![Mirror], |c| c).await;
        let mut error = db.find::<Mirror>().await.unwrap_err();
        while let Error::Hook(hook) = error {
            error = hook.source;
        }
        assert!(matches!(error, Error::TooDeep(_)), "{error:?}");
    }

    async fn l70_a_read_hook_cannot_write_by_a_detour_either(engine) {
        let db = engine.connect(tables![Pen, Tag], |c| c).await;
        let result = db.tx(async |tx| tx.find::<Pen>().await.map(drop)).await;
        let Err(Error::Hook(hook)) = result else { panic!("{result:?}") };
        assert!(matches!(hook.source, Error::ReadOnlyTransaction(_)), "{hook:?}");
        assert_eq!(db.find::<Tag>().count().await.unwrap(), 0);
    }

    async fn l44_drafts_that_a_hook_makes_the_same_row_are_refused(engine) {
        let db = engine.connect(tables![Member], |c| c).await;
        let twice = db.create(vec![member("Ada", "A"), member("ada", "B")]).on_conflict(|m| m.handle).do_update();
        let error = twice.await.unwrap_err();
        assert!(error.to_string().contains("two rows of the upsert have the same `handle`"), "{error}");
        assert_eq!(db.find::<Member>().count().await.unwrap(), 0);
    }

    async fn l44_an_upserts_own_hook_sees_all_rows_or_the_upsert_is_refused(engine) {
        let db = engine.connect(tables![Member], |c| c).await;
        db.create(vec![member("ada", "A"), member("bob", "B")]).await.unwrap();
        // That bob is there is known only after a hook wrote him in small letters.
        let late = db
            .create(vec![member("ada", "A2"), member("BOB", "B2")])
            .on_conflict(|m| m.handle)
            .do_update()
            .after_update(async |_, _| Ok(()));
        let error = late.await.unwrap_err();
        assert!(error.to_string().contains("own after_update hook ran for other rows"), "{error}");
        assert!(db.find::<Member>().filter(|m| m.name.ends_with("2")).first().await.unwrap().is_none());
    }

    async fn l44_rows_of_an_upsert_are_not_read_again(engine) {
        let db = engine.connect(tables![Tag], |c| c).await;
        let error = db.create(tag("a")).refreshed().on_conflict(|t| t.name).do_update().await.unwrap_err();
        assert!(error.to_string().contains("refreshed"), "{error}");
    }

    async fn l31_l54_what_wrote_is_undone_also_if_what_is_planned_after_it_fails(engine) {
        let db = engine.connect(tables![Act, Tag], |c| c).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        db.create(tag("taken")).await.unwrap();
        let act = watched.create(NewAct { tag: "taken".into(), ..Default::default() }).await;
        assert!(matches!(act, Err(Error::Unique(_))), "{act:?}");
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["undone 1 of acts"]);
    }

    async fn l30_m6_a_batch_of_reads_may_have_writes_planned(engine) {
        let db = engine.connect(tables![Visit, Tag], |c| c).await;
        let (visits,) = db.batch((find::<Visit>(),)).await.unwrap();
        assert!(visits.is_empty());
        assert_eq!(db.find::<Tag>().count().await.unwrap(), 1);
    }

    async fn l34_a_hook_of_the_operation_that_would_not_run_any_more_is_refused(engine) {
        let db = engine.connect(tables![Kept], |c| c).await;
        db.create(NewKept::default()).await.unwrap();
        let deleted = db.delete::<Kept>().all_rows().after_delete(async |_, _| Ok(())).await;
        let error = deleted.unwrap_err();
        assert!(error.to_string().contains("would not run"), "{error}");
        assert_eq!(db.delete::<Kept>().all_rows().await.unwrap(), 1);
        assert!(db.find::<Kept>().one().await.unwrap().gone);
    }
}

/// Reading it leaves a tag.
#[derive(Table, Clone, Debug)]
#[table(name = "visits")]
struct Visit {
    #[key]
    id: Id<Visit>,
}

impl tripline::PlanFind for Visit {
    fn plan_find(plan: &mut tripline::FindPlan<'_, Visit>) -> Result<()> {
        plan.after(create(tag("visited")));
        Ok(())
    }
}

/// Deleted, it is only marked.
#[derive(Table, Clone, Debug)]
#[table(name = "kept")]
struct Kept {
    #[key]
    id: Id<Kept>,
    #[default(false)]
    gone: bool,
}

impl PlanDelete for Kept {
    fn plan_delete(plan: &mut DeletePlan<'_, Kept>) -> Result<()> {
        plan.replace(update::<Kept>().set(|k| k.gone.set(true)));
        Ok(())
    }
}
