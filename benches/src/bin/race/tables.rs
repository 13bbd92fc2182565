//! The tables of the document.

use crate::gap::Time;
use crate::ours::NAME;
use crate::promises::{least, times};
use crate::raw::{Entrant, Machine};
use crate::standing::{LARGE, Ratio, SMALL, Standing, Standings};
use partwise_benches::markdown::{Markdown, grouped, seconds};
use partwise_benches::metrics::median;
use partwise_benches::program::Timings;

const PRECISIONS: [&str; 2] = ["f64", "f32"];

fn or_none<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or("-".into(), show)
}

fn megabytes(bytes: u64) -> String {
    grouped(bytes as f64 / 1e6, 1)
}

fn time(time: Time) -> String {
    let more = if time.more { "> " } else { "" };
    format!("{more}{}", seconds(time.seconds))
}

fn reached(time: Time) -> String {
    format!("{}/{}", time.reached, time.of)
}

/// The cells and what they hold.
pub(crate) fn cells(all: &[Standing]) -> Markdown {
    let mut table = Markdown::new(
        2,
        ["cell", "data", "shape", "stored entries", "loss", "rank", "starts", "s in all", "lowest by"],
    );
    for standing in all {
        let facts = &standing.facts;
        table.row([
            format!("`{}`", standing.cell),
            format!("{}, {}", facts.words, if facts.sparse { "sparse" } else { "dense" }),
            format!("{} x {}", grouped(facts.rows as f64, 0), grouped(facts.cols as f64, 0)),
            grouped(facts.stored as f64, 0),
            facts.loss.clone(),
            facts.rank.to_string(),
            standing.starts().to_string(),
            or_none(standing.spent, |(_, used)| grouped(used, 0)),
            lowest_by(standing),
        ]);
    }
    table
}

fn lowest_by(standing: &Standing) -> String {
    let by = standing.lowest_by().into_iter().filter(|(_, starts)| *starts > 0);
    by.map(|(whose, starts)| format!("{whose} {starts}")).collect::<Vec<_>>().join(", ")
}

/// partwise beside the best peer, a line per cell and precision.
pub(crate) fn summary(all: &[Standing]) -> Markdown {
    let mut table = Markdown::new(
        2,
        [
            "cell",
            "partwise",
            "s to 1%",
            "s to 0.1%",
            "to 1%",
            "to 0.1%",
            "promised",
            "f64 beside any, to 0.1%",
        ],
    );
    for standing in all {
        for precision in PRECISIONS {
            let ours = Entrant::new(NAME, precision);
            let Some(large) = standing.time(&ours, LARGE) else { continue };
            let any = (precision == "f64").then(|| standing.ratio(precision, SMALL, |_| true)).flatten();
            let bold = |ratio: Ratio| format!("**{}**", times(ratio));
            table.row([
                format!("`{}`", standing.cell),
                precision.into(),
                time(large),
                or_none(standing.time(&ours, SMALL), time),
                or_none(standing.same_precision(precision, LARGE), times),
                or_none(standing.same_precision(precision, SMALL), bold),
                or_none(least(standing), |promised| format!("{promised:.0}×")),
                or_none(any, times),
            ]);
        }
    }
    table
}

/// Everybody in every cell.
pub(crate) fn race(all: &[Standing], machine: Option<&Machine>) -> Markdown {
    let headers = [
        "cell",
        "program",
        "ms per sweep",
        "of the roof",
        "s to 1%",
        "reached",
        "s to 0.1%",
        "reached",
        "lowest, gap",
    ];
    let mut table = Markdown::new(2, headers);
    for standing in all {
        for entrant in standing.entrants() {
            let (large, small) = (standing.time(entrant, LARGE), standing.time(entrant, SMALL));
            let name = if entrant.is_ours() { format!("**{entrant}**") } else { entrant.to_string() };
            let stopped = standing.dropped.get(entrant);
            let stopped = stopped.map_or(String::new(), |t| format!(", stopped: {t:.0}× slower"));
            let share = machine.and_then(|machine| standing.roof_share(entrant, machine));
            table.row([
                format!("`{}`", standing.cell),
                name,
                or_none(standing.sweep(entrant), |ms| grouped(ms, if ms < 10.0 { 2 } else { 1 })),
                or_none(share, |share| format!("{:.0}%", 100.0 * share)),
                or_none(large, time),
                or_none(large, reached),
                or_none(small, time),
                or_none(small, |time| reached(time) + &stopped),
                or_none(standing.lowest(entrant), |gap| format!("{gap:.0e}")),
            ]);
        }
    }
    table
}

