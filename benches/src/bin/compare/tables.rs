//! The tables of the document.

use crate::THREADS;
use crate::measure::{Measured, Spread};
use crate::shortfalls::{least_ratio, most_memory};
use partwise_benches::markdown::{Markdown, grouped, seconds};
use partwise_benches::metrics::median;

/// The data sets and what they hold.
pub(crate) fn data(all: &[Measured]) -> Markdown {
    let mut table = Markdown::new(2, ["data set", "file", "shape", "stored entries", "fingerprint"]);
    let mut seen = Vec::new();
    for measured in all {
        let folder = measured.problem.folder;
        let Some(run) = measured.default_fit().filter(|_| !seen.contains(&folder)) else { continue };
        seen.push(folder);
        table.row([
            folder.into(),
            measured.problem.source(),
            format!("({}, {})", run.shape.0, run.shape.1),
            grouped(run.stored as f64, 0),
            format!("`{}`", run.data.hash),
        ]);
    }
    table
}

/// From the same start, to scikit-learn's final objective.
pub(crate) fn same_objective(all: &[Measured]) -> Markdown {
    let mut table = Markdown::new(
        2,
        [
            "data set",
            "loss",
            "rank",
            "objective to reach",
            "scikit-learn, threads",
            "iterations",
            "s",
            "partwise, threads",
            "iterations",
            "s",
            "ratio",
            "pairs",
            "promised",
        ],
    );
    for measured in all {
        let Some((theirs, ours)) = measured.last_pair() else { continue };
        let reached = ours.reached(theirs.value.objective);
        let ratio = measured.ratio();
        table.row(head(measured).into_iter().chain([
            grouped(theirs.value.objective, 1),
            theirs.threads.to_string(),
            theirs.iterations.to_string(),
            or_none(measured.their_seconds(), seconds),
            THREADS.to_string(),
            reached.map_or("not reached".into(), |(iterations, _)| iterations.to_string()),
            or_none(measured.our_seconds(), seconds),
            or_none(ratio, |r| format!("**{}**", times(r.middle))),
            or_none(ratio, |r| range(&r)),
            or_none(least_ratio(measured), times),
        ]));
    }
    table
}

/// Where both sides end when they start there.
pub(crate) fn ends(all: &[Measured]) -> Markdown {
    let mut table = Markdown::new(
        3,
        [
            "data set",
            "loss",
            "by",
            "rank",
            "status",
            "iterations",
            "s",
            "objective",
            "KKT residual",
            "memory, MB",
        ],
    );
    for measured in all {
        let Some((theirs, ours)) = measured.last_pair() else { continue };
        let [folder, loss, rank] = head(measured);
        let our_seconds = median(measured.pairs.iter().map(|(_, ours)| ours.fit_seconds()).collect());
        let peak = |bytes: Option<u64>| or_none(bytes, megabytes);
        table.row([
            folder.clone(),
            loss.clone(),
            "scikit-learn".into(),
            rank.clone(),
            if theirs.converged { "converged" } else { "iteration_limit" }.into(),
            theirs.iterations.to_string(),
            or_none(measured.their_seconds(), seconds),
            grouped(theirs.value.objective, 1),
            format!("{:.1e}", theirs.value.kkt_residual),
            peak(measured.pairs.iter().map(|(theirs, _)| theirs.peak_memory_bytes).max()),
        ]);
        table.row([
            folder,
            loss,
            "partwise".into(),
            rank,
            ours.status.name().into(),
            ours.iterations.to_string(),
            or_none(our_seconds, seconds),
            grouped(measured.value.objective, 1),
            format!("{:.1e}", measured.value.kkt_residual),
            peak(measured.memory_from()),
        ]);
    }
    table
}

/// Default fits.
pub(crate) fn defaults(all: &[Measured]) -> Markdown {
    let mut table = Markdown::new(
        2,
        [
            "data set",
            "loss",
            "rank",
            "status",
            "objective",
            "relative error",
            "KKT residual",
            "iterations",
            "fit, s",
            "reading, s",
        ],
    );
    for measured in all {
        let Some(run) = measured.default_fit() else { continue };
        let middle = |of: fn(&crate::ours::Run) -> f64| median(measured.defaults.iter().map(of).collect());
        table.row(head(measured).into_iter().chain([
            run.status.name().into(),
            grouped(run.objective, 1),
            format!("{:.6}", run.relative_error),
            format!("{:.1e}", run.kkt_residual),
            run.iterations.to_string(),
            or_none(middle(|run| run.fit_seconds()), seconds),
            or_none(middle(|run| run.seconds.load), seconds),
        ]));
    }
    table
}

/// Memory of the default fits.
pub(crate) fn memory(all: &[Measured]) -> Markdown {
    let mut table = Markdown::new(
        2,
        [
            "data set",
            "loss",
            "rank",
            "X and factors",
            "program",
            "peak",
            "peak less program",
            "multiple",
            "promised",
        ],
    );
    for measured in all {
        let memory = measured.memory();
        table.row(head(measured).into_iter().chain([
            or_none(memory, |m| megabytes(m.needed)),
            or_none(memory, |m| megabytes(m.baseline)),
            or_none(memory, |m| megabytes(m.peak)),
            or_none(memory, |m| megabytes(m.net)),
            or_none(memory, |m| format!("**{:.2}**", m.multiple)),
            or_none(most_memory(measured), |most| format!("{most:.1}")),
        ]));
    }
    table
}

fn head(measured: &Measured) -> [String; 3] {
    let problem = measured.problem;
    [problem.folder.into(), problem.loss.to_string(), problem.rank.to_string()]
}

fn or_none<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or("-".into(), show)
}

pub(crate) fn megabytes(bytes: u64) -> String {
    grouped(bytes as f64 / 1e6, 1)
}

pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.1}×")
}

fn range(spread: &Spread) -> String {
    format!("{} to {}", times(spread.least), times(spread.most))
}
