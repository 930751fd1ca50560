//! Toasty on its PostgreSQL driver, with a pool of as many connections as there are tasks.
//!
//! The driver caches statements, and the pool sends nothing when a connection is taken, unless it is told to
//! (`pool_pre_ping`): there is nothing to set for speed.
//! <https://docs.rs/toasty/0.11/toasty/db/struct.Builder.html>

mod models;
mod works;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Work, locked_version, measure, serve};
use toasty::Db;

use crate::models::{Post, User};

fn main() -> Result<()> {
    let lock = include_str!("../Cargo.lock");
    let hello = Hello {
        peer: "toasty",
        version: locked_version(lock, "toasty"),
        driver: format!("tokio-postgres {}", locked_version(lock, "tokio-postgres")),
    };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    let mut builder = Db::builder();
    builder.models(toasty::models!(User, Post)).max_pool_size(request.connections);
    let db = builder.connect(&request.url).await?;
    let dbs = vec![db; request.connections];
    match (request.work, &*request.way) {
        (Work::InsertOne, "") => measure(&request, dbs, works::insert_one).await,
        (Work::InsertCounter, "") => measure(&request, dbs, works::insert_counter).await,
        (Work::UpdateReturningOld, "") => measure(&request, dbs, works::update_returning_old).await,
        (Work::Insert10000, "") => measure(&request, dbs, works::insert_10000).await,
        (Work::GetByKey, "") => measure(&request, dbs, works::get_by_key).await,
        (_, way) => Err(format!("no way `{way}`").into()),
    }
}
