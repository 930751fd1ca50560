//! [`Progress`]: the bar that moves as flights are committed.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tripline::Observer;

use crate::tables::FlightKey;

/// The progress bar, on standard error. As an observer it moves with each commit; see [`hooks`](crate::hooks).
#[derive(Clone, Debug, Observer)]
#[observes(FlightKey)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, which does not show if it shall be hidden or nobody would see it move.
    pub(crate) fn new(hidden: bool) -> Progress {
        // Where standard error is no terminal, this target does not draw either.
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style =
            ProgressStyle::with_template("{wide_bar} {human_pos} of about {human_len} flights, {eta} to go");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress { bar: ProgressBar::with_draw_target(None, target).with_style(style) }
    }

    /// So many flights will there be, as far as is known by now.
    pub(crate) fn expect(&self, flights: u64) {
        self.bar.set_length(flights);
    }

    /// So many more are there.
    pub(crate) fn advance(&self, flights: usize) {
        self.bar.inc(flights as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
