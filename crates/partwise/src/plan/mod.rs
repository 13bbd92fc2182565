//! From what is asked to what is done: every choice settled, every impossible combination refused with an alternative.

use crate::data::Facts;
use crate::data::facts::Lines;
use crate::error::{Error, Result};
use crate::extrapolate::Extrapolate;
use crate::factor::{check_rank, padded};
use crate::init::rsvd::LowRank;
use crate::kernels::curvature::pairs;
use crate::kernels::sparse;
use crate::loss::Loss;
use crate::par;
use crate::penalty::{Elastic, PenaltyKind};
use crate::rules::newton;
use crate::scalar::Scalar;
use crate::spec::{Compress, First, Init, Normalize, Rule, Simplex, Spec};
use crate::start::Given;
use crate::support;
use crate::walk::newton::block_rows;
use serde::Serialize;

pub(crate) mod demands;

/// What will be done. Made by [`Spec::plan`] only, so that a plan is always possible.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The specification with nothing left on `auto`.
    #[serde(flatten)]
    pub spec: Spec,
    /// Every choice that was made for the user, in a sentence each.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// Bytes that the fit takes beyond X as it is given.
    #[serde(skip)]
    pub memory: u64,
    #[serde(skip)]
    pub(crate) extrapolate: Extrapolate,
    /// Starts that run at the same time, with a share of the threads each.
    #[serde(skip)]
    pub(crate) at_once: usize,
    /// Sweeps of the rule within a half-step of W and of H.
    #[serde(skip)]
    pub(crate) inner: (usize, usize),
    /// The number of the first start; 0 but where starts are made one by one.
    #[serde(skip)]
    pub(crate) first_start: usize,
}

/// The share of the products' cost that is spent on further sweeps of coordinate descent (Gillis & Glineur 2012).
const SWEEP_SHARE: f64 = 0.5;
/// Bytes that a fit of small data may well take beside it.
const LITTLE: u64 = 64 << 20;
/// Sweeps within a half-step, at most.
const MOST_SWEEPS: usize = 10;
/// A sketch pays where the shorter side of X is at least so many times the rank, and X has at least so many entries.
const NARROW: usize = 40;
const LARGE: f64 = (1 << 22) as f64;

/// Multiply-adds in a product of X with a factor that keep a thread busy for long beside what handing them over takes.
const SMALL: f64 = (1 << 24) as f64;

impl Spec {
    /// Settles every `auto` for data with these facts, in precision `T`.
    ///
    /// # Errors
    /// [`Error::BadParameter`] for a value outside its range, [`Error::Unsupported`] for a combination that cannot be,
    /// [`Error::Memory`] if the fit would need more than [`Spec::memory_limit`].
    pub fn plan<T: Scalar>(&self, facts: &Facts) -> Result<Plan> {
        self.plan_for(facts, &Given::<T>::default())
    }

