//! A process that is killed: what it acknowledged is there, what it had begun is there as a whole or not at all.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child as Process, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tripline::{AfterCreate, AfterCreateCommit, prelude::*};

use crate::common::{Place, soon};

#[derive(Table, Clone, Debug)]
#[table(name = "parents")]
struct Parent {
    #[key]
    id: Id<Parent>,
    #[default(0)]
    children: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "children")]
struct Child {
    #[key]
    id: Id<Child>,
    #[references(Parent)]
    parent: Id<Parent>,
}

/// A batch says how many parts it has.
#[derive(Table, Clone, Debug)]
#[table(name = "batches")]
struct Batch {
    #[key]
    id: Id<Batch>,
    size: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "parts")]
struct Part {
    #[key]
    id: Id<Part>,
    #[references(Batch)]
    batch: Id<Batch>,
}

/// What the process that is killed does with what its hooks are called for.
struct Doings {
    /// Where effects outside of the database go.
    effects: PathBuf,
    /// Whether a hook never comes back.
    hangs: bool,
}

impl AfterCreate for Child {
    async fn after_create(tx: &mut Tx<'_>, children: &[Child]) -> Result<()> {
        for child in children {
            tx.update::<Parent>().by_key(child.parent).set(|p| p.children.add(1)).await?;
        }
        println!("inside");
        match tx.actor::<Doings>() {
            Some(doings) if doings.hangs => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl AfterCreateCommit for Child {
    async fn after_create_commit(db: &Db, children: &[Child]) -> Result<()> {
        let doings = db.actor::<Doings>().expect("the process has set it");
        let mut file =
            OpenOptions::new().append(true).create(true).open(&doings.effects).map_err(Error::custom)?;
        // Lines of several tasks: each is written as a whole.
        let lines: String = children.iter().map(|child| format!("{}\n", child.id.get())).collect();
        file.write_all(lines.as_bytes()).map_err(Error::custom)
    }
}

fn url(folder: &Path, durability: &str) -> String {
    format!("sqlite://{}/app.db?durability={durability}", folder.display())
}

async fn open(folder: &Path, durability: &str) -> Db {
    let db = Db::open(&url(folder, durability)).tables(tables![Parent, Child, Batch, Part]).connect();
    let db = db.await.unwrap();
    db.create_tables().await.unwrap();
    db
}

/// The process that is killed: another run of this test binary, which a test starts and tells what to do.
#[test]
#[ignore = "started by other tests, which kill it"]
fn process() {
    let Ok(mode) = env::var("TRIPLINE_CRASH") else { return };
    let folder = PathBuf::from(env::var("TRIPLINE_CRASH_FOLDER").unwrap());
    // The test harness has begun a line.
    println!();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(write_until_killed(&mode, &folder));
}

async fn write_until_killed(mode: &str, folder: &Path) {
    let doings = Doings { effects: folder.join("effects"), hangs: mode == "hook" };
    let db = match mode {
        "hook" => open(folder, "grouped").await,
        "sync" => open_on_a_disk_that_never_answers(folder).await,
        durability => open(folder, durability).await,
    };
    let db = db.as_actor(doings);
    println!("ready");
    if mode == "hook" || mode == "sync" {
        let parent = db.find::<Parent>().first().await.unwrap().unwrap().id;
        let child = db.create(NewChild { parent: parent.into(), ..Default::default() }).await.unwrap();
        println!("child {}", child.id.get());
        return;
    }
    let writers = (0..4).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            let parent = db.create(NewParent::default()).await.unwrap().id;
            for round in 0_i64.. {
                write(&db, parent, writer + round).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// One transaction of some kind; what it wrote is printed when it is acknowledged.
async fn write(db: &Db, parent: Id<Parent>, kind: i64) -> Result<()> {
    let child = || NewChild { parent: parent.into(), ..Default::default() };
    match kind % 4 {
        0 | 1 => println!("child {}", db.create(child()).await?.id.get()),
        2 => {
            let ids = db.tx(async |tx| {
                let first = tx.create(child()).await?.id;
                let undone: Result<()> = tx
                    .tx(async |tx| {
                        tx.create(child()).await?;
                        Err(Error::reject("not this one"))
                    })
                    .await;
                assert!(undone.is_err());
                tokio::task::yield_now().await;
                Ok([first, tx.create(child()).await?.id])
            });
            ids.await?.iter().for_each(|id| println!("child {}", id.get()));
        }
        _ => {
            let size = 1_500;
            let batch = db.tx(async |tx| {
                let batch = tx.create(NewBatch { size: size.into(), ..Default::default() }).await?.id;
                let parts = (0..size).map(|_| NewPart { batch: batch.into(), ..Default::default() });
                tx.create(parts.collect::<Vec<_>>()).await?;
                Ok(batch)
            });
            println!("batch {}", batch.await?.get());
        }
    }
    Ok(())
}

async fn open_on_a_disk_that_never_answers(folder: &Path) -> Db {
    let gone = Arc::new(AtomicBool::new(false));
    let seen = gone.clone();
    let connect = Db::open(&url(folder, "grouped")).tables(tables![Parent, Child, Batch, Part]);
    let connect = connect.sqlite_options(move |o| {
        o.sync = Arc::new(move |log| {
            if seen.load(Ordering::Relaxed) {
                println!("syncing");
                loop {
                    std::thread::park();
                }
            }
            log.sync_data()
        });
    });
    let db = connect.connect().await.unwrap();
    gone.store(true, Ordering::Relaxed);
    db
}

/// A process that writes, and what it has printed.
struct Running {
    process: Process,
    acknowledged: Acknowledged,
}

#[derive(Default)]
struct Acknowledged {
    children: BTreeSet<i64>,
    batches: BTreeSet<i64>,
}

impl Running {
    fn start(mode: &str, folder: &Path) -> Running {
        let process = Command::new(env::current_exe().unwrap())
            .args(["crash::process", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .env("TRIPLINE_CRASH", mode)
            .env("TRIPLINE_CRASH_FOLDER", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Running { process, acknowledged: Acknowledged::default() }
    }

    /// Reads what the process prints, and kills it when this is true of a line; gives what it had acknowledged.
    fn kill_when(mut self, mut now: impl FnMut(&str) -> bool) -> Acknowledged {
        let mut killed = false;
        for line in BufReader::new(self.process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once(' ') {
                Some(("child", id)) => drop(self.acknowledged.children.insert(id.parse().unwrap())),
                Some(("batch", id)) => drop(self.acknowledged.batches.insert(id.parse().unwrap())),
                _ => {}
            }
            if !killed && now(&line) {
                self.process.kill().unwrap();
                killed = true;
            }
        }
        let status = self.process.wait().unwrap();
        assert!(killed && status.code().is_none(), "the process ended by itself: {status}");
        self.acknowledged
    }
}

fn effects(folder: &Path) -> BTreeSet<i64> {
    let text = fs::read_to_string(folder.join("effects")).unwrap_or_default();
    text.lines().map(|id| id.parse().unwrap()).collect()
}

/// Opens the database after a crash and looks at every promise.
async fn check(folder: &Path, acknowledged: &Acknowledged) {
    let db = open(folder, "grouped").await;
    assert_eq!(db.raw_query("PRAGMA integrity_check", []).await.unwrap().get::<String>(0, 0).unwrap(), "ok");
    assert!(db.raw_query("PRAGMA foreign_key_check", []).await.unwrap().is_empty());

    let children = db.find::<Child>().await.unwrap();
    let ids: BTreeSet<i64> = children.iter().map(|child| child.id.get()).collect();
    let lost: Vec<_> = acknowledged.children.difference(&ids).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let phantoms: Vec<_> = effects(folder).difference(&ids).copied().collect();
    assert!(phantoms.is_empty(), "effects of what never was: {phantoms:?}");

    for parent in db.find::<Parent>().await.unwrap() {
        let counted = children.iter().filter(|child| child.parent == parent.id).count();
        assert_eq!(parent.children, counted as i64, "of parent {:?}", parent.id);
    }

    let batches = db.find::<Batch>().await.unwrap();
    for batch in &batches {
        let parts = db.find::<Part>().filter(|p| p.batch.eq(batch.id)).count().await.unwrap();
        assert_eq!(parts, batch.size as u64, "of batch {:?}", batch.id);
    }
    let ids: BTreeSet<i64> = batches.iter().map(|batch| batch.id.get()).collect();
    assert!(acknowledged.batches.is_subset(&ids));

    db.create(NewParent::default()).await.unwrap();
    soon(db.close()).await.unwrap();
}

#[tokio::test]
async fn l5_l50_a_killed_process_has_kept_what_it_acknowledged_and_nothing_by_half() {
    // Where in its work the process is killed, which no two runs do at the same speed.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for mode in ["grouped", "grouped", "strict", "grouped", "relaxed", "grouped"] {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let kill_at = (seed >> 33) % 120;
        let place = Place::new();
        // Twice in the same place: the second process begins with what the first one left.
        for _ in 0..2 {
            let folder = place.folder().to_owned();
            let mut lines = 0;
            let process = Running::start(mode, &folder);
            let acknowledged = tokio::task::spawn_blocking(move || {
                process.kill_when(|line| {
                    lines += u64::from(!line.is_empty() && !line.contains("running"));
                    lines > kill_at
                })
            });
            let acknowledged = soon(acknowledged).await.unwrap();
            check(place.folder(), &acknowledged).await;
        }
    }
}

/// Lets the process write one child, kills it when it prints this, and gives what it had acknowledged.
async fn killed_at(mode: &str, line: &'static str, place: &Place) -> Acknowledged {
    let db = open(place.folder(), "grouped").await;
    db.create(NewParent::default()).await.unwrap();
    db.close().await.unwrap();
    let process = Running::start(mode, place.folder());
    soon(tokio::task::spawn_blocking(move || process.kill_when(|printed| printed == line))).await.unwrap()
}

#[tokio::test]
async fn l5_a_process_killed_in_a_hook_has_written_nothing() {
    let place = Place::new();
    let acknowledged = killed_at("hook", "inside", &place).await;
    assert!(acknowledged.children.is_empty());
    check(place.folder(), &acknowledged).await;
    let db = open(place.folder(), "grouped").await;
    assert_eq!(db.find::<Child>().count().await.unwrap(), 0);
    assert!(effects(place.folder()).is_empty());
}

#[tokio::test]
async fn l50_a_process_killed_before_the_sync_has_acknowledged_nothing_and_had_no_effect() {
    let place = Place::new();
    let acknowledged = killed_at("sync", "syncing", &place).await;
    assert!(acknowledged.children.is_empty());
    // It may be there, as a whole: it was committed, and the machine did not crash.
    check(place.folder(), &acknowledged).await;
    assert!(effects(place.folder()).is_empty());
}
