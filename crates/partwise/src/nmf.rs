//! The builder of a factorization, and the waist that every fit passes: check, plan, scale, run.

use crate::asked::Units;
use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::fitter;
use crate::loss::Loss;
use crate::par::Crew;
use crate::penalty::Penalty;
use crate::plan::Plan;
use crate::run::{Observer, Progress};
use crate::scalar::Scalar;
use crate::spec::{Compress, First, Free, Init, Negatives, Normalize, Rule, Simplex, Spec, Unseen};
use crate::start::Given;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A non-negative matrix factorization to be done: the builder of a [`Spec`].
///
/// ```
/// use partwise::{Dense, Nmf};
///
/// let x = Dense::from_vec(2, 3, vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0])?;
/// let fit = Nmf::new(1).fit(&x.into())?;
/// assert!(fit.relative_error() < 1e-12);
/// # Ok::<(), partwise::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nmf {
    spec: Spec,
    first_start: usize,
}

macro_rules! setters {
    ($($field:ident: $type:ty),*) => {
        $(
            #[doc = concat!("Sets [`Spec::", stringify!($field), "`].")]
            #[must_use]
            pub fn $field(mut self, $field: $type) -> Nmf {
                self.spec.$field = $field;
                self
            }
        )*
    };
}

impl Nmf {
    /// A factorization with `rank` components and default options.
    pub fn new(rank: usize) -> Nmf {
        Nmf { spec: Spec { rank, ..Spec::default() }, first_start: 0 }
    }

    /// A factorization as specified.
    pub fn from_spec(spec: Spec) -> Nmf {
        Nmf { spec, first_start: 0 }
    }