    /// As [`Spec::plan`], for a fit that is given factors, targets or graphs.
    ///
    /// # Errors
    /// As [`Spec::plan`].
    pub fn plan_for<T: Scalar>(&self, facts: &Facts, given: &Given<T>) -> Result<Plan> {
        check_values(self)?;
        let mut spec = self.clone();
        let mut notes = Vec::new();
        let (m, n, k) = (facts.rows, facts.cols, spec.rank);

        choose_rule::<T>(&mut spec, Some(facts), &mut notes)?;
        demands::check(&spec, Some(facts), given)?;
        demands::settle(&mut spec, given, &mut notes);
        let fixed = demands::is_fixed(&spec, given);
        choose_init(&mut spec, facts, (given.w.is_some(), given.h.is_some()), fixed, &mut notes)?;
        if k > m.min(n) {
            notes.push(format!("rank {k} is larger than min(m, n) = {}: an exact fit is possible", m.min(n)));
        }
        if spec.first == First::Auto {
            spec.first = if n > m { First::H } else { First::W };
        }
        let longer = m.max(n).max(1);
        spec.block_rows = spec.block_rows.map(|rows| rows.min(longer));
        choose_threads(&mut spec, longer, &mut notes);

        // Steps of ADMM may rise, so they cannot be judged. Multiplicative updates never leave zero and take long to bring
        // back what extrapolation has cut; and the pair whose loss they know is not the one that would stand.
        let gains = !matches!(spec.rule, Rule::Admm | Rule::Mu);
        spec.extrapolate &= gains;
        let extrapolate = match (spec.extrapolate, spec.rule) {
            (false, _) => Extrapolate::Neither,
            _ if spec.sparseness_w.is_some() || spec.sparseness_h.is_some() => Extrapolate::Neither,
            (true, Rule::Scd | Rule::Ccd) => Extrapolate::Second,
            (true, _) if demands::is_fixed(&spec, given) => Extrapolate::Second,
            (true, _) => Extrapolate::Both,
        };
        let inner = inner_sweeps(&spec, facts);
        if spec.compress == Compress::Auto {
            let pays = compressing_pays(&spec, facts) && demands::is_plain(&spec, facts, given);
            spec.compress = if pays { Compress::Yes } else { Compress::No };
        }
        let mut at_once = starts_at_once(&spec, facts);
        let mut memory = memory_for::<T>(&spec, facts, extrapolate, at_once);
        let too_much = |memory: u64| spec.memory_limit.is_some_and(|limit| memory > limit);
        if at_once > 1 && too_much(memory) {
            at_once = 1;
            memory = memory_for::<T>(&spec, facts, extrapolate, at_once);
        }
        if self.compress == Compress::Auto && spec.compress == Compress::Yes && too_much(memory) {
            spec.compress = Compress::No;
            memory = memory_for::<T>(&spec, facts, extrapolate, at_once);
        }
        if self.rule == Rule::Auto && spec.rule == Rule::Newton && too_much(memory) {
            let rule = if spec.loss == Loss::KullbackLeibler { Rule::Scd } else { Rule::Mu };
            let mut plan = Spec { rule, ..self.clone() }.plan_for(facts, given)?;
            plan.notes
                .insert(0, format!("rule {rule}: newton is faster, but does not fit into the memory limit"));
            return Ok(plan);
        }
        if let Some(limit) = spec.memory_limit.filter(|&limit| memory > limit) {
            return Err(Error::Memory { rank: k, needed: memory, limit });
        }
        if facts.sparse {
            notes.push("X is kept by rows and by columns".into());
        }
        demands::data_notes(&spec, facts, &mut notes);
        if spec.floor == 0.0 {
            empty_note(&spec, facts, &mut notes);
        }
        if at_once > 1 {
            notes.push(format!(
                "{at_once} starts run at a time, as each is too small to share out among threads"
            ));
        }
        Ok(Plan { spec, notes, memory, extrapolate, at_once, inner, first_start: 0 })
    }

    /// Refuses what is wrong for any data: values out of range, and combinations that cannot be.
    ///
    /// # Errors
    /// [`Error::BadParameter`] and [`Error::Unsupported`], as [`Spec::plan`].
    pub fn check(&self) -> Result<()> {
        check_values(self)?;
        let mut spec = self.clone();
        choose_rule::<f64>(&mut spec, None, &mut Vec::new())?;
        demands::check(&spec, None, &Given::<f64>::default())
    }

    /// Refuses data that cannot be factorized as specified, by place: entries, and rows and columns of which none counts.
    ///
    /// # Errors
    /// Those of [`Facts::check`], and [`Error::Unseen`].
    pub fn check_data(&self, facts: &Facts) -> Result<()> {
        demands::check_data(self, facts)
    }

    /// Whether there is a penalty.
    pub(crate) fn is_penalised(&self) -> bool {
        let (w, h) = self.penalties();
        !w.is_none() || !h.is_none() || self.penalties.iter().any(|p| p.weight.number() > 0.0)
    }

    /// The penalties of W and of H.
    pub fn penalties(&self) -> (Elastic, Elastic) {
        (Elastic { l1: self.l1_w, l2: self.l2_w }, Elastic { l1: self.l1_h, l2: self.l2_h })
    }
}

fn check_values(spec: &Spec) -> Result<()> {
    let bad =
        |name, value: String, needs: &str| Err(Error::BadParameter { name, value, needs: needs.into() });
    if spec.rank == 0 {
        return bad("rank", "0".into(), "at least one component is needed");
    }
    check_rank(spec.rank)?;
    Loss::beta_divergence(spec.loss.beta())?;
    let (w, h) = spec.penalties();
    w.check("l1_w", "l2_w")?;
    h.check("l1_h", "l2_h")?;
    if !(spec.tol >= 0.0 && spec.tol.is_finite()) {
        return bad("tol", spec.tol.to_string(), "a finite number >= 0 is needed");
    }
    for (name, value) in [("time_limit", spec.time_limit), ("target_error", spec.target_error)] {
        if let Some(value) = value.filter(|v| !(*v >= 0.0 && v.is_finite())) {
            return bad(name, value.to_string(), "a finite number >= 0 is needed");
        }
    }
    if !(spec.floor >= 0.0 && spec.floor.is_finite()) {
        return bad("floor", spec.floor.to_string(), "a finite number >= 0 is needed");
    }
    if spec.floor > 0.0 && spec.loss.allows_zeros() {
        return bad(
            "floor",
            spec.floor.to_string(),
            "a floor is for losses with beta <= 0 only; zeros are fine here",
        );
    }
    for (name, value) in
        [("restarts", Some(spec.restarts)), ("inner", spec.inner), ("block_rows", spec.block_rows)]
    {
        if value == Some(0) {
            return bad(name, "0".into(), "at least 1 is needed");
        }
    }
    demands::check_values(spec)?;
    if spec.restarts >= 1 << 30 {
        return bad("restarts", spec.restarts.to_string(), "fewer than 1073741824 are needed");
    }
    Ok(())
}

