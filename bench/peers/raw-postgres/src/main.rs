//! Hand-written tokio-postgres: the floor that the other peers are compared with.
//!
//! Each task has a connection of its own, without a pool, and its statements are prepared before the clock starts.
//! Each statement is awaited before the next is sent, as such code is usually written; what sending them together
//! brings (<https://docs.rs/tokio-postgres/0.7/tokio_postgres/#pipelining>) is a line of its own.

mod bulk;
mod connection;
mod works;

use std::sync::Arc;

use bench_protocol_postgres::{Hello, Outcome, Request, Result, Work, locked_version, measure, serve};

use crate::connection::Connection;

fn main() -> Result<()> {
    let version = locked_version(include_str!("../Cargo.lock"), "tokio-postgres");
    let hello = Hello { peer: "raw", driver: format!("tokio-postgres {version}"), version };
    serve(&hello, run)
}

async fn run(request: Request) -> Result<Outcome> {
    let mut connections = Vec::new();
    for _ in 0..request.connections {
        connections.push(Arc::new(Connection::open(&request.url).await?));
    }
    match (request.work, &*request.way) {
        (Work::InsertOne, "") => measure(&request, connections, works::insert_one).await,
        (Work::InsertCounter, "") => measure(&request, connections, works::insert_counter).await,
        (Work::InsertCounter, "pipelined") => {
            measure(&request, connections, works::insert_counter_pipelined).await
        }
        (Work::UpdateReturningOld, "") => measure(&request, connections, works::update_returning_old).await,
        (Work::Insert10000, "") => measure(&request, connections, bulk::copy).await,
        (Work::Insert10000, "unnest") => measure(&request, connections, bulk::unnest).await,
        (Work::GetByKey, "") => measure(&request, connections, works::get_by_key).await,
        (_, way) => Err(format!("no way `{way}`").into()),
    }
}
