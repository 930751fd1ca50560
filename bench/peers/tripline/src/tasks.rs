//! Many tasks that share one database.

use std::ops::Range;

use bench_protocol::{Result, author_of, new_post};
use tokio::task::JoinSet;
use tripline::Db;

use crate::models::yielding::NewPost;

const TASKS: usize = 64;

/// Splits the units over the tasks and waits for all of them.
pub async fn share(db: Db, units: Range<i64>) -> Result<()> {
    let mut tasks = JoinSet::<Result<()>>::new();
    for first in units.clone().take(TASKS) {
        let db = db.clone();
        let units = (first..units.end).step_by(TASKS);
        tasks.spawn(async move {
            for i in units {
                db.create(NewPost::from(new_post(i, author_of(i)))).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}
