//! Read hooks (L70, L71), and where they stand in the order (L11, L16, L17).

use tripline::{
    AfterCount, AfterFind, BeforeCount, BeforeFind, FilterReads, Found, Kind, OnAfterFind, OnBeforeFind,
    OnTransformFind, Phase, ReadPlan, ReadQuery, TransformFind, prelude::*,
};

use crate::Recorder;

/// Whose documents are read: the actor of most cases.
#[derive(Clone, Debug)]
struct Viewer {
    tenant: i64,
}

/// Documents of tenants: a viewer sees only those of its own.
#[derive(Table, Clone, Debug)]
#[table(name = "documents")]
struct Document {
    #[key]
    id: Id<Document>,
    tenant: i64,
    title: String,
}

impl FilterReads for Document {
    fn filter_reads(reads: &mut ReadPlan<'_, Document>) -> Result<()> {
        let Some(tenant) = reads.actor::<Viewer>().map(|viewer| viewer.tenant) else {
            return Err(Error::reject("who reads?"));
        };
        reads.filter(|d| d.tenant.eq(tenant));
        Ok(())
    }
}

/// All read hooks, which note themselves.
#[derive(Table, Clone, Debug)]
#[table(name = "pages", hook_rows(PageTitle))]
struct Page {
    #[key]
    id: Id<Page>,
    title: String,
    hidden: bool,
    #[default(0)]
    views: i64,
}

#[derive(Row, Clone, Debug)]
#[row(of = Page)]
struct PageTitle {
    title: String,
}

#[derive(Row, Clone, Debug)]
#[row(of = Page)]
struct PageId {
    id: Id<Page>,
}

fn note(read: &Read<'_>, what: impl Into<String>) {
    if let Some(recorder) = read.actor::<Recorder>() {
        recorder.note(what);
    }
}

impl BeforeFind for Page {
    async fn before_find(read: &mut Read<'_>, query: &mut ReadQuery<'_, Page>) -> Result<()> {
        query.filter(|p| p.hidden.eq(false)).limit(10);
        *read.local::<i64>()? += 1;
        note(read, "own before_find");
        Ok(())
    }
}

impl BeforeCount for Page {
    async fn before_count(read: &mut Read<'_>, query: &mut ReadQuery<'_, Page>) -> Result<()> {
        query.filter(|p| p.hidden.eq(false));
        note(read, format!("own before_count of {}", read.operation().unwrap().kind));
        Ok(())
    }
}

impl AfterCount for Page {
    async fn after_count(read: &mut Read<'_>, count: u64) -> Result<()> {
        note(read, format!("own after_count {count}"));
        Ok(())
    }
}

impl TransformFind for Page {
    async fn transform_find(read: &mut Read<'_>, rows: &mut Found<'_, Page>) -> Result<()> {
        for mut row in rows.iter_mut() {
            if let Some(title) = row.get(|p| p.title)? {
                row.set(|p| p.title, title.to_uppercase())?;
            }
        }
        note(read, format!("own transform_find {}", rows.len()));
        Ok(())
    }
}

impl AfterFind for PageTitle {
    async fn after_find(read: &mut Read<'_>, rows: &[PageTitle]) -> Result<()> {
        let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        let shared = *read.local::<i64>()?;
        note(read, format!("text after_find {titles:?} shared {shared}"));
        Ok(())
    }
}

