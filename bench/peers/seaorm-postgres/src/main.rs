//! SeaORM on sqlx, with a pool of as many connections as there are tasks.
//!
//! Statements are prepared once per connection and kept by sqlx. Switched off is the ping of a connection that is about
//! to be used (`test_before_acquire`), the logging of statements and their recording in spans. A connection is also
//! pinged each time that it is given back, which cannot be switched off.
//! <https://docs.rs/sea-orm/2.0/sea_orm/struct.ConnectOptions.html#method.test_before_acquire>

mod entity;
mod works;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Work, locked_version, measure, serve};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

fn main() -> Result<()> {
    let lock = include_str!("../Cargo.lock");
    let hello = Hello {
        peer: "seaorm",
        version: locked_version(lock, "sea-orm"),
        driver: format!("sqlx-postgres {}", locked_version(lock, "sqlx-postgres")),
    };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    let db = open(&request).await?;
    let dbs = vec![db.clone(); request.connections];
    let outcome = match (request.work, &*request.way) {
        (Work::InsertOne, "") => measure(&request, dbs, works::insert_one).await,
        (Work::InsertCounter, "") => measure(&request, dbs, works::insert_counter).await,
        (Work::UpdateReturningOld, "") => measure(&request, dbs, works::update_returning_old).await,
        (Work::Insert10000, "") => measure(&request, dbs, works::insert_10000).await,
        (Work::GetByKey, "") => measure(&request, dbs, works::get_by_key).await,
        (_, way) => Err(format!("no way `{way}`").into()),
    };
    db.close().await?;
    outcome
}

async fn open(request: &Request) -> Result<DatabaseConnection> {
    let connections = u32::try_from(request.connections)?;
    let mut options = ConnectOptions::new(&request.url);
    options
        .min_connections(connections)
        .max_connections(connections)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    Ok(Database::connect(options).await?)
}