/// Settles the rule; without facts, as for sparse X.
fn choose_rule<T: Scalar>(spec: &mut Spec, facts: Option<&Facts>, notes: &mut Vec<String>) -> Result<()> {
    support::require_pair(spec.loss, spec.rule)?;
    if spec.rule == Rule::Auto {
        let simplex = spec.simplex_w != Simplex::None || spec.simplex_h != Simplex::None;
        let convex = !spec.penalties.iter().any(|p| p.kind == PenaltyKind::Orthogonal);
        let (rule, why) = match spec.loss {
            Loss::Frobenius => {
                (Rule::Hals, "coordinate descent, the fastest for the frobenius loss".to_string())
            }
            Loss::KullbackLeibler if simplex => {
                (Rule::Mu, "the only one for the kl loss with rows on the simplex".into())
            }
            Loss::KullbackLeibler | Loss::ItakuraSaito
                if !simplex && convex && facts.is_some_and(|facts| newton_pays::<T>(spec.rank, facts)) =>
            {
                (
                    Rule::Newton,
                    format!("Newton steps on whole rows, the fastest for the {} loss of dense X", spec.loss),
                )
            }
            Loss::KullbackLeibler => (Rule::Scd, "coordinate descent, the fastest for the kl loss".into()),
            Loss::ItakuraSaito => {
                (Rule::Mu, "newton is for dense X without weights, ranks up to 128 and convex rows".into())
            }
            loss => (Rule::Mu, format!("the only one for the loss {loss}")),
        };
        spec.rule = rule;
        notes.push(format!("rule {rule}: {why}"));
    }
    if spec.shuffle && spec.rule != Rule::Hals {
        return Err(Error::Unsupported {
            asked: format!("shuffle with rule {}", spec.rule),
            why: "only hals visits components in an order that can be shuffled".into(),
            instead: "leave it out, or use rule hals".into(),
        });
    }
    Ok(())
}

/// Whether Newton steps are worth the memory of a curvature per row: twice that of X, or little.
fn newton_pays<T: Scalar>(rank: usize, facts: &Facts) -> bool {
    let x = (facts.rows as u64).saturating_mul(facts.cols as u64).saturating_mul(size_of::<T>() as u64);
    !facts.sparse
        && !facts.weighted
        && rank <= newton::MOST_COMPONENTS
        && curvatures(rank, facts) <= x.saturating_mul(2).max(LITTLE)
}

/// Bytes of the curvatures of all rows of both factors, in single precision.
fn curvatures(rank: usize, facts: &Facts) -> u64 {
    let rows = (facts.rows as u64).saturating_add(facts.cols as u64);
    rows.saturating_mul(4).saturating_mul(pairs(rank) as u64)
}

