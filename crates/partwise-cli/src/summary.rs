//! What came out of a fit, in a few lines and a table.

use crate::any::Number;
use crate::source::Source;
use crate::talk::{Talk, count, grouped, seconds};
use partwise::fit::Score;
use partwise::{Fit, Loss};
use partwise_io::fitted::{AxisNames, Seconds, component_names};

/// Components in the table, at most.
const MOST: usize = 30;
/// Columns named for a component.
const TOP: usize = 5;

/// Where the time went, of reading, of the fit, and of writing.
pub(crate) fn timings<T: Number>(fit: &Fit<T>, around: Seconds, talk: &Talk) {
    let times = &fit.timings;
    let total = around.load + times.total() + around.write;
    let share = |s: f64| if total > 0.0 { 100.0 * s / total } else { 0.0 };
    talk.say("\ntime");
    for (name, s) in [
        ("reading", around.load),
        ("start", times.start),
        ("sweeps", times.sweeps),
        ("looks", times.looks),
        ("finish", times.finish),
        ("writing", around.write),
    ] {
        let mut line = format!("  {name:<8} {:>10} {:>5.1} %", seconds(s), share(s));
        if name == "sweeps" {
            let [products, rule, rest] = times.shares_of_sweeps(fit.spec.threads).map(|share| 100.0 * share);
            line += &format!("   products {products:.0} %, rule {rule:.0} %, the rest {rest:.0} %");
        }
        talk.say(line);
    }
}

/// How the run ended, and how good the result is.
pub(crate) fn tell<T: Number>(fit: &Fit<T>, held_out: Option<(Score, Score)>, source: &Source, talk: &Talk) {
    talk.say(format!(
        "{} after {} in {}: {}",
        fit.status.name().replace('_', " "),
        count(fit.iterations as u64, "iteration"),
        seconds(fit.seconds.0 + fit.seconds.1),
        fit.reason
    ));
    let residual = match fit.kkt_residual() {
        known if known.is_finite() => format!("{known:.1e}"),
        _ => "not known where a sparseness is given".into(),
    };
    talk.say(format!(
        "relative error {:.6}, {} loss {:.6e}, optimality residual {residual}",
        fit.relative_error(),
        fit.spec.loss,
        fit.loss,
    ));
    if source.counting.has_uncertainty() && fit.spec.loss == Loss::Frobenius {
        talk.say(format!("Q, the sum of squared scaled residuals, {:.6e}", 2.0 * fit.loss));
    }
    if fit.penalty != 0.0 {
        talk.say(format!("penalty {:.6e}, objective {:.6e}", fit.penalty, fit.objective()));
    }
    if let Some((score, seen)) = held_out {
        let entries = if score.entries == 1 { "entry" } else { "entries" };
        if score.entries == 0 {
            talk.say("held out: no entry, as the share is so small; nothing was predicted");
        } else {
            talk.say(format!(
                "held out: {} {entries}, RMSE {} ({} on those that were fitted)",
                grouped(score.entries),
                size(score.rmse),
                size(seen.rmse)
            ));
        }
        if score.relative_rmse > 1.0 {
            let first = if source.absent > 0 {
                "--missing absent, if what is not listed is not 0; else "
            } else {
                ""
            };
            talk.say(format!(
                "  zeros would predict them better: try {first}fewer components, or a penalty such as --penalty l2:wh:0.01"
            ));
        }
    }
    if fit.restarts.len() > 1 {
        let mut objectives: Vec<f64> = fit.restarts.iter().map(|r| r.objective).collect();
        objectives.sort_by(f64::total_cmp);
        let (best, worst) = (objectives.first().copied(), objectives.last().copied());
        talk.say(format!(
            "best of {}: objectives from {:.6e} to {:.6e}",
            count(objectives.len() as u64, "start"),
            best.unwrap_or_default(),
            worst.unwrap_or_default()
        ));
    }
    for note in &fit.notes {
        talk.say(format!("  {note}"));
    }
    if !fit.status.is_converged()
        && let Some(advice) = advice(fit.status)
    {
        talk.say(format!("  {advice}"));
    }
}

/// What the components are.
pub(crate) fn components<T: Number>(fit: &Fit<T>, source: &Source, talk: &Talk) {
    talk.say("");
    for line in table(fit, &source.names) {
        talk.say(line);
    }
}

/// A number with four decimals, or four digits where these would say nothing.
fn size(x: f64) -> String {
    if x != 0.0 && x.abs() < 0.1 { format!("{x:.3e}") } else { format!("{x:.4}") }
}

fn advice(status: partwise::Status) -> Option<&'static str> {
    match status {
        partwise::Status::IterationLimit => {
            Some("the factors are the best so far; raise --max-iter to go on")
        }
        partwise::Status::TimeLimit => Some("the factors are the best so far; raise --time-limit to go on"),
        partwise::Status::Interrupted => {
            Some("the factors are the best so far; --init W.npy,H.npy goes on from them")
        }
        _ => None,
    }
}

/// Components with their share and the columns that they weigh most.
fn table<T: Number>(fit: &Fit<T>, names: &AxisNames) -> Vec<String> {
    let k = fit.spec.rank;
    let labels: Vec<String> = match &names.components {
        None => (1..=k).map(|c| c.to_string()).collect(),
        known => component_names(k, known.as_deref()).iter().map(|name| shortened(name)).collect(),
    };
    let width = labels.iter().take(MOST).map(|label| label.chars().count()).max().unwrap_or(0).max(9);
    let mut lines =
        vec![format!("{:>width$}  share  largest columns of H, as shares of its row", "component")];
    for (c, label) in labels.iter().enumerate().take(MOST) {
        let tops: Vec<String> =
            top(fit, c).into_iter().map(|(j, value)| format!("{} {value:.3}", column(names, j))).collect();
        let share = fit.shares.get(c).copied().unwrap_or_default();
        lines.push(format!("{label:>width$} {:>5.1}%  {}", 100.0 * share, tops.join(", ")));
    }
    if k > MOST {
        lines.push(format!("      ... {} more", k - MOST));
    }
    lines
}

/// The largest entries of a row of H, of either sign, as shares of the sum of their sizes.
fn top<T: Number>(fit: &Fit<T>, c: usize) -> Vec<(usize, f64)> {
    let mut best: Vec<(usize, f64)> = Vec::with_capacity(TOP + 1);
    let mut sum = 0.0;
    for j in 0..fit.h.rows() {
        let value = fit.h.row(j).get(c).map_or(0.0, |v| v.to_f64());
        let size = value.abs();
        sum += size;
        if size > 0.0 && (best.len() < TOP || best.last().is_some_and(|last| size > last.1.abs())) {
            let at = best.partition_point(|&(_, other)| other.abs() >= size);
            best.insert(at, (j, value));
            best.truncate(TOP);
        }
    }
    best.into_iter().map(|(j, value)| (j, value / sum)).collect()
}

/// The name of a column, shortened; else its number, from 1 as those of components.
fn column(names: &AxisNames, j: usize) -> String {
    match names.cols.as_ref().and_then(|names| names.get(j)) {
        Some(name) => shortened(name),
        None => format!("feature_{}", j + 1),
    }
}

/// A name with nothing in it that would disturb a table.
fn shortened(name: &str) -> String {
    let clean: String = name.chars().flat_map(char::escape_debug).collect();
    if clean.chars().count() > 24 { clean.chars().take(23).chain(['…']).collect() } else { clean }
}
