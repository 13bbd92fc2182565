//! `fit(c X)` is `fit(X)` in other units.

use crate::{Section, combinations, kept};
use partwise::{Init, Loss, Nmf, Rule, Scalar};
use partwise_benches::Outcome;
use partwise_benches::generated::{Numbers, planted};
use partwise_benches::markdown::Markdown;
use partwise_benches::table::Table;
use std::fmt::Write;

const ROWS: usize = 60;
const COLS: usize = 40;
const RANK: usize = 5;
/// What is asked of a precision.
struct Promise {
    name: &'static str,
    bits: i32,
    tens: [f64; 7],
    /// Exponents of the powers of two; even, so that the root of the power is exact, too.
    twos: [i32; 7],
    /// How far a relative error may be from that of c = 1, relative to it: with the same digits, and with data whose every
    /// entry is rounded anew, which is what a factor does that is no power of two.
    same: f64,
    rounded: f64,
    /// Whether the iterations have to be the same even then.
    iterations: bool,
}

const DOUBLE: Promise = Promise {
    name: "Double precision",
    bits: 53,
    tens: [1e-150, 1e-100, 1e-30, 1.0, 1e30, 1e100, 1e150],
    twos: [-498, -332, -100, 0, 100, 332, 498],
    same: 1e-9,
    rounded: 1e-9,
    iterations: true,
};
const SINGLE: Promise = Promise {
    name: "Single precision",
    bits: 24,
    tens: [1e-18, 1e-12, 1e-6, 1.0, 1e6, 1e12, 1e18],
    twos: [-60, -40, -20, 0, 20, 40, 60],
    same: 1e-6,
    rounded: 1e-4,
    iterations: false,
};
/// Fits of data that differ in their last bits and in nothing else.
const CONTROLS: u64 = 6;

fn data() -> Table {
    planted(ROWS, COLS, RANK, 0.3, 1)
}

/// Every loss with every rule.
pub(crate) fn section() -> Outcome<Section> {
    let mut text = format!(
        "## Scale\n\n\
         `fit(c X)` is `fit(X)` in other units. X of ({ROWS}, {COLS}) is the\n\
         product of factors of rank {RANK} plus uniform noise; every fit is at rank {RANK} with all options as they are\n\
         by default, and so ends by its own stopping rule or at the limit of 2000 iterations. Relative errors are shown\n\
         for each c; *deviation* is the largest difference to the one of c = 1, as a share of it; *iterations* is the\n\
         number where all fits take as many, else the range.\n\n"
    );
    let mut broken = 0;
    two_tables::<f64>(&DOUBLE, &mut text, &mut broken)?;
    two_tables::<f32>(&SINGLE, &mut text, &mut broken)?;
    Ok(Section { text, broken })
}

fn two_tables<T: Scalar>(promise: &Promise, text: &mut String, broken: &mut usize) -> Outcome<()> {
    let Promise { name: precision, bits, same, rounded, .. } = promise;
    let cases: Vec<Case> = combinations()
        .into_iter()
        .map(|(loss, rule)| Case { name: format!("{loss} {rule}"), loss, rule, init: Init::Auto })
        .collect();

    let mut table = Comparison::new(promise.twos.map(|e| (format!("2^{e}"), 2f64.powi(e))).to_vec(), &[]);
    for case in &cases {
        let found = table.fits::<T>(case)?;
        let verdict = kept(found.deviation <= *same && found.same_iterations(), broken);
        table.row(case, &found, [verdict]);
    }
    writeln!(
        text,
        "### {precision}, even powers of two\n\n\
         An even power of two leaves every digit of X and of the start as it is. Kept means a deviation of at most\n\
         {same:e} and the same number of iterations.\n\n{}",
        table.out
    )?;

    let mut table = Comparison::new(promise.tens.map(|c| (name(c), c)).to_vec(), &["control"]);
    let mut moved = 0;
    for case in &cases {
        let found = table.fits::<T>(case)?;
        let (least, most) = control::<T>(case, *bits)?;
        moved += usize::from(!found.same_iterations());
        let kept_iterations = found.same_iterations() || !promise.iterations;
        let verdict = kept(found.deviation <= *rounded && kept_iterations, broken);
        table.row(case, &found, [range(least, most), verdict]);
    }
    writeln!(
        text,
        "### {precision}, powers of ten\n\n\
         A power of ten rounds every entry of X to {bits} bits anew: these are fits of data that differ in their last bits,\n\
         and how many iterations a fit takes until it stops may differ with them; it does in {moved} of {} rows. *Control*\n\
         is the range over {CONTROLS} fits with c = 1 of X with its last bits rounded at random. Kept means a deviation of\n\
         at most {rounded:e}{}.\n\n{}",
        cases.len(),
        if promise.iterations { " and the same number of iterations" } else { "" },
        table.out
    )?;
    Ok(())
}

