//! Tripline, with relaxed durability: as the other peers, it waits for no sync.
//!
//! Where tasks share the database it is grouped durability, Tripline's default.

mod models;
mod open;
mod tasks;
mod work;
mod works;

use std::path::PathBuf;

use bench_protocol::{Hello, Outcome, Request, Result, Work, locked_version, measure_async, serve};
use tripline::{Db, tables};

use crate::models::{NoOp, NoOpBefore, counted, hooked, plain, rowless, updated, yielding};
use crate::open::{File, in_memory};
use crate::work::{Hooks, PeerWork, Updates};

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let hello = Hello {
        peer: "tripline",
        version: locked_version(include_str!("../Cargo.lock"), "tripline"),
        sqlite: tripline::sqlite_version().to_owned(),
    };
    serve(&hello, |request, file| runtime.block_on(runtime.spawn(run(request, file.to_owned())))?)
}

async fn run(Request { work, n }: Request<PeerWork>, path: PathBuf) -> Result<Outcome> {
    let file = File::new(&path)?;
    match work {
        PeerWork::Shared(work) => shared(work, n, &file).await,
        PeerWork::InsertManyHooks => {
            let db = file.open(Work::InsertMany, tables![hooked::User, hooked::Post]).await?;
            finish(&db, measure_async(n, |units| works::insert_many_hooks(db.clone(), units)).await).await
        }
        PeerWork::InsertCounterUntraced => {
            let db = file.open_untraced(Work::InsertCounter, tables![counted::User, counted::Post]).await?;
            finish(&db, measure_async(n, |units| works::insert_counter(db.clone(), units)).await).await
        }
        PeerWork::Update(hooks) => {
            let tables = match hooks {
                Updates::None => tables![plain::User, plain::Post],
                Updates::Rowless => tables![rowless::User],
                Updates::Rows => tables![updated::User],
            };
            let db = file.open(Work::GetByKey, tables).await?;
            let outcome = match hooks {
                Updates::None => {
                    measure_async(n, |units| works::update_all::<plain::User>(db.clone(), units)).await
                }
                Updates::Rowless => {
                    measure_async(n, |units| works::update_all::<rowless::User>(db.clone(), units)).await
                }
                Updates::Rows => {
                    measure_async(n, |units| works::update_all::<updated::User>(db.clone(), units)).await
                }
            };
            finish(&db, outcome).await
        }
        PeerWork::Hooks(which, count) => {
            let mut connect = in_memory(tables![plain::User, plain::Post]);
            for _ in 0..count {
                connect = match which {
                    Hooks::Before => connect.observe(NoOpBefore),
                    Hooks::After => connect.observe(NoOp),
                };
            }
            let db = connect.connect().await?;
            open::set_up(&db, Work::InsertOne).await?;
            finish(&db, measure_async(n, |units| works::insert_one(db.clone(), units)).await).await
        }
    }
}

/// The works that every peer has.
async fn shared(work: Work, n: i64, file: &File) -> Result<Outcome> {
    let db = match work {
        Work::InsertCounter => file.open(work, tables![counted::User, counted::Post]).await?,
        Work::Tasks64 => file.open_grouped(work, tables![yielding::User, yielding::Post]).await?,
        _ => file.open(work, tables![plain::User, plain::Post]).await?,
    };
    let share = || db.clone();
    let outcome = match work {
        Work::InsertOne => measure_async(n, |units| works::insert_one(share(), units)).await,
        Work::InsertCounter => measure_async(n, |units| works::insert_counter(share(), units)).await,
        Work::InsertMany => measure_async(n, |units| works::insert_many(share(), units)).await,
        Work::GetByKey => measure_async(n, |units| works::get_by_key(share(), units)).await,
        Work::ParentsChildren => measure_async(n, |units| works::parents_children(share(), units)).await,
        Work::Tasks64 => measure_async(n, |units| tasks::share(share(), units)).await,
    };
    finish(&db, outcome).await
}

async fn finish(db: &Db, outcome: Result<Outcome>) -> Result<Outcome> {
    db.close().await?;
    outcome
}
