//! What became of a commit whose answer was lost.
//!
//! The transaction has learned its id when it began. A new connection asks for what became of it. If it is still in
//! progress, its session has not noticed yet that its client is gone, and may commit at any moment: it is ended first,
//! so that the answer stays true.
//!
//! A server that crashes forgets the ids of transactions of which nothing had been written yet, and gives them to
//! others. So each connection knows the life of the server that it began in. An id of another life that is committed
//! may be someone else's transaction, and nobody knows; one that is not committed is not, whosoever it is.

use std::{sync::Arc, time::Duration};

use tokio_postgres::Client;
use tripline_core::{Commit, Durability, Error, Position, Result};

use crate::{
    Lease, Shared,
    connection::Connection,
    flight::{ask, control},
    session::log_position,
};

/// A transaction's id, as the server writes it: 64 bits, never given twice in one life of the server.
#[derive(Clone, Debug)]
pub(crate) struct TransactionId(pub(crate) String);

/// A time in which a server does not crash; the replica that takes its place lives another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life(String);

/// How long a transaction's fate is asked for.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause between two questions, if there is no answer yet.
const PAUSE: Duration = Duration::from_millis(20);

/// The life that this connection is in: a server keeps its statistics as long as it does not crash. Where someone
/// resets them, it counts as another life.
pub(crate) async fn life(client: &Client) -> Option<Life> {
    let began = "SELECT extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time())";
    control(client, began).await.ok().flatten().map(Life)
}

/// The commit, if there was one; the error that it was lost with, if it was rolled back; else that nobody knows.
///
/// The lease gets another connection, so that no other place in the pool is needed: all may be lost at once.
pub(crate) async fn resolve(
    shared: &Shared,
    lease: &mut Lease,
    id: &TransactionId,
    error: Error,
) -> Result<Commit> {
    match tokio::time::timeout(LIMIT, fate(shared, lease, id)).await {
        Ok(Fate::Committed(position)) => Ok(Commit { durability: Durability::Now, position }),
        Ok(Fate::Aborted) => Err(error),
        Ok(Fate::Unknown) | Err(_) => Err(Error::CommitUnknown(Arc::new(error))),
    }
}

enum Fate {
    Committed(Option<Position>),
    Aborted,
    Unknown,
}

async fn fate(shared: &Shared, lease: &mut Lease, id: &TransactionId) -> Fate {
    // The server's own word, so nothing but digits; still it becomes part of a statement.
    let Ok(id) = id.0.parse::<u64>() else { return Fate::Unknown };
    let ended = format!(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity \
         WHERE backend_xid = '{id}'::xid8::xid AND pid <> pg_backend_pid()"
    );
    // A replica may not have heard of it yet.
    let status = format!(
        "SELECT CASE WHEN pg_is_in_recovery() THEN 'recovering' ELSE pg_xact_status('{id}'::xid8) END"
    );
    let life = lease.life.take();
    loop {
        // The server may be starting again.
        let Ok(connection) = Connection::open(&shared.options, &shared.tls).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        **lease = connection;
        let is_same = life.is_some() && lease.life == life;
        if is_same {
            _ = ask(lease, shared.context(), &ended).await;
        }
        match (ask(lease, shared.context(), &status).await, is_same) {
            (Ok(Some(status)), true) if status == "committed" => {
                return Fate::Committed(position(shared, lease).await);
            }
            (Ok(Some(status)), _) if status == "aborted" => return Fate::Aborted,
            // In another life the id may be another transaction's.
            (Ok(Some(status)), false) if status == "in progress" => return Fate::Unknown,
            (Err(Error::Database(error)), false) if error.code == "PostgreSQL 22023" => return Fate::Aborted,
            (Ok(Some(status)), false) if status == "committed" => return Fate::Unknown,
            // The server has forgotten.
            (Ok(None), _) => return Fate::Unknown,
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Where a copy has to be that has seen the commit.
async fn position(shared: &Shared, lease: &Lease) -> Option<Position> {
    if shared.options.replicas.is_empty() {
        return None;
    }
    log_position(&ask(lease, shared.context(), "SELECT pg_current_wal_insert_lsn()").await.ok()??)
}
