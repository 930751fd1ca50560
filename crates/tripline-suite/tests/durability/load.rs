//! Many tasks at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tripline::{AfterCreate, AfterCreateCommit, prelude::*};

use crate::common::{Place, drained, soon};

const TASKS: i64 = 32;
const EACH: i64 = 20;

#[derive(Table, Clone, Debug)]
#[table(name = "counters")]
struct Counter {
    #[key]
    id: Id<Counter>,
    #[default(0)]
    entries: i64,
    /// Counted by reading and writing: wrong unless transactions come one after the other.
    #[default(0)]
    seen: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "entries")]
struct Entry {
    #[key]
    id: Id<Entry>,
    #[references(Counter)]
    counter: Id<Counter>,
}

impl AfterCreate for Entry {
    async fn after_create(tx: &mut Tx<'_>, entries: &[Entry]) -> Result<()> {
        for entry in entries {
            let before = tx.find::<Counter>().by_key(entry.counter).await?.expect("it is referred to");
            tokio::task::yield_now().await;
            let counter = tx.update::<Counter>().by_key(entry.counter).set(|c| c.seen.set(before.seen + 1));
            counter.set(|c| c.entries.add(1)).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl AfterCreateCommit for Entry {
    async fn after_create_commit(db: &Db, entries: &[Entry]) -> Result<()> {
        let committed = db.actor::<Arc<AtomicU64>>().expect("the test has set it");
        committed.fetch_add(entries.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

async fn all_are_counted(durability: &str) {
    let place = Place::new();
    let url = format!("sqlite://{}?durability={durability}", place.file().display());
    let db = Db::open(&url).tables(tables![Counter, Entry]).connect().await.unwrap();
    db.create_tables().await.unwrap();
    let counter = db.create(NewCounter::default()).await.unwrap().id;
    let committed = Arc::new(AtomicU64::new(0));
    let db = db.as_actor(committed.clone());
    let entry = move || NewEntry { counter: counter.into(), ..Default::default() };
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for i in 0..EACH {
                    if (task + i) % 2 == 0 {
                        db.create(entry()).await?;
                    } else {
                        db.tx(async |tx| {
                            tokio::task::yield_now().await;
                            tx.create(entry()).await
                        })
                        .await?;
                    }
                    // Readers see whole transactions only.
                    let (counter, entries) = db
                        .read(async |tx| {
                            let counter = tx.find::<Counter>().by_key(counter).await?.expect("it is there");
                            tokio::task::yield_now().await;
                            Ok((counter, tx.find::<Entry>().count().await?))
                        })
                        .await?;
                    assert_eq!((counter.entries as u64, counter.seen), (entries, counter.entries));
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap().unwrap();
    }
    let all = TASKS * EACH;
    let counter = db.find::<Counter>().by_key(counter).await.unwrap().unwrap();
    assert_eq!((counter.entries, counter.seen), (all, all));
    assert_eq!(db.find::<Entry>().count().await.unwrap(), all as u64);
    drained(&db).await;
    assert_eq!(committed.load(Ordering::Relaxed), all as u64);
    soon(db.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_l50_many_tasks_lose_nothing_with_shared_syncs() {
    all_are_counted("grouped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_l50_many_tasks_lose_nothing_with_a_sync_each() {
    all_are_counted("strict").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_l50_many_tasks_lose_nothing_without_syncs() {
    all_are_counted("relaxed").await;
}
