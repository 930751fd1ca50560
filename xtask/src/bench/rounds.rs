//! The interleaved rounds of one table.

use super::{peer::Failure, stats};

/// The measurements of a table, line by line. The first line is the one that the others are compared with.
#[derive(Debug)]
pub(super) struct Table {
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

/// One line of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) peer: &'static str,
    /// What the peer is asked for.
    pub(super) asked: &'static str,
    pub(super) label: &'static str,
}

/// Asks for every line once in each round; who begins changes from round to round.
pub(super) fn measure(
    title: &str,
    lines: Vec<Line>,
    rounds: usize,
    mut ask: impl FnMut(Line) -> Result<f64, Failure>,
) -> Table {
    let mut series: Vec<Series> =
        lines.into_iter().map(|line| Series { line, times: Vec::new(), failure: None }).collect();
    for round in 0..rounds {
        eprint!("\r{title}: round {} of {rounds} ", round + 1);
        for turn in 0..series.len() {
            let place = (round + turn) % series.len();
            let Series { line, times, failure } = &mut series[place];
            // Who failed once is not asked again: a table with holes could not be compared.
            if failure.is_some() {
                continue;
            }
            match ask(*line) {
                Ok(time) => times.push(time),
                Err(why) => *failure = Some(why),
            }
        }
    }
    eprintln!();
    Table { series }
}

impl Table {
    /// The line for what a peer was asked.
    pub(super) fn line(&self, peer: &str, asked: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.line.peer == peer && series.line.asked == asked)
    }

    /// Each round's ratio to the first line in the same round.
    pub(super) fn ratios(&self, series: &Series) -> Vec<f64> {
        let base = self.series.first();
        base.map_or_else(Vec::new, |base| stats::ratios(&series.times, &base.times))
    }

    /// What one more hook costs: a tenth of the difference that ten more make, round by round.
    pub(super) fn per_hook(&self, one: &str, eleven: &str) -> Option<f64> {
        let (one, eleven) = (self.line(super::OURS, one)?, self.line(super::OURS, eleven)?);
        let each: Vec<f64> =
            one.times.iter().zip(&eleven.times).map(|(one, eleven)| (eleven - one) / 10.0).collect();
        stats::median(&each)
    }

    /// How much longer one of our works takes than another, round by round.
    pub(super) fn between(&self, longer: &str, shorter: &str) -> Option<f64> {
        let (longer, shorter) = (self.line(super::OURS, longer)?, self.line(super::OURS, shorter)?);
        let each: Vec<f64> =
            longer.times.iter().zip(&shorter.times).map(|(longer, shorter)| longer / shorter).collect();
        stats::median(&each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_failed_is_not_asked_again_and_all_others_are() {
        let line = |peer| Line { peer, asked: "work", label: peer };
        let mut asked = Vec::new();
        let table = measure("test", vec![line("raw"), line("lame")], 3, |line| {
            asked.push(line.peer);
            if line.peer == "lame" { Err(Failure::Error("why".to_owned())) } else { Ok(2.0) }
        });
        assert_eq!(asked, ["raw", "lame", "raw", "raw"]);
        assert_eq!(table.series[0].times, [2.0; 3]);
        assert!(table.ratios(&table.series[1]).is_empty());
    }
}
