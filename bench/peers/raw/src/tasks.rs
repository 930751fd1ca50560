//! Many tasks that share one connection and await inside their transactions.

use std::ops::Range;
use std::sync::Arc;

use bench_protocol::{NewPost, Outcome, Result, author_of, measure_async, new_post};
use rusqlite::Connection;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::works::{count_post, insert_post};

const TASKS: usize = 64;

pub fn run(conn: Connection, n: i64) -> Result<Outcome> {
    // Each commit reaches the disk here, unlike in the other works.
    conn.execute_batch("PRAGMA synchronous = FULL")?;
    let conn = Arc::new(Mutex::new(conn));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async {
        tokio::spawn(measure_async(n, move |units| share(Arc::clone(&conn), units))).await?
    })
}

/// Splits the units over the tasks and waits for all of them.
async fn share(conn: Arc<Mutex<Connection>>, units: Range<i64>) -> Result<()> {
    let mut tasks = JoinSet::<Result<()>>::new();
    for first in units.clone().take(TASKS) {
        let conn = Arc::clone(&conn);
        let units = (first..units.end).step_by(TASKS);
        tasks.spawn(async move {
            for i in units {
                post_and_count(&conn, &new_post(i, author_of(i))).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// One transaction that awaits between its two statements, as one that runs a hook would.
///
/// The guard stays locked over the await; statements do not, since they are not `Send`. A
/// failed statement leaves the transaction open, which ends the run: nothing is tried again.
async fn post_and_count(conn: &Mutex<Connection>, post: &NewPost) -> Result<()> {
    let conn = conn.lock().await;
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    insert_post(&conn, post)?;
    tokio::task::yield_now().await;
    count_post(&conn, post.user_id)?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}
