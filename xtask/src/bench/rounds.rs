//! The interleaved rounds of one work.

use super::{
    BASE,
    peer::{Failure, Peer},
    stats,
    works::{Line, Work},
};

/// A work's measurements.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) work: &'static Work,
    pub(super) series: Vec<Series>,
}

/// One line's measurements, round by round.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) line: Line,
    /// Nanoseconds per unit.
    pub(super) times: Vec<f64>,
    /// Why there are no more.
    pub(super) failure: Option<Failure>,
}

/// Asks every peer once in each round; who begins changes from round to round.
pub(super) fn measure(work: &'static Work, peers: &mut [Peer], rounds: usize) -> Measured {
    let names: Vec<&'static str> = peers.iter().map(|peer| peer.name).collect();
    let lines = work.lines(names.into_iter());
    let mut series: Vec<Series> =
        lines.into_iter().map(|line| Series { line, times: Vec::new(), failure: None }).collect();
    for round in 0..rounds {
        eprint!("\r{}: round {} of {rounds} ", work.name, round + 1);
        for turn in 0..series.len() {
            let place = (round + turn) % series.len();
            let Series { line, times, failure } = &mut series[place];
            // Who failed once is not asked again: a table with holes could not be compared.
            let Some(peer) = peers.iter_mut().find(|peer| peer.name == line.peer && failure.is_none()) else {
                continue;
            };
            match peer.ask(line.work, work.n) {
                Ok(ns) => times.push(ns as f64 / work.n as f64),
                Err(why) => *failure = Some(why),
            }
        }
    }
    eprintln!();
    Measured { work, series }
}

impl Measured {
    /// The line for what a peer was asked.
    pub(super) fn line(&self, peer: &str, work: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.line.peer == peer && series.line.work == work)
    }

    /// Each round's ratio to the base peer in the same round.
    pub(super) fn ratios(&self, series: &Series) -> Vec<f64> {
        let base = self.line(BASE, self.work.name);
        base.map_or_else(Vec::new, |base| stats::ratios(&series.times, &base.times))
    }

    /// What one more hook costs: a tenth of the difference that ten more make, round by round.
    pub(super) fn per_hook(&self, one: &str, eleven: &str) -> Option<f64> {
        let (one, eleven) = (self.line(super::OURS, one)?, self.line(super::OURS, eleven)?);
        let each: Vec<f64> =
            one.times.iter().zip(&eleven.times).map(|(one, eleven)| (eleven - one) / 10.0).collect();
        stats::median(&each)
    }
}
