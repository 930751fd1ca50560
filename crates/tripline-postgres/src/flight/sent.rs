//! Requests that were sent, until they are answered.

use std::{
    pin::Pin,
    task::{Poll, Waker},
    time::Instant,
};

use super::Request;
use crate::{SlowStatement, errors::Context};

/// Tells of slow statements. The server works on them one after the other, so each has taken the time from the answer
/// before it to its own.
pub(super) struct Watch<'c> {
    context: Context<'c>,
    since: Option<Instant>,
}

impl Watch<'_> {
    pub(super) fn new(context: Context<'_>) -> Watch<'_> {
        Watch { context, since: context.options.slow_statement.map(|_| Instant::now()) }
    }

    pub(super) fn answered(&mut self, request: &Request<'_>) {
        let options = self.context.options;
        let (Some(limit), Some(since)) = (options.slow_statement, self.since) else { return };
        let now = Instant::now();
        self.since = Some(now);
        let elapsed = now - since;
        if elapsed > limit {
            (options.on_slow)(&SlowStatement { sql: request.text().to_owned(), elapsed });
        }
    }
}

/// A future that was polled once, which sends, and its output if that was there at once.
pub(super) struct Started<F: Future> {
    future: Pin<Box<F>>,
    pub(super) output: Option<F::Output>,
}

impl<F: Future> Started<F> {
    /// Nobody is woken for it before it is waited for.
    pub(super) fn new(future: F) -> Started<F> {
        let mut future = Box::pin(future);
        let output = match future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        };
        Started { future, output }
    }

    pub(super) async fn output(self) -> F::Output {
        match self.output {
            Some(output) => output,
            None => self.future.await,
        }
    }
}
