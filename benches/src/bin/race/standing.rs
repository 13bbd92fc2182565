//! What came of a cell: the raw lines, put together.

use crate::cells::place;
use crate::gap::{LEVELS, Scale, Time};
use crate::raw::{Entrant, Facts, Line, Machine, Restarts, Run};
use partwise_benches::metrics::median;
use std::collections::BTreeMap;

/// Everything that is known of a cell.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) cell: String,
    pub(crate) facts: Facts,
    /// The lowest objective of the long run from each start.
    long: BTreeMap<usize, f64>,
    pub(crate) runs: BTreeMap<Entrant, BTreeMap<usize, Run>>,
    pub(crate) memory: BTreeMap<Entrant, u64>,
    /// What partwise said of iterations, and what the evaluator found.
    pub(crate) checks: Vec<(Entrant, f64, f64)>,
    /// Peers that ran from no later start, as they were so many times slower than the fastest of their precision.
    pub(crate) dropped: BTreeMap<Entrant, f64>,
    /// Seconds that it was given, and took, the last time.
    pub(crate) spent: Option<(f64, f64)>,
    pub(crate) restarts: BTreeMap<(Entrant, String), Restarts>,
    /// Seconds per sweep of partwise with one thread and with all, by precision.
    pub(crate) threads: BTreeMap<String, (f64, f64)>,
}

/// All lines, put together.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    pub(crate) cells: Vec<Standing>,
    pub(crate) machines: Vec<Machine>,
    /// By cell and program: the reason why it was not run.
    pub(crate) skipped: BTreeMap<(String, String), String>,
}

/// How many times longer a peer takes than partwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) times: f64,
    /// Whether it is only known that it is more.
    pub(crate) more: bool,
}

impl Standings {
    /// Puts lines together; of two about the same thing the later counts.
    pub(crate) fn new(lines: Vec<Line>) -> Standings {
        let mut out = Standings::default();
        let mut cells: BTreeMap<String, Standing> = BTreeMap::new();
        // What a cell is has to be known before what came of it.
        for line in &lines {
            if let Line::Cell { cell, facts } = line {
                cells.insert(cell.clone(), Standing::new(cell, facts));
            }
        }
        for line in lines {
            match line {
                Line::Machine(machine) => {
                    // What differs in the load alone is the same.
                    let same = |m: &Machine| {
                        (&m.date, &m.processor, &m.partwise, &m.about, &m.peers)
                            == (
                                &machine.date,
                                &machine.processor,
                                &machine.partwise,
                                &machine.about,
                                &machine.peers,
                            )
                    };
                    if !out.machines.iter().any(same) {
                        out.machines.push(machine);
                    }
                }
                Line::Cell { cell, .. } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.dropped.clear();
                    }
                    out.skipped.retain(|(of, _), _| *of != cell);
                }
                Line::Skipped { cell, entrant, reason } => {
                    out.skipped.insert((cell, entrant.to_string().trim().into()), reason);
                }
                Line::Best { cell, start, objective, .. } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.long.insert(start, objective);
                    }
                }
                Line::Run { cell, entrant, start, run } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.runs.entry(entrant).or_default().insert(start, run);
                    }
                }
                Line::Check { cell, entrant, said, found, .. } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.checks.push((entrant, said, found));
                    }
                }
                Line::Memory { cell, entrant, bytes } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.memory.insert(entrant, bytes);
                    }
                }
                Line::Dropped { cell, entrant, times, .. } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.dropped.insert(entrant, times);
                    }
                }
                Line::Spent { cell, allowed, used } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.spent = Some((allowed, used));
                    }
                }
                Line::Threads { cell, entrant, one, all } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.threads.insert(entrant.precision, (one, all));
                    }
                }
                Line::Restarts { cell, entrant, setting, restarts } => {
                    if let Some(standing) = cells.get_mut(&cell) {
                        standing.restarts.insert((entrant, setting), restarts);
                    }
                }
            }
        }
        out.cells = cells.into_values().collect();
        out.cells.sort_by_key(|standing| place(&standing.cell));
        out
    }
}

impl Standing {
    fn new(cell: &str, facts: &Facts) -> Standing {
        Standing {
            cell: cell.into(),
            facts: facts.clone(),
            long: BTreeMap::new(),
            runs: BTreeMap::new(),
            memory: BTreeMap::new(),
            checks: Vec::new(),
            dropped: BTreeMap::new(),
            spent: None,
            restarts: BTreeMap::new(),
            threads: BTreeMap::new(),
        }
    }

