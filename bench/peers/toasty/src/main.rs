//! Toasty on its SQLite driver, with a pool of one connection.
//!
//! The driver reads no options from its URL and leaves the pragmas to its user. They hold for as
//! long as their connection does: hence one connection. Statements come from rusqlite's cache
//! and nothing is pinged, so there is nothing to set for speed.
//! <https://tokio-rs.github.io/toasty/0.11.0/guide/sqlite.html#connection-url-options>

mod models;
mod works;

use std::path::PathBuf;

use bench_protocol::{
    Hello, Outcome, PRAGMAS, Request, Result, Work, locked_version, measure_async, serve, setup_statements,
};
use toasty::Db;
use toasty::stmt::Value;
use toasty_driver_sqlite::Sqlite;

use crate::models::{Post, User};

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let hello = Hello {
        peer: "toasty",
        version: locked_version(include_str!("../Cargo.lock"), "toasty"),
        sqlite: runtime.block_on(sqlite_version())?,
    };
    serve(&hello, |request, file| runtime.block_on(runtime.spawn(run(request, file.to_owned())))?)
}

async fn sqlite_version() -> Result<String> {
    let mut db = open(Sqlite::in_memory()).await?;
    let rows = toasty::sql::query("SELECT sqlite_version()").exec(&mut db).await?;
    match rows.first() {
        Some(Value::Record(row)) => Ok(row[0].as_str().ok_or("the version is not text")?.to_owned()),
        _ => Err("no row for sqlite_version()".into()),
    }
}

async fn run(Request { work, n }: Request, file: PathBuf) -> Result<Outcome> {
    let mut db = open(Sqlite::open(file)).await?;
    for sql in PRAGMAS {
        toasty::sql::query(sql).exec(&mut db).await?;
    }
    for sql in setup_statements(work) {
        toasty::sql::statement(sql).exec(&mut db).await?;
    }
    let share = || db.clone();
    match work {
        Work::InsertOne => measure_async(n, |units| works::insert_one(share(), units)).await,
        Work::InsertCounter => measure_async(n, |units| works::insert_counter(share(), units)).await,
        Work::InsertMany => measure_async(n, |units| works::insert_many(share(), units)).await,
        Work::GetByKey => measure_async(n, |units| works::get_by_key(share(), units)).await,
        Work::ParentsChildren => measure_async(n, |units| works::parents_children(share(), units)).await,
        Work::Tasks64 => Ok(Outcome::Unsupported("not written for Toasty; compare with raw")),
    }
}

async fn open(driver: Sqlite) -> Result<Db> {
    Ok(Db::builder().models(toasty::models!(User, Post)).max_pool_size(1).build(driver).await?)
}
