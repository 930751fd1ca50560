//! What travels together (L32).

use tripline::{AfterCreate, AfterUpdate, BeforeCreate, Change, prelude::*};

use crate::{Engine, TestDb};

#[derive(Table, Clone, Debug)]
#[table(name = "authors")]
struct Author {
    #[key]
    id: Id<Author>,
    #[default(0)]
    posts: i64,
}

/// After it was created it is counted, and, if it has a title, written down; changes are written down each.
#[derive(Table, Clone, Debug)]
#[table(name = "posts")]
struct Post {
    #[key]
    id: Id<Post>,
    author: Id<Author>,
    #[default(String::new())]
    title: String,
}

#[derive(Table, Clone, Debug)]
#[table(name = "entries")]
struct Entry {
    #[key]
    id: Id<Entry>,
    text: String,
}

/// It is counted before it is created.
#[derive(Table, Clone, Debug)]
#[table(name = "drafts")]
struct Draft {
    #[key]
    id: Id<Draft>,
    author: Id<Author>,
}

async fn count(tx: &mut Tx<'_>, author: Id<Author>) -> Result<()> {
    tx.update::<Author>().by_key(author).set(|a| a.posts.add(1)).pipelined().await
}

async fn write_down(tx: &mut Tx<'_>, text: &str) -> Result<()> {
    tx.create(NewEntry { text: text.into(), ..Default::default() }).pipelined().await
}

impl AfterCreate for Post {
    async fn after_create(tx: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        for post in posts {
            count(tx, post.author).await?;
            if !post.title.is_empty() {
                write_down(tx, &post.title).await?;
            }
        }
        Ok(())
    }
}

impl AfterUpdate for Post {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Post>]) -> Result<()> {
        for change in changes {
            write_down(tx, &format!("{} becomes {}", change.old.title, change.new.title)).await?;
        }
        Ok(())
    }
}

impl BeforeCreate for Draft {
    async fn before_create(tx: &mut Tx<'_>, drafts: &mut [NewDraft]) -> Result<()> {
        for draft in drafts {
            if let Some(author) = draft.author.get() {
                count(tx, *author).await?;
            }
        }
        Ok(())
    }
}

const AUTHOR: Id<Author> = Id::new(1);

fn post(title: &str) -> NewPost {
    NewPost { author: AUTHOR.into(), title: title.into(), ..Default::default() }
}

async fn with_author(engine: &Engine) -> TestDb {
    let db = engine.db(tables![Author, Post, Entry, Draft]).await;
    db.create(NewAuthor::default()).await.unwrap();
    db.log.take();
    db
}

/// Each flight as the first words of its statements, and how often one was sent.
fn flights(db: &TestDb) -> Vec<String> {
    let word = |sql: &String| {
        let times = sql.rsplit_once(" x ").map_or_else(String::new, |(_, times)| format!(" x {times}"));
        sql.split([' ', ';']).next().unwrap_or_default().to_owned() + &times
    };
    let words = |flight: &Vec<String>| flight.iter().map(word).collect::<Vec<_>>().join(" ");
    db.log.take_flights().iter().map(words).collect()
}

/// What travelled together since the last look.
fn assert_flights(engine: &Engine, db: &TestDb, sqlite: &[&str], postgres: &[&str]) {
    assert_eq!(flights(db), engine.either(sqlite, postgres));
}

async fn entries(db: &Db) -> Vec<String> {
    db.find::<Entry>().order(|e| e.id.asc()).await.unwrap().into_iter().map(|e| e.text).collect()
}

