//! Cascades: rows that refer to those deleted are deleted or changed with all of their hooks (L45).

pub mod many;

use tripline::{AfterDelete, AfterUpdate, BeforeDelete, BeforeDeleteRows, Change, Operation, prelude::*};

use crate::{Race, Recorder};

/// A forum; all below refers to it.
#[derive(Table, Clone, Debug)]
#[table(name = "forums")]
struct Forum {
    #[key]
    id: Id<Forum>,
    name: String,
}

impl AfterDelete for Forum {
    async fn after_delete(tx: &mut Tx<'_>, forums: &[Forum]) -> Result<()> {
        Recorder::of(tx).note(format!("forums gone {}", forums.len()));
        Ok(())
    }
}

/// Deleted with its forum. Those that are pinned do not want to be.
#[derive(Table, Clone, Debug)]
#[table(name = "topics")]
struct Topic {
    #[key]
    id: Id<Topic>,
    #[references(Forum, on_delete = cascade)]
    forum: Id<Forum>,
    title: String,
}

impl BeforeDelete for Topic {
    async fn before_delete(tx: &mut Tx<'_>, operation: &Operation) -> Result<()> {
        let origin: Vec<String> = tx.origin().map(|o| format!("{} {}", o.kind, o.table)).collect();
        Recorder::of(tx).note(format!(
            "before {} by {origin:?} implicit {}",
            operation.kind,
            tx.is_implicit()
        ));
        Ok(())
    }
}

impl BeforeDeleteRows for Topic {
    async fn before_delete_rows(_: &mut Tx<'_>, topics: &[Topic]) -> Result<()> {
        match topics.iter().find(|topic| topic.title == "pinned") {
            Some(topic) => Err(Error::reject(format!("{} is pinned", topic.id))),
            None => Ok(()),
        }
    }
}

impl AfterDelete for Topic {
    async fn after_delete(tx: &mut Tx<'_>, topics: &[Topic]) -> Result<()> {
        let forums = tx.find::<Forum>().count().await?;
        Recorder::of(tx).note(format!("topics gone {} while there are {forums} forums", topics.len()));
        Ok(())
    }
}

/// Nothing is attached to it, but to what refers to it.
#[derive(Table, Clone, Debug)]
#[table(name = "attachments")]
struct Attachment {
    #[key]
    id: Id<Attachment>,
    #[references(Topic, on_delete = cascade)]
    topic: Id<Topic>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "scans")]
struct Scan {
    #[key]
    id: Id<Scan>,
    #[references(Attachment, on_delete = cascade)]
    attachment: Id<Attachment>,
}

impl AfterDelete for Scan {
    async fn after_delete(tx: &mut Tx<'_>, scans: &[Scan]) -> Result<()> {
        Recorder::of(tx).note(format!("scans gone {}", scans.len()));
        Ok(())
    }
}

/// Forgets its forum.
#[derive(Table, Clone, Debug)]
#[table(name = "badges")]
struct Badge {
    #[key]
    id: Id<Badge>,
    #[references(Forum, on_delete = set_null)]
    forum: Option<Id<Forum>>,
}

impl AfterUpdate for Badge {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Badge>]) -> Result<()> {
        for change in changes {
            Recorder::of(tx).note(format!(
                "badge from {} to {:?}",
                change.old.forum.is_some(),
                change.new.forum
            ));
        }
        Ok(())
    }
}

/// A tree, or whatever else a column that refers to its own table can make.
#[derive(Table, Clone, Debug)]
#[table(name = "comments")]
struct Comment {
    #[key]
    id: Id<Comment>,
    #[references(Comment, on_delete = cascade)]
    reply_to: Option<Id<Comment>>,
}

impl AfterDelete for Comment {
    async fn after_delete(tx: &mut Tx<'_>, comments: &[Comment]) -> Result<()> {
        Recorder::of(tx).note(format!("comments gone {}", comments.len()));
        Ok(())
    }
}

/// Two tables in a circle.
#[derive(Table, Clone, Debug)]
#[table(name = "hens")]
struct Hen {
    #[key]
    id: Id<Hen>,
    #[references(Egg, on_delete = cascade)]
    from: Option<Id<Egg>>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "eggs")]
struct Egg {
    #[key]
    id: Id<Egg>,
    #[references(Hen, on_delete = cascade)]
    by: Option<Id<Hen>>,
}

impl AfterDelete for Hen {
    async fn after_delete(tx: &mut Tx<'_>, hens: &[Hen]) -> Result<()> {
        Recorder::of(tx).note(format!("hens gone {}", hens.len()));
        Ok(())
    }
}

