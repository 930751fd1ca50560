//! The warm-up and the clock.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::{Outcome, Result};

/// Runs a few units untimed, then `n` units on the clock.
///
/// `run` is given the numbers of the units to do, which are distinct over both calls.
pub fn measure(n: i64, mut run: impl FnMut(Range<i64>) -> Result<()>) -> Result<Outcome> {
    let (warm_up, timed) = units(n);
    run(warm_up)?;
    let start = Instant::now();
    run(timed)?;
    nanoseconds(start.elapsed())
}

/// [`measure`] for work that awaits.
///
/// `run` hands out futures that own what they need (a clone of a pool, say): futures that
/// borrow from the closure could not be spawned on a multi-thread runtime.
pub async fn measure_async<F>(n: i64, run: impl Fn(Range<i64>) -> F) -> Result<Outcome>
where
    F: Future<Output = Result<()>>,
{
    let (warm_up, timed) = units(n);
    run(warm_up).await?;
    let start = Instant::now();
    run(timed).await?;
    nanoseconds(start.elapsed())
}

fn units(n: i64) -> (Range<i64>, Range<i64>) {
    let warm_up = (n / 10).clamp(1, 200);
    (0..warm_up, warm_up..warm_up + n)
}

fn nanoseconds(elapsed: Duration) -> Result<Outcome> {
    Ok(Outcome::Nanoseconds(elapsed.as_nanos().try_into()?))
}
