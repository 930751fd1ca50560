//! The warm-up and the clock, over tasks that work at once.

use std::iter::StepBy;
use std::ops::Range;
use std::time::Instant;

use bench_protocol::{Outcome, Result};
use tokio::task::JoinSet;

use crate::Request;

/// The numbers of the units that one task does.
pub type Units = StepBy<Range<i64>>;

/// How often each connection does the work before the clock starts: by then its statements are prepared, and
/// PostgreSQL, which plans a prepared statement anew the first five times, has settled on a plan.
const WARM_UP: i64 = 8;

/// Runs some units untimed, then as many as are asked for on the clock.
///
/// There is a task for each of `connections`, and it gets the same one in both. `run` is given the numbers of the
/// units to do, which are distinct over all calls.
pub async fn measure<C, F>(
    request: &Request,
    connections: Vec<C>,
    run: impl Fn(C, Units) -> F,
) -> Result<Outcome>
where
    C: Clone,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let tasks = i64::try_from(connections.len())?;
    // A unit of thousands of rows is warm after one.
    let warm_up = tasks * WARM_UP.min((request.n / tasks / 10).max(1));
    share(&connections, 0..warm_up, &run).await?;
    let start = Instant::now();
    share(&connections, warm_up..warm_up + request.n, &run).await?;
    Ok(Outcome::Nanoseconds(start.elapsed().as_nanos().try_into()?))
}

/// Shares the units among the tasks, in turn, and waits for all of them.
async fn share<C, F>(connections: &[C], units: Range<i64>, run: &impl Fn(C, Units) -> F) -> Result<()>
where
    C: Clone,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (first, connection) in units.clone().zip(connections) {
        let units = (first..units.end).step_by(connections.len());
        tasks.spawn(run(connection.clone(), units));
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}
