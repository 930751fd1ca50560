//! Diesel on diesel-async's connections, in a pool of deadpool, as its own documentation shows:
//! <https://docs.rs/diesel-async/0.9/diesel_async/pooled_connection/deadpool/index.html>
//!
//! Statements are cached by each connection, as with Diesel itself; that leaves out updates, which are prepared each
//! time: <https://docs.rs/diesel/2.3/diesel/connection/statement_cache/index.html>
//! Switched off is the query that would test each connection that is taken: `RecyclingMethod::Fast`, "unless you have
//! special needs this is a safe choice".

mod models;
mod schema;
mod works;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Work, locked_version, measure, serve};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};

fn main() -> Result<()> {
    let lock = include_str!("../Cargo.lock");
    let hello = Hello {
        peer: "diesel",
        version: locked_version(lock, "diesel"),
        driver: format!(
            "diesel-async {}, tokio-postgres {}",
            locked_version(lock, "diesel-async"),
            locked_version(lock, "tokio-postgres")
        ),
    };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    let pool = open(&request)?;
    let pools = vec![pool.clone(); request.connections];
    let outcome = match (request.work, &*request.way) {
        (Work::InsertOne, "") => measure(&request, pools, works::insert_one).await,
        (Work::InsertCounter, "") => measure(&request, pools, works::insert_counter).await,
        (Work::UpdateReturningOld, "") => measure(&request, pools, works::update_returning_old).await,
        (Work::Insert10000, "") => measure(&request, pools, works::insert_10000).await,
        (Work::GetByKey, "") => measure(&request, pools, works::get_by_key).await,
        (_, way) => Err(format!("no way `{way}`").into()),
    };
    pool.close();
    outcome
}

fn open(request: &Request) -> Result<Pool<AsyncPgConnection>> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(&request.url, config);
    Ok(Pool::builder(manager).max_size(request.connections).build()?)
}
