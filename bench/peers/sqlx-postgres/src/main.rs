//! sqlx, once with a connection from the pool for each unit, as a server's handler would take it, and once with
//! connections that the tasks hold.
//!
//! Statements are prepared once per connection and kept, which is sqlx's default (`statement_cache_capacity`, 100).
//! Switched off is the ping of a connection that is about to be used (`test_before_acquire`), and the logging of
//! statements. A pooled connection is also pinged each time that it is given back, which cannot be switched off.
//! <https://docs.rs/sqlx/0.9/sqlx/pool/struct.PoolOptions.html#method.test_before_acquire>

mod copy;
mod works;

use std::sync::Arc;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Units, Work, locked_version, measure, serve};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::sync::Mutex;

fn main() -> Result<()> {
    let version = locked_version(include_str!("../Cargo.lock"), "sqlx");
    let hello = Hello { peer: "sqlx", driver: format!("sqlx-postgres {version}"), version };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    let work = request.work;
    match &*request.way {
        "" => {
            let pool = open(&request).await?;
            let pools = vec![pool.clone(); request.connections];
            let outcome = measure(&request, pools, |pool, units| pooled(pool, work, units)).await;
            pool.close().await;
            outcome
        }
        "held" => {
            let mut connections = Vec::new();
            for _ in 0..request.connections {
                connections.push(Arc::new(Mutex::new(options(&request)?.connect().await?)));
            }
            measure(&request, connections, |connection, units| held(connection, work, units)).await
        }
        way => Err(format!("no way `{way}`").into()),
    }
}

fn options(request: &Request) -> Result<PgConnectOptions> {
    Ok(request.url.parse::<PgConnectOptions>()?.disable_statement_logging())
}

async fn open(request: &Request) -> Result<PgPool> {
    let connections = u32::try_from(request.connections)?;
    let pool = PgPoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .test_before_acquire(false)
        .connect_with(options(request)?)
        .await?;
    Ok(pool)
}

async fn pooled(pool: PgPool, work: Work, units: Units) -> Result<()> {
    for i in units {
        works::unit(&mut *pool.acquire().await?, work, i).await?;
    }
    Ok(())
}

/// The connection is the task's alone: it is locked once.
async fn held(connection: Arc<Mutex<PgConnection>>, work: Work, units: Units) -> Result<()> {
    let mut connection = connection.lock().await;
    for i in units {
        works::unit(&mut connection, work, i).await?;
    }
    Ok(())
}