    /// The gap from a start: 0 is the lowest objective that was seen from there, by whomever.
    pub(crate) fn scale(&self, start: usize) -> Scale {
        let runs = self.runs.values().filter_map(|runs| runs.get(&start)).map(Run::lowest);
        let long = self.long.get(&start).copied();
        Scale { one: self.facts.one, best: runs.chain(long).fold(f64::INFINITY, f64::min) }
    }

    /// Whose the lowest objective is, and from how many starts: the long run's, partwise's or a peer's.
    pub(crate) fn lowest_by(&self) -> [(&'static str, usize); 3] {
        let mut by = [("long run", 0), (crate::ours::NAME, 0), ("peers", 0)];
        let starts: std::collections::BTreeSet<usize> =
            self.runs.values().flat_map(BTreeMap::keys).copied().collect();
        for start in starts {
            let best = self.scale(start).best;
            let lowest =
                |runs: &BTreeMap<usize, Run>| runs.get(&start).is_some_and(|run| run.lowest() <= best);
            let whose = match self.runs.iter().find(|(_, runs)| lowest(runs)) {
                _ if self.long.get(&start).is_some_and(|&long| long <= best) => 0,
                Some((entrant, _)) if entrant.is_ours() => 1,
                _ => 2,
            };
            by[whose].1 += 1;
        }
        by
    }

    /// The time to a gap, over the starts that an entrant had.
    pub(crate) fn time(&self, entrant: &Entrant, level: f64) -> Option<Time> {
        let starts: Vec<Result<f64, f64>> = self
            .runs
            .get(entrant)?
            .iter()
            .map(|(&start, run)| {
                let scale = self.scale(start);
                let found = if entrant.is_ours() {
                    scale.first(&run.trace, level)
                } else {
                    scale.between(&run.trace, level)
                };
                found.ok_or(run.whole().1)
            })
            .collect();
        Time::of(&starts)
    }

    /// The median over starts of the gap where an entrant ended.
    pub(crate) fn lowest(&self, entrant: &Entrant) -> Option<f64> {
        let runs = self.runs.get(entrant)?.iter();
        median(runs.map(|(&start, run)| self.scale(start).gap(Some(run.lowest()))).collect())
    }

    /// Milliseconds per sweep, as a median over starts.
    pub(crate) fn sweep(&self, entrant: &Entrant) -> Option<f64> {
        let runs = self.runs.get(entrant)?.values();
        median(
            runs.filter_map(|run| {
                let (sweeps, seconds) = match run.timings {
                    Some(timings) => (run.whole().0, timings.sweeps),
                    None => run.whole(),
                };
                (sweeps > 0).then(|| 1e3 * seconds / sweeps as f64)
            })
            .collect(),
        )
    }

    /// Who ran, ours first.
    pub(crate) fn entrants(&self) -> Vec<&Entrant> {
        let mut all: Vec<&Entrant> = self.runs.keys().collect();
        all.sort_by_key(|entrant| {
            (!entrant.is_ours(), std::cmp::Reverse(entrant.precision.clone()), entrant.program.clone())
        });
        all
    }

    /// The time of the fastest of these peers, over ours.
    pub(crate) fn ratio(
        &self,
        precision: &str,
        level: f64,
        among: impl Fn(&Entrant) -> bool,
    ) -> Option<Ratio> {
        let ours = self.time(&Entrant::new(crate::ours::NAME, precision), level).filter(|time| !time.more)?;
        let peers = self.runs.keys().filter(|entrant| !entrant.is_ours() && among(entrant));
        let times = peers.filter_map(|entrant| self.time(entrant, level));
        let best = times.min_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
        Some(Ratio { times: best.seconds / ours.seconds, more: best.more })
    }

    /// The same, among peers of the same precision.
    pub(crate) fn same_precision(&self, precision: &str, level: f64) -> Option<Ratio> {
        self.ratio(precision, level, |entrant| entrant.precision == precision)
    }

    /// The peer of the same precision that takes least memory.
    pub(crate) fn least_memory(&self, precision: &str) -> Option<(&Entrant, u64)> {
        let peers = self.memory.iter().filter(|(e, _)| !e.is_ours() && e.precision == precision);
        peers.map(|(entrant, &bytes)| (entrant, bytes)).min_by_key(|&(_, bytes)| bytes)
    }

    pub(crate) fn our_memory(&self, precision: &str) -> Option<u64> {
        self.memory.get(&Entrant::new(crate::ours::NAME, precision)).copied()
    }

    /// Bytes of X and of the factors; of a sparse X once, by rows, with indices of 32 bits.
    pub(crate) fn problem_bytes(&self, precision: &str) -> u64 {
        let facts = &self.facts;
        let number = if precision == "f32" { 4 } else { 8 };
        let data = if facts.sparse {
            (4 + number) * facts.stored + 4 * (facts.rows + 1)
        } else {
            number * facts.rows * facts.cols
        };
        data + number * (facts.rows + facts.cols) * facts.rank as u64
    }

    /// How far what partwise says is from what the evaluator finds, relative, at most.
    pub(crate) fn disagreement(&self, precision: &str) -> Option<f64> {
        self.checks
            .iter()
            .filter(|(e, ..)| e.precision == precision)
            .map(|(_, said, found)| (said / found - 1.0).abs())
            .reduce(f64::max)
    }

    /// Whether the seconds of the cell ended a run of it.
    pub(crate) fn was_cut(&self, entrant: &Entrant) -> bool {
        self.runs.get(entrant).is_some_and(|runs| runs.values().any(|run| run.end == "time_limit"))
    }

    /// The most starts that any entrant had.
    pub(crate) fn starts(&self) -> usize {
        self.runs.values().map(BTreeMap::len).max().unwrap_or(0)
    }

    /// The share of the roof that the flops of a sweep take, where these are nearly all of it.
    pub(crate) fn roof_share(&self, entrant: &Entrant, machine: &Machine) -> Option<f64> {
        if self.facts.sparse || self.facts.loss != "frobenius" {
            return None;
        }
        let flops = 4.0 * self.facts.rows as f64 * self.facts.cols as f64 * self.facts.rank as f64;
        let roof = machine.roof[usize::from(entrant.precision == "f32")] * crate::THREADS as f64;
        Some(flops / (1e-3 * self.sweep(entrant)? * roof))
    }
}

/// The smaller gap, which promises are about.
pub(crate) const SMALL: f64 = LEVELS[1];
/// The larger one.
pub(crate) const LARGE: f64 = LEVELS[0];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A dense cell with one start: partwise in 1 s, a peer in `peer` s.
    pub(crate) fn standings(loss: &str, peer: Option<f64>) -> Standings {
        let facts = Facts {
            words: "words".into(),
            rows: 10,
            cols: 20,
            stored: 200,
            sparse: false,
            loss: loss.into(),
            rank: 2,
            one: 100.0,
        };
        let run = |program: &str, seconds: f64, end: f64| Line::Run {
            cell: "c".into(),
            entrant: Entrant::new(program, "f64"),
            start: 0,
            run: Run {
                limit: None,
                end: "limit".into(),
                trace: vec![(0, 0.0, None), (10, seconds, Some(end))],
                timings: None,
            },
        };
        let memory = |program: &str, bytes| Line::Memory {
            cell: "c".into(),
            entrant: Entrant::new(program, "f64"),
            bytes,
        };
        Standings::new(vec![
            Line::Cell { cell: "c".into(), facts },
            Line::Best {
                cell: "c".into(),
                start: 0,
                objective: 0.0,
                sweeps: 1,
                seconds: 1.0,
                how: String::new(),
            },
            run("partwise", 50.0, 0.05),
            run("partwise", 1.0, 0.05),
            run("peer", peer.unwrap_or(7.0), if peer.is_some() { 0.05 } else { 50.0 }),
            memory("partwise", 5),
            memory("peer", 4),
        ])
    }

    #[test]
    fn the_later_line_counts_and_ratios_say_what_they_are() {
        let ratio = |peer| standings("frobenius", peer).cells[0].same_precision("f64", SMALL);
        assert_eq!(ratio(Some(3.0)), Some(Ratio { times: 3.0, more: false }));
        assert_eq!(ratio(None), Some(Ratio { times: 7.0, more: true }));
        let cell = &standings("frobenius", None).cells[0];
        assert_eq!(cell.same_precision("f32", SMALL), None);
        assert_eq!(cell.sweep(&Entrant::new("partwise", "f64")), Some(100.0));
        assert_eq!(cell.problem_bytes("f32"), 4 * 200 + 4 * 30 * 2);
        assert_eq!(cell.least_memory("f64").unwrap().1, 4);
    }
}