cases! {
    async fn l32_what_an_after_hook_keeps_travels_with_commit(engine) {
        let db = with_author(&engine).await;
        db.create(post("")).await.unwrap();
        let sqlite = ["BEGIN INSERT", "UPDATE", "COMMIT"];
        assert_flights(&engine, &db, &sqlite, &["BEGIN INSERT", "UPDATE COMMIT"]);
        db.create(post("a")).await.unwrap();
        let sqlite = ["BEGIN INSERT", "UPDATE", "INSERT", "COMMIT"];
        assert_flights(&engine, &db, &sqlite, &["BEGIN INSERT", "UPDATE INSERT COMMIT"]);
        assert_eq!(db.find::<Author>().one().await.unwrap().posts, 2);
        assert_eq!(entries(&db).await, ["a"]);
    }

    async fn l32_what_a_before_hook_keeps_travels_with_the_write(engine) {
        let db = with_author(&engine).await;
        db.create(NewDraft { author: AUTHOR.into(), ..Default::default() }).await.unwrap();
        let sqlite = ["BEGIN UPDATE", "INSERT", "COMMIT"];
        assert_flights(&engine, &db, &sqlite, &["BEGIN UPDATE INSERT COMMIT"]);
        assert_eq!(db.find::<Author>().one().await.unwrap().posts, 1);
    }

    async fn l32_an_audit_log_of_many_rows_costs_no_round_trip(engine) {
        let db = with_author(&engine).await;
        db.create(vec![post("a"), post("b"), post("c")]).without_hooks().await.unwrap();
        db.log.take();
        let update = db.update::<Post>().filter(|p| p.title.gt("a")).set(|p| p.title.set("d"));
        assert_eq!(update.await.unwrap(), 2);
        let flights = flights(&db);
        match engine.is_postgres() {
            true => assert_eq!(flights[1..], ["INSERT x 2 COMMIT"], "{flights:?}"),
            false => assert_eq!(flights[flights.len() - 3..], ["INSERT", "INSERT", "COMMIT"], "{flights:?}"),
        }
        let mut entries = entries(&db).await;
        entries.sort();
        assert_eq!(entries, ["b becomes d", "c becomes d"]);
    }

    async fn l32_a_transaction_of_kept_writes_alone_is_one_flight(engine) {
        let db = with_author(&engine).await;
        db.tx(async |tx| {
            count(tx, AUTHOR).await?;
            write_down(tx, "a").await
        })
        .await
        .unwrap();
        assert_flights(&engine, &db, &["BEGIN UPDATE", "INSERT", "COMMIT"], &["BEGIN UPDATE INSERT COMMIT"]);
        assert_eq!(entries(&db).await, ["a"]);
    }

    async fn l32_what_was_kept_travels_with_the_next_statement(engine) {
        let db = with_author(&engine).await;
        db.tx(async |tx| {
            count(tx, AUTHOR).await?;
            assert_eq!(tx.find::<Author>().one().await?.posts, 1);
            write_down(tx, "a").await?;
            count(tx, AUTHOR).await?;
            tx.update::<Author>().all_rows().set(|a| a.posts.add(1)).await?;
            tx.find::<Author>().one().await
        })
        .await
        .unwrap();
        let sqlite = ["BEGIN UPDATE", "SELECT", "INSERT", "UPDATE", "UPDATE", "SELECT", "COMMIT"];
        let postgres = ["BEGIN UPDATE SELECT", "INSERT UPDATE UPDATE", "SELECT", "COMMIT"];
        assert_flights(&engine, &db, &sqlite, &postgres);
    }

    /// L4: what was asked for before a savepoint is sent before it.
    async fn l4_l32_what_was_kept_before_a_savepoint_is_sent_before_it(engine) {
        let db = with_author(&engine).await;
        db.tx(async |tx| {
            count(tx, AUTHOR).await?;
            tx.tx(async |tx| {
                write_down(tx, "a").await?;
                tx.find::<Entry>().count().await
            })
            .await
        })
        .await
        .unwrap();
        let sqlite = ["BEGIN UPDATE", "SAVEPOINT INSERT", "SELECT", "RELEASE", "COMMIT"];
        let postgres = ["BEGIN UPDATE", "SAVEPOINT INSERT SELECT", "RELEASE", "COMMIT"];
        assert_flights(&engine, &db, &sqlite, &postgres);
    }

    async fn l32_what_writes_nothing_is_not_sent(engine) {
        let db = with_author(&engine).await;
        db.tx(async |tx| {
            tx.create(Vec::<NewEntry>::new()).pipelined().await?;
            tx.update::<Author>().by_key(AUTHOR).pipelined().await
        })
        .await
        .unwrap();
        assert!(flights(&db).is_empty());
    }
}
