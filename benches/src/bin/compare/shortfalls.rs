//! What was promised and not measured.

use crate::measure::Measured;
use crate::tables::{megabytes, times};
use partwise::{Loss, Status};

/// How many times faster than scikit-learn at its final objective, at least.
const LEAST_FROBENIUS: f64 = 3.0;
const LEAST_SPARSE_KL: f64 = 10.0;
/// Memory as a multiple of X and the factors, at most.
const MOST_SPARSE: f64 = 2.2;
const MOST_DENSE: f64 = 1.2;

/// The promised ratio of times; `None` where there is no promise.
pub(crate) fn least_ratio(measured: &Measured) -> Option<f64> {
    match measured.problem.loss {
        Loss::Frobenius => Some(LEAST_FROBENIUS),
        Loss::KullbackLeibler if measured.default_fit()?.sparse => Some(LEAST_SPARSE_KL),
        _ => None,
    }
}

/// The promised multiple of memory.
pub(crate) fn most_memory(measured: &Measured) -> Option<f64> {
    measured.default_fit().map(|run| if run.sparse { MOST_SPARSE } else { MOST_DENSE })
}

/// One line for everything that falls short.
pub(crate) fn shortfalls(all: &[Measured]) -> Vec<String> {
    all.iter()
        .flat_map(|measured| {
            let title = format!("{} at rank {}", measured.problem.title(), measured.problem.rank);
            let found = [speed(measured), memory(measured)].into_iter().flatten();
            found.chain(unfinished(measured)).map(move |what| format!("{title}: {what}")).collect::<Vec<_>>()
        })
        .collect()
}

fn speed(measured: &Measured) -> Option<String> {
    let Some(ratio) = measured.ratio() else {
        return Some(
            "partwise does not reach the final objective of scikit-learn from the same start".into(),
        );
    };
    let promised = least_ratio(measured).filter(|&least| ratio.middle < least)?;
    let (found, promised) = (times(ratio.middle), times(promised));
    Some(format!("{found} as fast as scikit-learn at its final objective, where {promised} is promised"))
}

fn memory(measured: &Measured) -> Option<String> {
    let Some(found) = measured.memory() else {
        return Some("the system does not tell how much memory was taken".into());
    };
    let promised = most_memory(measured).filter(|&most| found.multiple > most)?;
    let over = found.net.saturating_sub((promised * found.needed as f64) as u64);
    let small = if found.needed < found.baseline {
        ", beside a program that takes more than X and the factors"
    } else {
        ""
    };
    Some(format!(
        "{:.2} times the memory of X and the factors, where {promised:.1} is promised: {} MB too much{small}",
        found.multiple,
        megabytes(over)
    ))
}

fn unfinished(measured: &Measured) -> impl Iterator<Item = String> {
    let from = measured.last_pair().map(|(_, run)| (run, "from scikit-learn's start"));
    let as_it_comes = measured.default_fit().map(|run| (run, "as it comes"));
    from.into_iter()
        .chain(as_it_comes)
        .filter(|(run, _)| !matches!(run.status, Status::Converged | Status::ExactFit))
        .map(|(run, how)| {
            format!("partwise {how} ends with status {} after {} iterations", run.status, run.iterations)
        })
}
