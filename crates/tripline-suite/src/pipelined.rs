//! Writes that travel with the next flight of their transaction (L32). On SQLite they are sent at once.

use tripline::{AfterCreate, BeforeCreate, prelude::*};

use crate::{Engine, TestDb};

#[derive(Table, Clone, Debug)]
#[table(name = "authors")]
struct Author {
    #[key]
    id: Id<Author>,
    #[unique]
    name: String,
    #[default(0)]
    posts: i64,
}

/// Its after-hook counts it.
#[derive(Table, Clone, Debug)]
#[table(name = "posts")]
struct Post {
    #[key]
    id: Id<Post>,
    author: Id<Author>,
}

impl AfterCreate for Post {
    async fn after_create(tx: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        tx.update::<Author>().by_key(posts[0].author).set(|a| a.posts.add(1)).pipelined().await
    }
}

/// With a hook attached.
#[derive(Table, Clone, Debug)]
#[table(name = "hooked")]
struct Hooked {
    #[key]
    id: Id<Hooked>,
    text: String,
}

impl BeforeCreate for Hooked {
    async fn before_create(_: &mut Tx<'_>, drafts: &mut [NewHooked]) -> Result<()> {
        drafts.iter_mut().for_each(|draft| draft.text.set("by the hook"));
        Ok(())
    }
}

fn author(name: &str) -> NewAuthor {
    NewAuthor { name: name.into(), ..Default::default() }
}

async fn database(engine: &Engine) -> TestDb {
    let db = engine
        .connect(tables![Author, Post, Hooked], |c| c.postgres_options(|o| o.resolve_commits = false))
        .await;
    db.create(author("ada")).await.unwrap();
    db.log.take();
    db
}

/// The first word of each statement sent since the last look, by flight.
fn sent(db: &TestDb) -> Vec<String> {
    let word = |sql: &String| sql.split(' ').next().unwrap_or_default().to_owned();
    db.log.take_flights().iter().map(|flight| flight.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
}

async fn names(db: &Db) -> Vec<String> {
    db.find::<Author>().order(|a| a.id.asc()).await.unwrap().into_iter().map(|a| a.name).collect()
}

cases! {
    async fn l32_a_hooks_pipelined_write_travels_with_the_commit(engine) {
        let db = database(&engine).await;
        db.create(NewPost { author: Id::new(1).into(), ..Default::default() }).await.unwrap();
        let (each, together) = (&["BEGIN INSERT", "UPDATE", "COMMIT"][..], &["BEGIN INSERT", "UPDATE COMMIT"][..]);
        assert_eq!(sent(&db), engine.either(each, together));
        assert_eq!(db.find::<Author>().one().await.unwrap().posts, 1);
    }

    async fn l32_pipelined_writes_are_done_in_their_order_before_what_follows_sees_them(engine) {
        let db = database(&engine).await;
        let count = db
            .tx(async |tx| {
                tx.create(author("bob")).pipelined().await?;
                tx.update::<Author>().filter(|a| a.name.eq("bob")).set(|a| a.posts.set(7)).pipelined().await?;
                tx.delete::<Author>().filter(|a| a.posts.eq(0)).pipelined().await?;
                tx.find::<Author>().count().await
            })
            .await
            .unwrap();
        assert_eq!(count, 1);
        let each = &["BEGIN INSERT", "UPDATE", "DELETE", "SELECT", "COMMIT"][..];
        assert_eq!(sent(&db), engine.either(each, &["BEGIN INSERT UPDATE DELETE SELECT", "COMMIT"][..]));
        assert_eq!(names(&db).await, ["bob"]);
    }

    async fn l32_a_pipelined_write_that_fails_is_reported_by_the_next_operation_or_the_end(engine) {
        let db = database(&engine).await;
        let at_the_end = db
            .tx(async |tx| {
                tx.create(author("bob")).await?;
                let twice = tx.create(author("ada")).pipelined().await;
                // Where it was sent at once, it is known at once.
                assert_eq!(twice.is_ok(), engine.is_postgres());
                Ok(())
            })
            .await;
        assert!(matches!(at_the_end.unwrap_err().root(), Error::Unique(_)));
        let next = db
            .tx(async |tx| {
                _ = tx.create(author("ada")).pipelined().await;
                let next = tx.find::<Author>().count().await.unwrap_err();
                assert!(matches!(next.root(), Error::Unique(_)), "{next:?}");
                Ok(())
            })
            .await;
        assert!(matches!(next.unwrap_err().root(), Error::Unique(_)));
        assert_eq!(names(&db).await, ["ada"]);
    }

    async fn l4_l32_a_nested_transaction_keeps_its_pipelined_writes_to_itself(engine) {
        let db = database(&engine).await;
        db.tx(async |tx| {
            tx.create(author("before")).pipelined().await?;
            let nested: Result<()> = tx
                .tx(async |tx| {
                    tx.create(author("undone")).pipelined().await?;
                    Err(Error::reject("no"))
                })
                .await;
            assert!(nested.unwrap_err().is_rejected());
            let failed = tx
                .tx(async |tx| {
                    _ = tx.create(author("ada")).pipelined().await;
                    Ok(())
                })
                .await;
            assert!(matches!(failed.unwrap_err().root(), Error::Unique(_)));
            tx.tx(async |tx| tx.create(author("inside")).pipelined().await).await?;
            tx.create(author("after")).pipelined().await
        })
        .await
        .unwrap();
        assert_eq!(names(&db).await, ["ada", "before", "inside", "after"]);
    }

    async fn l32_a_write_with_hooks_or_outside_of_transactions_is_sent_at_once(engine) {
        let db = database(&engine).await;
        db.create(author("bob")).pipelined().await.unwrap();
        assert_eq!(sent(&db), ["INSERT"]);
        let twice = db.create(author("bob")).pipelined().await;
        assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
        db.log.take();
        db.tx(async |tx| {
            tx.create(NewHooked { text: "a".into(), ..Default::default() }).pipelined().await?;
            tx.find::<Hooked>().one().await.map(|hooked| assert_eq!(hooked.text, "by the hook"))
        })
        .await
        .unwrap();
        assert_eq!(sent(&db), ["BEGIN INSERT", "SELECT", "COMMIT"]);
    }
}