    /// The specification so far.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    setters! {
        loss: Loss, rule: Rule, init: Init, extrapolate: bool, shuffle: bool, l1_w: f64, l2_w: f64, l1_h: f64, l2_h: f64,
        seed: u64, restarts: usize, max_iter: usize, tol: f64, threads: usize, normalize: Normalize, polish: bool, floor: f64,
        first: First, penalties: Vec<Penalty>, simplex_w: Simplex, simplex_h: Simplex, min_w: f64, min_h: f64, free: Free,
        smoothing: f64, compress: Compress, unseen: Unseen, negatives: Negatives
    }

    /// Adds a penalty to [`Spec::penalties`].
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Nmf {
        self.spec.penalties.push(penalty);
        self
    }

    /// Sets [`Spec::max_w`].
    #[must_use]
    pub fn max_w(mut self, most: f64) -> Nmf {
        self.spec.max_w = Some(most);
        self
    }

    /// Sets [`Spec::max_h`].
    #[must_use]
    pub fn max_h(mut self, most: f64) -> Nmf {
        self.spec.max_h = Some(most);
        self
    }

    /// Sets [`Spec::sparseness_w`].
    #[must_use]
    pub fn sparseness_w(mut self, sparseness: f64) -> Nmf {
        self.spec.sparseness_w = Some(sparseness);
        self
    }

    /// Sets [`Spec::sparseness_h`].
    #[must_use]
    pub fn sparseness_h(mut self, sparseness: f64) -> Nmf {
        self.spec.sparseness_h = Some(sparseness);
        self
    }

    /// Sets [`Spec::inner`].
    #[must_use]
    pub fn inner(mut self, sweeps: usize) -> Nmf {
        self.spec.inner = Some(sweeps);
        self
    }

    /// Sets [`Spec::time_limit`].
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Nmf {
        self.spec.time_limit = Some(limit.as_secs_f64());
        self
    }

    /// Sets [`Spec::target_error`].
    #[must_use]
    pub fn target_error(mut self, error: f64) -> Nmf {
        self.spec.target_error = Some(error);
        self
    }

    /// Sets [`Spec::block_rows`].
    #[must_use]
    pub fn block_rows(mut self, rows: usize) -> Nmf {
        self.spec.block_rows = Some(rows);
        self
    }

    /// Sets [`Spec::memory_limit`].
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Nmf {
        self.spec.memory_limit = Some(bytes);
        self
    }

    /// Makes starts from number `first` on, which are random from number 1 on: the third of [`Spec::restarts`] = 5 starts is
    /// the only one of `first_start(2)` with `restarts` = 1.
    #[must_use]
    pub fn first_start(mut self, first: usize) -> Nmf {
        self.first_start = first;
        self
    }

    /// Factorizes X.
    ///
    /// # Errors
    /// If X has entries that are not finite and non-negative, or the specification is not possible for it; see
    /// [`Error`]. Ending before convergence is a [`Status`](crate::Status), not an error.
    pub fn fit<T: Scalar>(&self, x: &Matrix<'_, T>) -> Result<Fit<T>> {
        self.fit_from(x, &Given::default())
    }

    /// Factorizes X from given factors, or with fixed ones, with targets or graphs; see [`Given`].
    ///
    /// # Errors
    /// As [`Nmf::fit`]; also if a given factor has the wrong shape or bad entries.
    pub fn fit_from<T: Scalar>(&self, x: &Matrix<'_, T>, given: &Given<T>) -> Result<Fit<T>> {
        self.fit_with(x, &Facts::of(x), given, &mut |_: &Progress| ControlFlow::Continue(()))
    }

    /// Factorizes X with facts that are known already, and an observer.
    ///
    /// The facts must be [`Facts::of`] this very X: what they say of its entries is believed, and the fit of another X's
    /// facts is wrong.
    ///
    /// # Errors
    /// As [`Nmf::fit_from`]; [`Error::Shape`] if the facts are of a matrix of another shape, kind or number of stored
    /// entries; [`Error::Interrupted`] if what [`Observer::stop`] returned was set.
    pub fn fit_with<T: Scalar>(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        given: &Given<T>,
        observer: &mut dyn Observer,
    ) -> Result<Fit<T>> {
        T::fit(self, x, facts, given, observer)
    }

    /// [`Nmf::fit_with`], to be called for a number type that is known.
    pub(crate) fn fit_of<T: Scalar>(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        given: &Given<T>,
        observer: &mut dyn Observer,
    ) -> Result<Fit<T>> {
        facts.check_are_of(x)?;
        if self.spec.negatives == Negatives::Clip && facts.negative.count > 0 {
            let clipped = x.clipped();
            return self.fit_checked(
                &clipped,
                &Facts::of(&clipped),
                Some(facts.negative.count),
                given,
                observer,
            );
        }
        self.fit_checked(x, facts, None, given, observer)
    }

    fn fit_checked<T: Scalar>(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        clipped: Option<usize>,
        given: &Given<T>,
        observer: &mut dyn Observer,
    ) -> Result<Fit<T>> {
        self.spec.check_data(facts)?;
        given.check(facts, &self.spec)?;
        let mut plan = self.spec.plan_for(facts, given)?;
        plan.first_start = self.first_start;
        if let Some(count) = clipped {
            let are = if count == 1 { "negative entry of X counts" } else { "negative entries of X count" };
            plan.notes.insert(0, format!("{count} {are} as 0"));
        }
        // The threads' stacks take room too.
        let stop = observer.stop();
        let crew = Crew::new(plan.at_once, plan.spec.threads, stop.as_ref());
        check_room(&plan)?;
        let units = Units::of(facts.exponent, facts.weight_power, &plan.spec, given);
        let given = given.in_units(units);
        let fit = if units.x == 0 {
            fitter::run(x, facts, plan, &given, units, &crew, observer)
        } else {
            let scaled = x.scaled(-units.x);
            fitter::run(&scaled, &Facts::of(&scaled), plan, &given, units, &crew, observer)
        };
        if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            // Blocks were left out, nobody knows which.
            return Err(Error::Interrupted);
        }
        fit
    }
}

/// Refuses a fit whose memory the system would not give in one piece: where memory runs out later, nothing is left but
/// to abort.
fn check_room(plan: &Plan) -> Result<()> {
    let fits = |bytes: u64| {
        usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
    };
    if fits(plan.memory) {
        return Ok(());
    }
    let mut limit = plan.memory / 2;
    while limit > 0 && !fits(limit) {
        limit /= 2;
    }
    Err(Error::Memory { rank: plan.spec.rank, needed: plan.memory, limit })
}