fn choose_init(
    spec: &mut Spec,
    facts: &Facts,
    given: (bool, bool),
    fixed: bool,
    notes: &mut Vec<String>,
) -> Result<()> {
    let (k, least) = (spec.rank, facts.rows.min(facts.cols));
    if given == (true, true) {
        spec.init = Init::Given;
        return Ok(());
    }
    match given {
        (true, false) => notes.push("W is given; H starts anew and moves first".into()),
        (false, true) => notes.push("H is given; W starts anew and moves first".into()),
        _ => {}
    }
    match spec.init {
        Init::Given => {
            return Err(Error::BadParameter {
                name: "init",
                value: "given".into(),
                needs: "both factors are needed for that, and they were not given".into(),
            });
        }
        Init::Auto => {
            // For beta < 1 large entries count for little, and singular vectors are about nothing else.
            let (init, why) = if facts.weighted && facts.sparse {
                (Init::Random, "singular vectors need every entry of X")
            } else if k > least {
                (Init::Random, "an svd start needs rank <= min(m, n)")
            } else if spec.loss.beta() < 1.0 {
                (Init::Random, "singular vectors are a poor start for losses with beta < 1")
            } else {
                (Init::NndsvdA, "the singular vectors of X are a good start, and the same in every run")
            };
            spec.init = init;
            notes.push(if fixed {
                format!("init {init}, for the factor that is not fixed")
            } else {
                format!("init {init}: {why}")
            });
        }
        Init::Nndsvd | Init::NndsvdA | Init::NndsvdAr | Init::Spa if facts.weighted && facts.sparse => {
            return Err(Error::Unsupported {
                asked: format!("init {} for a sparse X with weights or missing entries", spec.init),
                why: "it needs every entry of X".into(),
                instead: "use init random, with some restarts".into(),
            });
        }
        Init::Nndsvd | Init::NndsvdA | Init::NndsvdAr if k > least => {
            return Err(Error::Unsupported {
                asked: format!("init {} at rank {k}", spec.init),
                why: format!("X of ({}, {}) has at most {least} singular vectors", facts.rows, facts.cols),
                instead: "use init random, or a lower rank".into(),
            });
        }
        Init::Spa if k > facts.cols => {
            return Err(Error::Unsupported {
                asked: format!("init spa at rank {k}"),
                why: format!("it takes k columns of X, and there are {}", facts.cols),
                instead: "use init random, or a lower rank".into(),
            });
        }
        _ => {}
    }
    Ok(())
}

/// A thread works on rows of its own: more threads than rows would wait, each with memory of its own.
fn choose_threads(spec: &mut Spec, rows: usize, notes: &mut Vec<String>) {
    let asked = spec.threads;
    spec.threads = if asked == 0 { par::available() } else { asked }.min(par::most_threads()).min(rows);
    if spec.threads < asked {
        let are = if spec.threads == 1 { "thread is" } else { "threads are" };
        notes.push(format!("{} {are} used, as more would have nothing to do", spec.threads));
    }
}

/// Whether a sketch of X is known to save time: least squares by coordinate descent on dense X, large beside its rank. Then
/// products with X cost much more than the rule does, and than products with the sketch.
fn compressing_pays(spec: &Spec, facts: &Facts) -> bool {
    let least = facts.rows.min(facts.cols);
    let dense = !facts.sparse && !facts.weighted;
    let large = facts.rows as f64 * facts.cols as f64 >= LARGE;
    dense && large && spec.rule == Rule::Hals && spec.rank.saturating_mul(NARROW) <= least
}

/// How many starts run at the same time. Threads that share a small fit mostly wait for each other; with a start each, they
/// do not.
fn starts_at_once(spec: &Spec, facts: &Facts) -> usize {
    let product = facts.nonzeros as f64 * spec.rank as f64;
    let small = product < SMALL * spec.threads as f64;
    // Starts after the one that reaches the target are not run: they have to wait for it.
    if small && spec.target_error.is_none() { spec.threads.min(spec.restarts).max(1) } else { 1 }
}

fn inner_sweeps(spec: &Spec, facts: &Facts) -> (usize, usize) {
    if let Some(inner) = spec.inner {
        return (inner, inner);
    }
    let k = spec.rank as f64;
    let side = |rows: usize, others: usize| -> usize {
        let (rows, others) = (rows as f64, others as f64);
        // What the products of a half-step cost in sweeps over the factor.
        let product = 1.0 + (facts.nonzeros as f64 + others * k) / (rows * (k + 1.0));
        match spec.rule {
            Rule::Hals => (1.0 + SWEEP_SHARE * product).min(MOST_SWEEPS as f64) as usize,
            Rule::Mu if spec.loss == Loss::Frobenius => (1.0 + 2.0 * product).min(20.0) as usize,
            Rule::Mu => 1,
            Rule::Nesterov => (2.0 + 2.0 * product).min(40.0) as usize,
            Rule::Admm => 10,
            Rule::Scd => 4,
            _ => 1,
        }
    };
    (side(facts.rows, facts.cols), side(facts.cols, facts.rows))
}