/// Peaks of memory.
pub(crate) fn memory(all: &[Standing]) -> Markdown {
    let mut table = Markdown::new(
        2,
        ["cell", "precision", "X and factors", "partwise", "multiple", "least of peers", "by", "others"],
    );
    for standing in all {
        for precision in PRECISIONS {
            let Some(ours) = standing.our_memory(precision) else { continue };
            let least = standing.least_memory(precision);
            let others: Vec<String> = standing
                .memory
                .iter()
                .filter(|(e, _)| !e.is_ours() && e.precision == precision && Some(*e) != least.map(|l| l.0))
                .map(|(e, &bytes)| format!("{} {}", e.program, megabytes(bytes)))
                .collect();
            let needed = standing.problem_bytes(precision);
            let behind = least.is_some_and(|(_, bytes)| ours >= bytes);
            table.row([
                format!("`{}`", standing.cell),
                precision.into(),
                megabytes(needed),
                if behind { megabytes(ours) } else { format!("**{}**", megabytes(ours)) },
                format!("{:.2}", ours as f64 / needed as f64),
                or_none(least, |(_, bytes)| megabytes(bytes)),
                or_none(least, |(entrant, _)| entrant.program.clone()),
                if others.is_empty() { "-".into() } else { others.join(", ") },
            ]);
        }
    }
    table
}

/// Where the time of partwise goes.
pub(crate) fn phases(all: &[Standing]) -> Markdown {
    let mut table = Markdown::new(
        2,
        [
            "cell",
            "precision",
            "whole fit, s",
            "start",
            "sweeps",
            "looks",
            "finish",
            "products",
            "rule",
            "rest",
        ],
    );
    for standing in all {
        for precision in PRECISIONS {
            let runs = standing.runs.get(&Entrant::new(NAME, precision));
            let all: Vec<Timings> =
                runs.into_iter().flat_map(|runs| runs.values()).filter_map(|run| run.timings).collect();
            let middle = |of: &dyn Fn(&Timings) -> f64| median(all.iter().map(of).collect());
            let Some(whole) = middle(&total) else { continue };
            let share =
                |of: &dyn Fn(&Timings) -> f64| or_none(middle(of), |share| format!("{:.0}%", 100.0 * share));
            let had = |t: &Timings| t.sweeps * crate::THREADS as f64;
            table.row([
                format!("`{}`", standing.cell),
                precision.into(),
                seconds(whole),
                share(&|t| t.start / total(t)),
                share(&|t| t.sweeps / total(t)),
                share(&|t| t.looks / total(t)),
                share(&|t| t.finish / total(t)),
                share(&|t| t.products / had(t)),
                share(&|t| t.rule / had(t)),
                share(&|t| (1.0 - (t.products + t.rule) / had(t)).max(0.0)),
            ]);
        }
    }
    table
}

/// Sweeps with one thread and with all.
pub(crate) fn threads(all: &[Standing]) -> Markdown {
    let all_threads = format!("{} threads", crate::THREADS);
    let mut table = Markdown::with_headers(
        2,
        ["cell", "precision", "1 thread, ms per sweep", &all_threads, "times faster"]
            .map(String::from)
            .into(),
    );
    for standing in all {
        for precision in PRECISIONS {
            let Some(&(one, all)) = standing.threads.get(precision) else { continue };
            let ms = |s: f64| grouped(1e3 * s, if s < 0.01 { 2 } else { 1 });
            table.row([
                format!("`{}`", standing.cell),
                precision.into(),
                ms(one),
                ms(all),
                format!("{:.2}", one / all),
            ]);
        }
    }
    table
}

fn total(timings: &Timings) -> f64 {
    timings.start + timings.sweeps + timings.looks + timings.finish
}

/// Many starts.
pub(crate) fn restarts(all: &[Standing]) -> Markdown {
    let mut table = Markdown::new(
        3,
        ["cell", "program", "setting", "starts", "s in all", "lowest objective", "median objective"],
    );
    for standing in all {
        for ((entrant, setting), restarts) in &standing.restarts {
            table.row([
                format!("`{}`", standing.cell),
                entrant.to_string(),
                setting.clone(),
                restarts.number.to_string(),
                seconds(restarts.seconds),
                grouped(restarts.best, 1),
                grouped(restarts.median, 1),
            ]);
        }
    }
    table
}

/// What was not run.
pub(crate) fn skipped(all: &Standings) -> String {
    let line = |((cell, entrant), reason): (&(String, String), &String)| {
        format!("- `{cell}`, {entrant}: {reason}\n")
    };
    all.skipped.iter().map(line).collect()
}
