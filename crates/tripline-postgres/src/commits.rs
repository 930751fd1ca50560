//! What became of a commit whose answer was lost.
//!
//! The transaction has learned its id when it began. A new connection asks for what became of it. If it is still in
//! progress, its session has not noticed yet that its client is gone, and may commit at any moment: it is ended first,
//! so that the answer stays true.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tripline_core::{Commit, Error, Result};

use crate::{Shared, flight::ask};

/// A transaction's id, as the server writes it: 64 bits, never given twice.
#[derive(Clone, Debug)]
pub(crate) struct TransactionId(pub(crate) String);

/// How long a transaction's fate is asked for.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause between two questions, if the session did not end by then.
const PAUSE: Duration = Duration::from_millis(20);

/// The commit, if there was one; the error that it was lost with, if it was rolled back; else that nobody knows.
pub(crate) async fn resolve(shared: &Arc<Shared>, id: &TransactionId, error: Error) -> Result<Commit> {
    match tokio::time::timeout(LIMIT, fate(shared, id)).await {
        Ok(Ok(Fate::Committed)) => Ok(Commit::default()),
        Ok(Ok(Fate::Aborted)) => Err(error),
        _ => Err(Error::CommitUnknown(Arc::new(error))),
    }
}

enum Fate {
    Committed,
    Aborted,
}

async fn fate(shared: &Arc<Shared>, id: &TransactionId) -> Result<Fate> {
    let deadline = Instant::now() + LIMIT;
    // The server's own word, so nothing but digits; still it becomes part of a statement.
    let id: u64 = id.0.parse().map_err(|_| Error::invalid("a transaction's id that is no number"))?;
    let (ended, status) = (
        format!(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity \
             WHERE backend_xid = '{id}'::xid8::xid AND pid <> pg_backend_pid()"
        ),
        format!("SELECT pg_xact_status('{id}'::xid8)"),
    );
    loop {
        // The server may be starting again.
        let Ok(lease) = shared.lease().await else {
            if Instant::now() >= deadline {
                return Err(Error::Closed);
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        _ = ask(&lease, shared.context(), &ended).await;
        match ask(&lease, shared.context(), &status).await {
            Ok(Some(status)) if status == "committed" => return Ok(Fate::Committed),
            Ok(Some(status)) if status == "aborted" => return Ok(Fate::Aborted),
            // The server is not in a state to answer, or has forgotten.
            Ok(None) => return Err(Error::Closed),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