/// Observes pages.
#[derive(Observer)]
#[observes(Page)]
struct Readers(&'static str);

impl OnBeforeFind<Page> for Readers {
    async fn before_find(&self, read: &mut Read<'_>, _: &mut ReadQuery<'_, Page>) -> Result<()> {
        note(read, format!("{} before_find", self.0));
        Ok(())
    }
}

impl OnTransformFind<Page> for Readers {
    async fn transform_find(&self, read: &mut Read<'_>, rows: &mut Found<'_, Page>) -> Result<()> {
        note(read, format!("{} transform_find {}", self.0, rows.len()));
        Ok(())
    }
}

impl OnAfterFind<Page> for Readers {
    async fn after_find(&self, read: &mut Read<'_>, rows: &[Page]) -> Result<()> {
        note(read, format!("{} after_find {}", self.0, rows.len()));
        Ok(())
    }
}

/// Its hook reads another table, and writes that down.
#[derive(Table, Clone, Debug)]
#[table(name = "shelves")]
struct Shelf {
    #[key]
    id: Id<Shelf>,
    room: i64,
}

impl BeforeFind for Shelf {
    async fn before_find(read: &mut Read<'_>, query: &mut ReadQuery<'_, Shelf>) -> Result<()> {
        if read.find::<Page>().without_hooks().exists().await? {
            query.filter(|s| s.room.gt(0));
            return Ok(());
        }
        Err(Error::reject("nothing is written yet"))
    }
}

impl AfterFind for Shelf {
    async fn after_find(read: &mut Read<'_>, _: &[Shelf]) -> Result<()> {
        match read.actor::<Db>().cloned() {
            Some(db) => db.create(page("written while reading", false)).await.map(drop),
            None => Ok(()),
        }
    }
}

fn document(tenant: i64, title: &str) -> NewDocument {
    NewDocument { tenant: tenant.into(), title: title.into(), ..Default::default() }
}

fn page(title: &str, hidden: bool) -> NewPage {
    NewPage { title: title.into(), hidden: hidden.into(), ..Default::default() }
}

async fn pages(engine: &crate::Engine) -> (crate::TestDb, Db, Recorder) {
    let db = engine
        .connect(tables![Page, Shelf], |c| c.observe(Readers("first")).observe(Readers("second")))
        .await;
    for (title, hidden) in [("one", false), ("two", true), ("three", false)] {
        db.create(page(title, hidden)).await.unwrap();
    }
    db.log.take();
    let recorder = Recorder::default();
    let watched = db.as_actor(recorder.clone());
    (db, watched, recorder)
}

cases! {
    async fn l70_a_filter_for_reads_holds_for_every_read_and_for_no_write(engine) {
        let db = engine.db(tables![Document]).await;
        let drafts = vec![document(1, "a"), document(1, "b"), document(2, "c")];
        let ids: Vec<Id<Document>> = db.create(drafts).await.unwrap().iter().map(|d| d.id).collect();
        let mine = db.as_actor(Viewer { tenant: 1 });
        assert_eq!(mine.find::<Document>().await.unwrap().len(), 2);
        assert_eq!(mine.find::<Document>().count().await.unwrap(), 2);
        assert!(!mine.find::<Document>().filter(|d| d.title.eq("c")).exists().await.unwrap());
        assert!(mine.find::<Document>().by_key(ids[2]).await.unwrap().is_none());
        assert!(mine.find::<Document>().order(|d| d.title.desc()).first().await.unwrap().unwrap().title == "b");
        // Or is inside of it, not beside it.
        let any = mine.find::<Document>().filter(|d| d.title.eq("c").or(d.title.eq("a"))).await.unwrap();
        assert_eq!(any.len(), 1);
        let n = db.tx(async |tx| tx.as_actor(Viewer { tenant: 2 }).find::<Document>().count().await).await;
        assert_eq!(n.unwrap(), 1);
        // For writes there are policies.
        assert_eq!(mine.update::<Document>().all_rows().set(|d| d.title.set("z")).await.unwrap(), 3);
        assert_eq!(mine.find::<Document>().without_hooks().count().await.unwrap(), 3);
    }

    async fn l70_a_filter_for_reads_costs_no_statement(engine) {
        let db = engine.db(tables![Document]).await;
        let mine = db.as_actor(Viewer { tenant: 1 });
        mine.find::<Document>().await.unwrap();
        mine.find::<Document>().count().await.unwrap();
        let sent = db.log.take();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert!(sent.iter().all(|sql| sql.contains(r#""tenant" = "#)), "{sent:?}");
    }

    async fn l14_an_error_of_a_filter_for_reads_names_it(engine) {
        let db = engine.db(tables![Document]).await;
        let error = db.find::<Document>().count().await.unwrap_err();
        assert!(error.is_rejected());
        let Error::Hook(hook) = &error else { panic!("{error:?}") };
        assert_eq!((hook.table, hook.operation, hook.phase), ("documents", Kind::Count, Phase::FilterReads));
    }

    async fn l11_l16_read_hooks_run_from_the_outside_in_and_back(engine) {
        let (_db, watched, recorder) = pages(&engine).await;
        let found = watched.find::<Page>().order(|p| p.id.asc()).await.unwrap();
        assert_eq!(found.iter().map(|p| p.title.as_str()).collect::<Vec<_>>(), ["ONE", "THREE"]);
        assert_eq!(recorder.take(), [
            "first before_find",
            "second before_find",
            "own before_find",
            "own transform_find 2",
            r#"text after_find ["ONE", "THREE"] shared 1"#,
            "second transform_find 2",
            "first transform_find 2",
            "second after_find 2",
            "first after_find 2",
        ]);
        // They see the empty result, too.
        assert!(watched.find::<Page>().filter(|p| p.title.eq("none")).first().await.unwrap().is_none());
        let noted = recorder.take();
        assert!(noted.contains(&"text after_find [] shared 1".to_owned()), "{noted:?}");
        assert!(noted.contains(&"first after_find 0".to_owned()), "{noted:?}");
    }

    async fn l42_l71_columns_that_read_hooks_ask_for_are_read_and_not_given_back(engine) {
        let (_db, watched, recorder) = pages(&engine).await;
        let ids = watched.find::<Page>().rows::<PageId>().order(|p| p.id.asc()).await.unwrap();
        assert_eq!(ids.len(), 2);
        assert!(ids[0].id < ids[1].id);
        assert!(recorder.take().contains(&r#"text after_find ["ONE", "THREE"] shared 1"#.to_owned()));
        let one = watched.find::<Page>().by_key(ids[0].id).await.unwrap().unwrap();
        assert_eq!(one.title, "ONE");
        assert!(recorder.take().contains(&r#"text after_find ["ONE"] shared 1"#.to_owned()));
    }

    async fn l70_l71_counts_and_exists_pass_the_hooks_for_counts(engine) {
        let (_db, watched, recorder) = pages(&engine).await;
        assert_eq!(watched.find::<Page>().count().await.unwrap(), 2);
        assert_eq!(recorder.take(), ["own before_count of count", "own after_count 2"]);
        assert!(!watched.find::<Page>().filter(|p| p.title.eq("two")).exists().await.unwrap());
        assert_eq!(recorder.take(), ["own before_count of exists", "own after_count 0"]);
    }

    async fn l70_read_hooks_cost_no_transaction(engine) {
        let (db, watched, _) = pages(&engine).await;
        watched.find::<Page>().await.unwrap();
        let sent = db.log.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        watched.find::<Shelf>().await.unwrap();
        let sent = db.log.take();
        assert_eq!(sent.len(), 2, "{sent:?}");
    }

    async fn l70_read_hooks_read_and_reject(engine) {
        let db = engine.db(tables![Page, Shelf]).await;
        let error = db.find::<Shelf>().await.unwrap_err();
        assert!(error.is_rejected(), "{error:?}");
        db.create(page("one", false)).await.unwrap();
        let shelf = |room: i64| NewShelf { room: room.into(), ..Default::default() };
        db.create(vec![shelf(0), shelf(1)]).await.unwrap();
        assert_eq!(db.find::<Shelf>().await.unwrap().len(), 1);
        // In a transaction they see what it wrote.
        let found = db.tx(async |tx| {
            tx.create(shelf(2)).await?;
            tx.find::<Shelf>().await
        });
        assert_eq!(found.await.unwrap().len(), 2);
        let found = db.read(async |read| read.find::<Shelf>().await).await;
        assert_eq!(found.unwrap().len(), 2);
    }

    async fn l8_l70_read_hooks_cannot_write(engine) {
        let db = engine.db(tables![Page, Shelf]).await;
        db.create(page("one", false)).await.unwrap();
        let error = db.as_actor(Db::clone(&db)).find::<Shelf>().await.unwrap_err();
        assert!(matches!(error.root(), Error::BesideTransaction(_)), "{error:?}");
        assert_eq!(db.find::<Page>().count().await.unwrap(), 1);
    }

    async fn l62_reads_without_hooks_skip_them(engine) {
        let (_db, watched, recorder) = pages(&engine).await;
        let all = watched.find::<Page>().without_hooks().await.unwrap();
        assert_eq!(all.len(), 3);
        assert!(all.iter().any(|p| p.title == "one"));
        assert!(recorder.take().is_empty());
    }

    async fn l13_a_hook_of_one_find_is_the_innermost(engine) {
        let (_db, watched, recorder) = pages(&engine).await;
        let own = recorder.clone();
        let found = watched
            .find::<Page>()
            .after_find(async move |_read, rows: &[Page]| {
                own.note(format!("once {}", rows.len()));
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(recorder.take()[3], "once 2");
    }

    async fn a_hook_that_would_not_run_is_an_error(engine) {
        let (_db, watched, _) = pages(&engine).await;
        let count = watched.find::<Page>().after_find(async |_read, _rows: &[Page]| Ok(())).count();
        let error = count.await.unwrap_err();
        assert!(error.to_string().contains("AfterFind hook at "), "{error}");
    }
}
