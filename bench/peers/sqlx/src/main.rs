//! sqlx on a pool of one connection, which is all that SQLite's single writer can use.
//!
//! Statements are prepared once per connection and kept, which is sqlx's default
//! (`statement_cache_capacity`, 100). Switched off is what costs a round trip or a log record
//! on each call and tells nothing about a local file: the ping of a connection that is about
//! to be used (`test_before_acquire`) and the logging of statements.
//! <https://docs.rs/sqlx/0.9/sqlx/pool/struct.PoolOptions.html#method.test_before_acquire>

mod works;

use std::path::{Path, PathBuf};

use bench_protocol::{
    Hello, Outcome, Request, Result, Work, locked_version, measure_async, serve, setup_statements,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, SqlitePool};

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let hello = Hello {
        peer: "sqlx",
        version: locked_version(include_str!("../Cargo.lock"), "sqlx"),
        sqlite: runtime.block_on(sqlite_version())?,
    };
    serve(&hello, |request, file| runtime.block_on(runtime.spawn(run(request, file.to_owned())))?)
}

async fn sqlite_version() -> Result<String> {
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    Ok(sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&pool).await?)
}

async fn run(Request { work, n }: Request, file: PathBuf) -> Result<Outcome> {
    let pool = open(&file, work).await?;
    let share = || pool.clone();
    let outcome = match work {
        Work::InsertOne => measure_async(n, |units| works::insert_one(share(), units)).await,
        Work::InsertCounter => measure_async(n, |units| works::insert_counter(share(), units)).await,
        Work::InsertMany => measure_async(n, |units| works::insert_many(share(), units)).await,
        Work::GetByKey => measure_async(n, |units| works::get_by_key(share(), units)).await,
        Work::ParentsChildren => measure_async(n, |units| works::parents_children(share(), units)).await,
        Work::Tasks64 => Ok(Outcome::Unsupported("not written for sqlx; compare with raw")),
    };
    pool.close().await;
    outcome
}

async fn open(file: &Path, work: Work) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        // Room for the rows of a whole result, so that the worker does not wait for the reader in between.
        .row_buffer_size(2000)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(setup_statements(work).join(";"))).execute(&pool).await?;
    Ok(pool)
}