/// Bytes beyond X: the factors with what is kept of them, the second index of a sparse X, and work space.
fn memory_for<T: Scalar>(spec: &Spec, facts: &Facts, extrapolate: Extrapolate, at_once: usize) -> u64 {
    let number = size_of::<T>() as u64;
    let (m, n) = (facts.rows as u64, facts.cols as u64);
    let stride = (spec.rank.next_multiple_of(2 * T::LANES)).max(padded::<T>(spec.rank)) as u64;
    let (long, short) = (m.max(n), m.min(n));
    let copies = match (extrapolate, spec.rule) {
        (Extrapolate::Neither, Rule::Admm) => (3, 3),
        (Extrapolate::Neither, _) => (1, 1),
        (Extrapolate::Second, _) => (2, 2),
        (Extrapolate::Both, _) => (3, 2),
    };
    let row = stride.saturating_mul(number);
    let factors =
        row.saturating_mul(long.saturating_mul(copies.0).saturating_add(short.saturating_mul(copies.1)));
    // Transposes for tiles, in the run and in the evaluation.
    let tiles =
        if facts.sparse && matches!(spec.loss, Loss::Frobenius | Loss::KullbackLeibler) { 0 } else { 2 };
    let both = m.saturating_add(n);
    let columns = row.saturating_mul(both).saturating_mul(tiles);
    let index = if facts.sparse {
        facts.stored.saturating_mul(4 + number).saturating_add(short.saturating_mul(8))
    } else {
        0
    };
    let grams = stride.saturating_mul(stride).saturating_mul(6 * 8);
    let far = facts.sparse && sparse::is_far::<T>(facts.rows.max(facts.cols), stride as usize);
    let block = spec.block_rows.unwrap_or(0).max(if far { sparse::TOGETHER } else { 512 }) as u64;
    // Newton steps keep the entries of a block, and what the model is there.
    let entries = |rows: usize, cols: usize| {
        let block = spec.block_rows.unwrap_or(block_rows::<T>(cols, spec.rank)).min(rows) as u64;
        block.saturating_mul(cols as u64).saturating_mul(2 * number)
    };
    let entries = match spec.rule {
        Rule::Newton => entries(facts.rows, facts.cols).max(entries(facts.cols, facts.rows)),
        _ => 0,
    };
    let of_a_thread = row.saturating_mul(block).saturating_add(2 << 20).saturating_add(entries);
    let work = (spec.threads as u64).saturating_mul(of_a_thread);
    let curvatures = if spec.rule == Rule::Newton { curvatures(spec.rank, facts) } else { 0 };
    let best = if spec.restarts > 1 { row.saturating_mul(both) } else { 0 };
    // What penalties by row keep, in the run and in the evaluation, and rows as the other side meets them.
    let by_row = if demands::has_terms(spec) { row.saturating_mul(both).saturating_mul(4) } else { 0 };
    let seen =
        if facts.weighted || spec.smoothing > 0.0 { row.saturating_mul(both).saturating_mul(2) } else { 0 };
    let low = if spec.compress == Compress::Yes {
        let width = LowRank::<T>::width(spec.rank, facts.rows, facts.cols);
        both.saturating_mul(padded::<T>(width) as u64).saturating_mul(2 * number)
    } else {
        0
    };
    let own = if facts.weighted { (spec.threads as u64).saturating_mul(grams) } else { 0 };
    let sum = |parts: &[u64]| parts.iter().copied().fold(0, u64::saturating_add);
    let of_a_start =
        sum(&[factors, columns, curvatures, by_row, seen, grams, best, both.saturating_mul(6 * 8)]);
    sum(&[of_a_start.saturating_mul(at_once as u64), index, own, work, low])
}

fn empty_note(spec: &Spec, facts: &Facts, notes: &mut Vec<String>) {
    // Lines without an entry that counts are told of elsewhere.
    let empty = |all: usize, unseen: Lines| all.saturating_sub(unseen.count);
    for (count, what, factor) in [
        (empty(facts.empty_rows, facts.unseen_rows), "row", "W"),
        (empty(facts.empty_cols, facts.unseen_cols), "column", "H"),
    ] {
        let (gets, get) = match demands::keeps_rows_up(spec, factor == "W") {
            true => ("is what constraints make it", "are what constraints make them"),
            false => ("gets zeros", "get zeros"),
        };
        match count {
            0 => {}
            1 => notes.push(format!("1 {what} of X is empty; the {what} of {factor} {gets}")),
            n => notes.push(format!("{n} {what}s of X are empty; the {what}s of {factor} {get}")),
        }
    }
}

/// What the normalisation of a result is called in notes.
pub(crate) fn scale_note(normalize: Normalize) -> Option<String> {
    match normalize {
        Normalize::None => None,
        how => Some(format!("rows of H have {how} norm 1; W carries the weight")),
    }
}
