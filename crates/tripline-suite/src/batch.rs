//! Batches: one transaction, results in order, few flights (M6, L8, L32).

use tripline::{AfterCreate, AfterCreateCommit, Json, create, delete, find, prelude::*, update};

use crate::Recorder;

#[derive(Table, Clone, Debug)]
#[table(name = "tags")]
struct Tag {
    #[key]
    id: Id<Tag>,
    #[unique]
    name: String,
    #[default(0)]
    uses: i64,
}

/// With hooks.
#[derive(Table, Clone, Debug)]
#[table(name = "news")]
struct News {
    #[key]
    id: Id<News>,
    title: String,
}

impl AfterCreate for News {
    async fn after_create(tx: &mut Tx<'_>, news: &[News]) -> Result<()> {
        let tags = tx.find::<Tag>().count().await?;
        Recorder::of(tx).note(format!("after create of {} with {tags} tags", news.len()));
        Ok(())
    }
}

impl AfterCreateCommit for News {
    async fn after_create_commit(db: &Db, news: &[News]) -> Result<()> {
        Recorder::of_db(db).note(format!("after commit of {}", news.len()));
        Ok(())
    }
}

/// What may fail to be decoded.
#[derive(Table, Clone, Debug)]
#[table(name = "blobs")]
struct Blob {
    #[key]
    id: Id<Blob>,
    list: Json<Vec<i64>>,
}

#[derive(Row, Debug)]
#[row(of = Tag)]
struct TagName {
    name: String,
}

fn tag(name: &str) -> NewTag {
    NewTag { name: name.into(), ..Default::default() }
}

fn news(title: &str) -> NewNews {
    NewNews { title: title.into(), ..Default::default() }
}

cases! {
    async fn m6_results_come_typed_and_in_order_from_one_transaction(engine) {
        let db = engine.db(tables![Tag]).await;
        db.create(tag("old")).await.unwrap();
        db.log.take();
        let (made, n, gone, many, rows, count, exists, first) = db
            .batch((
                create(tag("a")),
                update::<Tag>().filter(|t| t.name.eq("a")).set(|t| t.uses.add(1)),
                delete::<Tag>().filter(|t| t.name.eq("old")).rows::<TagName>(),
                create(vec![tag("b"), tag("c")]),
                update::<Tag>().all_rows().set(|t| t.uses.add(1)).rows::<Tag>(),
                find::<Tag>().count(),
                find::<Tag>().filter(|t| t.name.eq("old")).exists(),
                find::<Tag>().order(|t| t.uses.desc()).first(),
            ))
            .await
            .unwrap();
        assert_eq!((made.name.as_str(), n, gone[0].name.as_str()), ("a", 1, "old"));
        assert_eq!((many.len(), many[1].name.as_str(), rows.len()), (2, "c", 3));
        assert_eq!((count, exists, first.unwrap().uses), (3, false, 2));
        let flights = db.log.take_flights();
        if engine.is_postgres() {
            assert_eq!(flights.len(), 1, "{flights:?}");
        }
        let all = flights.concat();
        assert!(all[0].starts_with("BEGIN") && all.last().unwrap() == "COMMIT", "{all:?}");
        assert_eq!(all.len(), 10, "{all:?}");
    }

    async fn m6_a_list_of_operations_is_a_batch(engine) {
        let db = engine.db(tables![Tag]).await;
        let made = db.batch(["a", "b"].map(|name| create(tag(name))).into_iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(made.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(db.batch(Vec::<tripline::Delete<Tag, tripline::Detached>>::new()).await.unwrap().is_empty());
        // An empty create and an empty patch have nothing to send.
        db.log.take();
        let (none, unchanged) = db.batch((create(Vec::<NewTag>::new()), update::<Tag>().all_rows())).await.unwrap();
        assert_eq!((none.len(), unchanged), (0, 0));
        assert!(db.log.take().is_empty());
    }

    async fn l3_if_one_operation_of_a_batch_fails_nothing_remains(engine) {
        let db = engine.db(tables![Tag]).await;
        let error = db.batch((create(tag("a")), create(tag("a")), find::<Tag>())).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unique(_)), "{error:?}");
        assert_eq!(db.find::<Tag>().count().await.unwrap(), 0);
        let error = db.batch((create(tag("a")), delete::<Tag>())).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unfiltered(_)), "{error:?}");
        assert_eq!(db.find::<Tag>().count().await.unwrap(), 0);
        // In a transaction it spoils that, or the nested one that it was put into.
        let spoilt = db.tx(async |tx| {
            _ = tx.batch((create(tag("a")), create(tag("a")))).await;
            Ok(())
        });
        assert!(matches!(spoilt.await, Err(Error::Poisoned(_))));
        let saved = db.tx(async |tx| {
            tx.create(tag("kept")).await?;
            let failed = tx.tx(async |tx| tx.batch((create(tag("a")), create(tag("a")))).await).await;
            assert!(failed.is_err());
            tx.batch((find::<Tag>().count(), create(tag("b")))).await
        });
        assert_eq!(saved.await.unwrap().0, 1);
    }

    async fn l15_l50_hooks_of_a_batch_run_in_its_order(engine) {
        let db = engine.db(tables![Tag, News]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let (_, made, _) = watched.batch((create(tag("a")), create(news("n")), create(tag("b")))).await.unwrap();
        assert_eq!(made.title, "n");
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after create of 1 with 1 tags", "after commit of 1"]);
        let failed = watched.batch((create(news("m")), create(tag("a")))).await.unwrap_err();
        assert!(matches!(failed.root(), Error::Unique(_)), "{failed:?}");
        db.drain().await.unwrap();
        assert_eq!(recorder.take(), ["after create of 1 with 2 tags"]);
        assert_eq!(db.find::<News>().count().await.unwrap(), 1);
    }

    async fn l8_a_batch_beside_the_open_transaction_is_an_error(engine) {
        let db = engine.db(tables![Tag]).await;
        let beside = db.tx(async |tx| {
            tx.create(tag("a")).await?;
            db.batch((create(tag("b")),)).await
        });
        let error = beside.await.unwrap_err();
        assert!(matches!(error.root(), Error::BesideTransaction(_)), "{error:?}");
    }

    async fn m6_reads_alone_write_nothing(engine) {
        let db = engine.db(tables![Tag]).await;
        db.create(tag("a")).await.unwrap();
        db.log.take();
        let (n, all) = db.batch((find::<Tag>().count(), find::<Tag>())).await.unwrap();
        assert_eq!((n, all.len()), (1, 1));
        let flights = db.log.take_flights();
        assert!(!flights.concat().iter().any(|sql| sql.contains("IMMEDIATE")), "{flights:?}");
        if engine.is_postgres() {
            assert_eq!(flights.len(), 1, "{flights:?}");
        }
        let read = db.read(async |read| read.find::<Tag>().count().await).await.unwrap();
        assert_eq!(read, 1);
    }

    async fn what_a_batch_cannot_read_undoes_it(engine) {
        let db = engine.db(tables![Tag, Blob]).await;
        db.raw_execute("INSERT INTO blobs (id, list) VALUES (1, '{}')", []).await.unwrap();
        let error = db.batch((create(tag("a")), find::<Blob>())).await.unwrap_err();
        assert!(matches!(error.root(), Error::Decode(_)), "{error:?}");
        assert_eq!(db.find::<Tag>().count().await.unwrap(), 0);
    }
}
