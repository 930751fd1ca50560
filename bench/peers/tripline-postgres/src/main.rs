//! Tripline, with a pool of as many connections as there are tasks.
//!
//! All else is at its default. That includes the preparing of statements, and that nothing is sent when a connection is
//! taken or given back.

mod models;
mod works;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Units, Work, locked_version, measure, serve};
use tripline::{Db, TableEntry, tables};

use crate::models::{awaited, counted, hooked, plain, planned, watched};

fn main() -> Result<()> {
    let lock = include_str!("../Cargo.lock");
    let hello = Hello {
        peer: "tripline",
        version: locked_version(lock, "tripline"),
        driver: format!("tokio-postgres {}", locked_version(lock, "tokio-postgres")),
    };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    match (request.work, &*request.way) {
        (Work::InsertOne, "") => on(&request, tables![plain::User], works::insert_one).await,
        (Work::InsertCounter, "") => {
            on(&request, tables![counted::User, counted::Post], works::insert_counter).await
        }
        (Work::InsertCounter, "awaited") => {
            on(&request, tables![awaited::User, awaited::Post], works::insert_counter_awaited).await
        }
        (Work::InsertCounter, "planned") => {
            on(&request, tables![planned::User, planned::Post], works::insert_counter_planned).await
        }
        (Work::UpdateReturningOld, "") => {
            on(&request, tables![watched::User], works::update_returning_old).await
        }
        (Work::Insert10000, "") => on(&request, tables![hooked::User], works::insert_10000).await,
        (Work::Insert10000, "plain") => on(&request, tables![plain::User], works::insert_10000_plain).await,
        (Work::GetByKey, "") => on(&request, tables![plain::User], works::get_by_key).await,
        (_, way) => Err(format!("no way `{way}`").into()),
    }
}

/// Measures a work on a database handle that all tasks share.
async fn on<F>(request: &Request, tables: Vec<TableEntry>, work: impl Fn(Db, Units) -> F) -> Result<Outcome>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let Request { url, connections, remote, .. } = request;
    // It is the default for servers that are reached by TCP.
    let url = format!("{url}&pool_size={connections}&resolve_commits={remote}");
    let db = Db::open(&url).tables(tables).connect().await?;
    let outcome = measure(request, vec![db.clone(); *connections], work).await;
    db.close().await?;
    outcome
}
