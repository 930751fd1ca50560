//! SeaORM on sqlx, with a pool of one connection, which is SeaORM's own default for SQLite.
//!
//! Statements are prepared once per connection and kept by sqlx. Switched off is what costs a
//! round trip or a log record on each call and tells nothing about a local file: the ping of a
//! connection that is about to be used (`test_before_acquire`), the logging of statements and
//! their recording in spans.
//! <https://docs.rs/sea-orm/2.0/sea_orm/struct.ConnectOptions.html#method.test_before_acquire>

mod entity;
mod works;

use std::path::PathBuf;

use bench_protocol::{
    Hello, Outcome, Request, Result, Work, locked_version, measure_async, serve, setup_statements,
};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let hello = Hello {
        peer: "seaorm",
        version: locked_version(include_str!("../Cargo.lock"), "sea-orm"),
        sqlite: runtime.block_on(sqlite_version())?,
    };
    serve(&hello, |request, file| runtime.block_on(runtime.spawn(run(request, file.to_owned())))?)
}

async fn sqlite_version() -> Result<String> {
    let db = Database::connect("sqlite::memory:").await?;
    let select = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version()");
    let row = db.query_one_raw(select).await?.ok_or("no row for sqlite_version()")?;
    Ok(row.try_get_by_index(0)?)
}

async fn run(Request { work, n }: Request, file: PathBuf) -> Result<Outcome> {
    let db = open(file, work).await?;
    let share = || db.clone();
    let outcome = match work {
        Work::InsertOne => measure_async(n, |units| works::insert_one(share(), units)).await,
        Work::InsertCounter => measure_async(n, |units| works::insert_counter(share(), units)).await,
        Work::InsertMany => measure_async(n, |units| works::insert_many(share(), units)).await,
        Work::GetByKey => measure_async(n, |units| works::get_by_key(share(), units)).await,
        Work::ParentsChildren => measure_async(n, |units| works::parents_children(share(), units)).await,
        Work::Tasks64 => Ok(Outcome::Unsupported("not written for SeaORM; compare with raw")),
    };
    db.close().await?;
    outcome
}

async fn open(file: PathBuf, work: Work) -> Result<DatabaseConnection> {
    // The URL only names the backend: a path may hold characters that a URL would escape.
    let mut options = ConnectOptions::new("sqlite:");
    options
        .min_connections(1)
        .max_connections(1)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
        });
    let db = Database::connect(options).await?;
    db.execute_unprepared(&setup_statements(work).join(";")).await?;
    Ok(db)
}