impl AfterDelete for Egg {
    async fn after_delete(tx: &mut Tx<'_>, eggs: &[Egg]) -> Result<()> {
        Recorder::of(tx).note(format!("eggs gone {}", eggs.len()));
        Ok(())
    }
}

fn topic(forum: Id<Forum>, title: &str) -> NewTopic {
    NewTopic { forum: forum.into(), title: title.into(), ..Default::default() }
}

async fn forums(engine: &crate::Engine) -> (crate::TestDb, [Id<Forum>; 2], Db, Recorder) {
    let db = engine.db(tables![Forum, Topic, Attachment, Scan, Badge]).await;
    let names = ["a", "b"].map(|name| NewForum { name: name.into(), ..Default::default() });
    let made = db.create(Vec::from(names)).await.unwrap();
    let ids = [made[0].id, made[1].id];
    db.create(vec![topic(ids[0], "x"), topic(ids[0], "y"), topic(ids[1], "z")]).await.unwrap();
    db.log.take();
    let recorder = Recorder::default();
    let watched = db.as_actor(recorder.clone());
    (db, ids, watched, recorder)
}

cases! {
    async fn l45_hooks_of_the_rows_below_run_and_before_the_rows_above_go(engine) {
        let (db, ids, watched, recorder) = forums(&engine).await;
        assert_eq!(watched.delete::<Forum>().by_key(ids[0]).await.unwrap(), 1);
        assert_eq!(recorder.take(), [
            r#"before delete by ["delete topics", "delete forums"] implicit true"#,
            "topics gone 2 while there are 2 forums",
            "forums gone 1",
        ]);
        assert_eq!(db.find::<Topic>().count().await.unwrap(), 1);
    }

    async fn l15_l45_one_operation_below_for_all_rows_above(engine) {
        let (db, _, watched, recorder) = forums(&engine).await;
        let gone = watched.delete::<Forum>().all_rows().rows::<Forum>().await.unwrap();
        assert_eq!(gone.len(), 2);
        assert_eq!(recorder.take()[1..], ["topics gone 3 while there are 2 forums", "forums gone 2"]);
        assert_eq!(db.find::<Topic>().count().await.unwrap(), 0);
        let sent = db.log.take();
        let selects = sent.iter().filter(|sql| sql.starts_with("SELECT") && !sql.contains("count(")).count();
        // The rows of each table are looked for once.
        assert_eq!(selects, 4, "{sent:?}");
    }

    async fn l45_where_there_are_no_rows_below_their_hooks_do_not_run(engine) {
        let (db, _, watched, recorder) = forums(&engine).await;
        let empty = db.create(NewForum { name: "c".into(), ..Default::default() }).await.unwrap();
        watched.delete::<Forum>().by_key(empty.id).await.unwrap();
        assert_eq!(recorder.take(), ["forums gone 1"]);
        watched.delete::<Forum>().by_key(empty.id).await.unwrap();
        assert!(recorder.take().is_empty());
    }

    async fn l45_a_table_without_hooks_is_passed_through_to_one_that_has_some(engine) {
        let (db, ids, watched, recorder) = forums(&engine).await;
        let topic = db.find::<Topic>().filter(|t| t.forum.eq(ids[1])).one().await.unwrap();
        let attachment = db.create(NewAttachment { topic: topic.id.into(), ..Default::default() }).await.unwrap();
        db.create(vec![NewScan { attachment: attachment.id.into(), ..Default::default() }; 3]).await.unwrap();
        watched.delete::<Forum>().by_key(ids[1]).await.unwrap();
        let noted = recorder.take();
        assert_eq!(noted[1..], ["scans gone 3", "topics gone 1 while there are 2 forums", "forums gone 1"]);
        assert_eq!(db.find::<Attachment>().count().await.unwrap(), 0);
    }

    async fn l45_set_null_is_an_update_with_its_hooks(engine) {
        let (db, ids, watched, recorder) = forums(&engine).await;
        db.create(NewBadge { forum: ids[1].into(), ..Default::default() }).await.unwrap();
        watched.delete::<Forum>().by_key(ids[1]).await.unwrap();
        assert!(recorder.take().contains(&"badge from true to None".to_owned()));
        assert_eq!(db.find::<Badge>().one().await.unwrap().forum, None);
    }

    async fn l24_l45_a_hook_below_rejects_the_whole(engine) {
        let (db, ids, watched, _) = forums(&engine).await;
        db.create(topic(ids[0], "pinned")).await.unwrap();
        let error = watched.delete::<Forum>().all_rows().await.unwrap_err();
        assert!(error.is_rejected());
        let Error::Hook(hook) = &error else { panic!("{error:?}") };
        assert_eq!(hook.table, "topics");
        assert_eq!((db.find::<Forum>().count().await.unwrap(), db.find::<Topic>().count().await.unwrap()), (2, 4));
    }

    async fn l45_l62_without_hooks_the_rows_below_go_all_the_same(engine) {
        let (db, ids, watched, recorder) = forums(&engine).await;
        db.create(topic(ids[0], "pinned")).await.unwrap();
        watched.delete::<Forum>().by_key(ids[0]).without_hooks().await.unwrap();
        assert!(recorder.take().is_empty());
        assert_eq!(db.find::<Topic>().count().await.unwrap(), 1);
    }

    async fn l45_what_goes_past_the_hooks_is_refused_by_the_database(engine) {
        let (db, ids, ..) = forums(&engine).await;
        let id = ids[0].get();
        let error = db.raw_execute(&format!("DELETE FROM forums WHERE id = {id}"), []).await.unwrap_err();
        assert!(matches!(error, Error::ForeignKey(_)), "{error:?}");
    }

    async fn l45_a_tree_goes_level_by_level_however_deep(engine) {
        let db = engine.db(tables![Comment]).await;
        let root = db.create(NewComment::default()).await.unwrap().id;
        let mut last = root;
        for _ in 0..40 {
            let reply = NewComment { reply_to: last.into(), ..Default::default() };
            last = db.create(vec![reply.clone(), reply]).await.unwrap()[0].id;
        }
        db.create(NewComment::default()).await.unwrap();
        let recorder = Recorder::default();
        db.as_actor(recorder.clone()).delete::<Comment>().by_key(root).await.unwrap();
        assert_eq!(recorder.take(), ["comments gone 80", "comments gone 1"]);
        assert_eq!(db.find::<Comment>().count().await.unwrap(), 1);
    }

    async fn l45_rows_in_a_circle_end_it(engine) {
        let db = engine.db(tables![Comment, Hen, Egg]).await;
        let made = db.create(vec![NewComment::default(); 3]).await.unwrap();
        for i in 0..3 {
            let to = made[(i + 1) % 3].id;
            db.update::<Comment>().by_key(made[i].id).set(|c| c.reply_to.set(to)).await.unwrap();
        }
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        assert_eq!(watched.delete::<Comment>().by_key(made[0].id).await.unwrap(), 1);
        assert_eq!(recorder.take(), ["comments gone 2", "comments gone 1"]);
        // A hen from an egg that it has laid itself, with another egg.
        let hen = db.create(NewHen::default()).await.unwrap();
        let eggs = db.create(vec![NewEgg { by: hen.id.into(), ..Default::default() }; 2]).await.unwrap();
        db.update::<Hen>().by_key(hen.id).set(|h| h.from.set(eggs[0].id)).await.unwrap();
        db.create(NewHen { from: eggs[1].id.into(), ..Default::default() }).await.unwrap();
        assert_eq!(watched.delete::<Hen>().by_key(hen.id).await.unwrap(), 1);
        assert_eq!(recorder.take(), ["hens gone 1", "eggs gone 2", "hens gone 1"]);
        assert_eq!((db.find::<Hen>().count().await.unwrap(), db.find::<Egg>().count().await.unwrap()), (0, 0));
    }

    async fn l45_a_row_that_comes_to_refer_waits_and_is_refused(engine) {
        let (db, ids, ..) = forums(&engine).await;
        let race = Race::new(&engine, &db);
        let (deleted, created) = tokio::join!(
            db.tx(async |tx| {
                tx.delete::<Forum>().by_key(ids[0]).await?;
                race.meet().await;
                Ok(())
            }),
            race.next(db.create(topic(ids[0], "late"))),
        );
        deleted.unwrap();
        let error = created.unwrap_err();
        assert!(matches!(error.root(), Error::ForeignKey(_)), "{error:?}");
        assert_eq!(db.find::<Topic>().count().await.unwrap(), 1);
    }

    async fn l45_a_delete_waits_for_a_row_that_comes_to_refer_and_takes_it_along(engine) {
        let (db, ids, watched, recorder) = forums(&engine).await;
        let race = Race::new(&engine, &db);
        let (created, deleted) = tokio::join!(
            db.tx(async |tx| {
                tx.create(topic(ids[0], "early")).await?;
                race.meet().await;
                Ok(())
            }),
            race.next(watched.delete::<Forum>().by_key(ids[0])),
        );
        created.unwrap();
        assert_eq!(deleted.unwrap(), 1);
        assert!(recorder.take().contains(&"topics gone 3 while there are 2 forums".to_owned()));
    }
}