/// Every start, with the default loss.
pub(crate) fn starts() -> Outcome<Section> {
    let mut broken = 0;
    let mut table = Comparison::new(DOUBLE.tens.map(|c| (name(c), c)).to_vec(), &[]);
    for init in [Init::Random, Init::Nndsvd, Init::NndsvdA, Init::NndsvdAr, Init::Spa] {
        let case = Case { name: format!("init {init}"), loss: Loss::Frobenius, rule: Rule::Auto, init };
        let found = table.fits::<f64>(&case)?;
        let verdict = kept(found.deviation <= DOUBLE.same && found.same_iterations(), &mut broken);
        table.row(&case, &found, [verdict]);
    }
    let text = format!(
        "### Starts\n\n\
         Loss `frobenius` with the default rule in double precision, times powers of ten. Kept means a deviation of at most\n\
         {:e} and the same number of iterations.\n\n{}",
        DOUBLE.same, table.out
    );
    Ok(Section { text, broken })
}

fn name(c: f64) -> String {
    if c == 1.0 { "1".into() } else { format!("{c:e}") }
}

fn range(least: usize, most: usize) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}

struct Case {
    name: String,
    loss: Loss,
    rule: Rule,
    init: Init,
}

impl Case {
    fn fit<T: Scalar>(&self, x: &Table) -> Outcome<(f64, usize)> {
        let nmf = Nmf::new(RANK).loss(self.loss).rule(self.rule).init(self.init);
        let fit = nmf.fit(&x.dense::<T>()?)?;
        Ok((fit.relative_error(), fit.iterations))
    }
}

/// The iterations of fits of data that were rounded to so many bits at random, up or down.
fn control<T: Scalar>(case: &Case, bits: i32) -> Outcome<(usize, usize)> {
    let (mut least, mut most) = (usize::MAX, 0);
    for seed in 0..CONTROLS {
        let (mut numbers, x) = (Numbers::new(100 + seed), data());
        let rounded =
            Table::new(ROWS, COLS, |i, j| x.at(i, j) * (1.0 + (numbers.draw() - 0.5) * 2f64.powi(1 - bits)));
        let (_, iterations) = case.fit::<T>(&rounded)?;
        (least, most) = (least.min(iterations), most.max(iterations));
    }
    Ok((least, most))
}

/// A table of the same fits in different units.
struct Comparison {
    factors: Vec<f64>,
    out: Markdown,
}

/// The fits of a row.
struct Found {
    errors: Vec<f64>,
    iterations: (usize, usize),
    deviation: f64,
}

impl Found {
    fn same_iterations(&self) -> bool {
        self.iterations.0 == self.iterations.1
    }
}

impl Comparison {
    fn new(factors: Vec<(String, f64)>, more: &[&str]) -> Comparison {
        let mut headers = vec!["fit".to_string()];
        headers.extend(factors.iter().map(|(name, _)| format!("c = {name}")));
        headers.extend(
            ["deviation", "iterations"].iter().chain(more).chain(&["verdict"]).map(|s| s.to_string()),
        );
        let factors = factors.into_iter().map(|(_, c)| c).collect();
        Comparison { factors, out: Markdown::with_headers(1, headers) }
    }

    fn fits<T: Scalar>(&self, case: &Case) -> Outcome<Found> {
        let x = data();
        let (base, iterations) = case.fit::<T>(&x)?;
        let fit = |&c: &f64| case.fit::<T>(&x.map(|x| x * c));
        let fits = self.factors.iter().map(fit).collect::<Outcome<Vec<_>>>()?;
        // A NaN is no small deviation.
        let off = |e: f64| if e.is_finite() { (e / base - 1.0).abs() } else { f64::INFINITY };
        Ok(Found {
            errors: fits.iter().map(|f| f.0).collect(),
            iterations: fits.iter().fold((iterations, iterations), |(a, b), f| (a.min(f.1), b.max(f.1))),
            deviation: fits.iter().map(|f| off(f.0)).fold(0.0, f64::max),
        })
    }

    fn row<const N: usize>(&mut self, case: &Case, found: &Found, more: [String; N]) {
        let mut row = vec![case.name.clone()];
        row.extend(found.errors.iter().map(|error| format!("{error:.6}")));
        row.push(if found.deviation == 0.0 { "0".into() } else { format!("{:.0e}", found.deviation) });
        row.push(range(found.iterations.0, found.iterations.1));
        row.extend(more);
        self.out.row(row);
    }
}
