//! Small fixed pieces of work that guard the speed of kernels and rules: timed by `cargo bench`, and counted in instructions by
//! `cargo xtask instructions`. `benches/README.md` says which guards what.

use crate::Outcome;
use crate::generated::{Numbers, counts, planted};
use partwise::internals::{
    KL_PARTS, RatioBlock, block_rows, both_products, gram, kl_row, room, sparse_cross, stride, times_square,
    weighted_gram, weighted_ratio,
};
use partwise::{Factor, Init, Loss, Matrix, Nmf, Rule, Scalar, Simplex};
use std::hint::black_box;

/// A piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Its name: what it is of, and how.
    pub name: &'static str,
    /// The files under `crates/partwise/src` that it spends its time in.
    pub guards: &'static [&'static str],
    make: fn() -> Outcome<Work>,
}

/// What is done again and again.
pub type Work = Box<dyn FnMut()>;

impl Workload {
    /// Makes its data.
    ///
    /// # Errors
    /// If the library refuses them.
    pub fn ready(&self) -> Outcome<Work> {
        (self.make)()
    }
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn workload(
    name: &'static str,
    guards: &'static [&'static str],
    make: fn() -> Outcome<Work>,
) -> Workload {
    Workload { name, guards, make }
}

/// Both products use both, the other way round where X is stored by columns.
const DENSE: &[&str] = &["kernels/dense.rs", "kernels/outer.rs", "kernels/across.rs", "kernels/products.rs"];
const SPARSE: &[&str] = &["kernels/sparse.rs", "kernels/vector.rs", "kernels/lanes.rs"];
const RATIO: &[&str] = &["kernels/ratio.rs", "kernels/elementary.rs"];

/// Kernels.
pub const KERNELS: &[Workload] = &[
    workload("products-rows-f64", DENSE, || dense::<f64>(true)),
    workload("products-rows-f32", DENSE, || dense::<f32>(true)),
    workload("products-columns-f64", DENSE, || dense::<f64>(false)),
    workload("products-columns-f32", DENSE, || dense::<f32>(false)),
    workload("products-sparse-f64", SPARSE, sparse::<f64>),
    workload("products-sparse-f32", SPARSE, sparse::<f32>),
    workload("gram-f64", &["kernels/gram.rs", "kernels/products.rs"], grams::<f64>),
    workload("gram-f32", &["kernels/gram.rs", "kernels/products.rs"], grams::<f32>),
    workload("gram-times-f64", &["kernels/gram.rs", "kernels/products.rs"], squares),
    workload("ratio-kl-f64", RATIO, || ratio::<f64>(Loss::KullbackLeibler)),
    workload("ratio-kl-f32", RATIO, || ratio::<f32>(Loss::KullbackLeibler)),
    workload("ratio-is-f64", RATIO, || ratio::<f64>(Loss::ItakuraSaito)),
    workload("ratio-beta-f64", RATIO, || ratio::<f64>(Loss::Beta(1.5))),
    workload("ratio-kl-sparse-f64", RATIO, ratio_sparse),
    workload("kl-row-f64", &["kernels/kl_newton.rs"], newton::<f64>),
    workload("kl-row-f32", &["kernels/kl_newton.rs"], newton::<f32>),
    workload("weighted-gram-f64", &["kernels/weighted.rs"], weights_gram),
    workload("weighted-ratio-f64", &["kernels/weighted.rs", "kernels/ratio.rs"], weights_ratio),
];

/// Fits of a few sweeps.
pub const RULES: &[Workload] = &[
    workload("fit-hals", &["rules/hals.rs", "walk", "extrapolate.rs"], || frobenius(Rule::Hals)),
    workload("fit-mu", &["rules/mu.rs"], || frobenius(Rule::Mu)),
    workload("fit-bpp", &["rules/bpp.rs", "kernels/small.rs"], || frobenius(Rule::Bpp)),
    workload("fit-gcd", &["rules/greedy_cd.rs"], || frobenius(Rule::GreedyCd)),
    workload("fit-nesterov", &["rules/nesterov.rs", "kernels/small.rs"], || frobenius(Rule::Nesterov)),
    workload("fit-admm", &["rules/admm.rs", "kernels/small.rs"], || frobenius(Rule::Admm)),
    workload("fit-hals-sparse", &["rules/hals.rs", "walk"], || sparse_fit(Loss::Frobenius, Rule::Hals)),
    workload("fit-hals-simplex", &["rules/simplex.rs"], || {
        dense_fit(nmf(Loss::Frobenius, Rule::Hals).simplex_w(Simplex::Exact))
    }),
    workload("fit-hals-sparseness", &["rules/hoyer.rs"], || {
        dense_fit(nmf(Loss::Frobenius, Rule::Hals).sparseness_h(0.6))
    }),
    workload("fit-kl-mu", &["rules/mu.rs", "kernels/ratio.rs"], || {
        dense_fit(nmf(Loss::KullbackLeibler, Rule::Mu))
    }),
    workload("fit-kl-scd", &["rules/scd.rs", "kernels/kl_newton.rs"], || {
        dense_fit(nmf(Loss::KullbackLeibler, Rule::Scd))
    }),
    workload("fit-kl-scd-sparse", &["rules/scd.rs", "kernels/kl_newton.rs", "walk"], || {
        sparse_fit(Loss::KullbackLeibler, Rule::Scd)
    }),
    workload("fit-kl-ccd", &["rules/ccd.rs"], || dense_fit(nmf(Loss::KullbackLeibler, Rule::Ccd))),
    workload("fit-kl-newton", &["rules/newton.rs", "kernels/curvature.rs", "walk"], || {
        dense_fit(nmf(Loss::KullbackLeibler, Rule::Newton))
    }),
    workload("fit-is-newton", &["rules/newton.rs", "kernels/curvature.rs", "walk"], || {
        dense_fit(nmf(Loss::ItakuraSaito, Rule::Newton))
    }),
    workload("fit-is-mu", &["rules/mu.rs", "kernels/ratio.rs"], || {
        dense_fit(nmf(Loss::ItakuraSaito, Rule::Mu))
    }),
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Workload> {
    KERNELS.iter().chain(RULES)
}

const ROWS: usize = 192;
const COLS: usize = 320;
const RANK: usize = 20;
/// Stored entries of a sparse row.
const PER_ROW: usize = 24;
const SEED: u64 = 7;

/// Numbers between 1/2 and 3/2.
fn numbers<T: Scalar>(n: usize) -> Vec<T> {
    let mut numbers = Numbers::new(SEED);
    (0..n).map(|_| T::from_f64(0.5 + numbers.draw())).collect()
}

fn factor<T: Scalar>(rows: usize) -> Outcome<Factor<T>> {
    Ok(Factor::from_row_major(rows, RANK, &numbers(rows * RANK))?)
}

/// Columns of stored entries, [`PER_ROW`] a row, and where rows start.
fn pattern() -> (Vec<usize>, Vec<u32>) {
    let mut numbers = Numbers::new(SEED);
    let step = COLS / PER_ROW;
    let columns =
        (0..ROWS * PER_ROW).map(|e| (e % PER_ROW * step) as u32 + (numbers.draw() * step as f64) as u32);
    ((0..=ROWS).map(|i| i * PER_ROW).collect(), columns.collect())
}

fn dense<T: Scalar>(by_row: bool) -> Outcome<Work> {
    let (stride, block) = (stride::<T>(RANK), block_rows::<T>(COLS, by_row).min(ROWS));
    let (x, panel) = (numbers::<T>(ROWS * COLS), numbers::<T>(COLS * stride));
    let (mut out, mut space) = (vec![T::ZERO; ROWS * stride], vec![T::ZERO; room::<T>(block, RANK)]);
    let mut sums = vec![T::ZERO; (COLS * stride).max(room::<T>(COLS, RANK))];
    Ok(Box::new(move || {
        for (b, out) in out.chunks_mut(block * stride).enumerate() {
            let (at, ld) = if by_row { (b * block * COLS, COLS) } else { (b * block, ROWS) };
            let rooms = (&mut sums[..], &mut space[..]);
            let shape = (out.len() / stride, COLS);
            both_products(&x[at..], shape, (by_row, ld), &panel, (stride, RANK), out, rooms);
        }
        black_box(&mut sums);
    }))
}

fn sparse<T: Scalar>() -> Outcome<Work> {
    let stride = stride::<T>(RANK);
    let (starts, columns) = pattern();
    let (values, panel) = (numbers::<T>(columns.len()), numbers::<T>(COLS * stride));
    let mut out = vec![T::ZERO; ROWS * stride];
    Ok(Box::new(move || {
        sparse_cross((COLS, &starts, &columns, &values), &panel, stride, &mut out);
        black_box(&mut out);
    }))
}

fn grams<T: Scalar>() -> Outcome<Work> {
    let factor = factor::<T>(ROWS)?;
    Ok(Box::new(move || {
        black_box(gram(black_box(&factor)));
    }))
}

fn squares() -> Outcome<Work> {
    let (factor, stride) = (factor::<f64>(ROWS)?, stride::<f64>(RANK));
    let (g, mut out) = (numbers(stride * stride), vec![0.0; ROWS * stride]);
    Ok(Box::new(move || {
        times_square(&factor, &g, &mut out);
        black_box(&mut out);
    }))
}

fn ratio<T: Scalar>(loss: Loss) -> Outcome<Work> {
    let x = numbers::<T>(ROWS * COLS);
    let mut block = RatioBlock::new(loss, 1.0, factor::<T>(ROWS)?, factor::<T>(COLS)?);
    Ok(Box::new(move || {
        black_box(block.dense(black_box(&x)));
    }))
}

fn ratio_sparse() -> Outcome<Work> {
    let (starts, columns) = pattern();
    let values = numbers::<f64>(columns.len());
    let mut block = RatioBlock::new(Loss::KullbackLeibler, 1.0, factor(ROWS)?, factor(COLS)?);
    Ok(Box::new(move || {
        black_box(block.sparse(&starts, &columns, &values));
    }))
}

fn newton<T: Scalar>() -> Outcome<Work> {
    const SWEEPS: usize = 4;
    let entries = COLS.next_multiple_of(KL_PARTS);
    let (x, h) = (numbers::<T>(entries), numbers::<T>(entries * RANK));
    let sums: Vec<T> = h.chunks(entries).map(|component| component.iter().copied().sum()).collect();
    let start = numbers::<T>(RANK);
    let model: Vec<T> =
        (0..entries).map(|e| (0..RANK).map(|c| start[c] * h[c * entries + e]).sum()).collect();
    let (mut w, mut y) = (start.clone(), model.clone());
    Ok(Box::new(move || {
        w.copy_from_slice(&start);
        y.copy_from_slice(&model);
        black_box(kl_row(&x, &h, &sums, &mut w, &mut y, SWEEPS));
    }))
}

fn weights_gram() -> Outcome<Work> {
    let (h, stride) = (factor::<f64>(COLS)?, stride::<f64>(RANK));
    let (at, v) = ((0..COLS as u32).collect::<Vec<_>>(), numbers::<f64>(COLS));
    let mut sum = vec![0.0; stride * stride];
    Ok(Box::new(move || {
        sum.fill(0.0);
        weighted_gram(&at, &v, &h, &mut sum);
        black_box(&mut sum);
    }))
}

fn weights_ratio() -> Outcome<Work> {
    let (h, stride) = (factor::<f64>(COLS)?, stride::<f64>(RANK));
    let (at, x) = ((0..COLS as u32).collect::<Vec<_>>(), numbers::<f64>(COLS));
    let (w, v) = (numbers::<f64>(stride), vec![0.5; COLS]);
    let (mut numer, mut denom) = (vec![0.0; stride], vec![0.0; stride]);
    Ok(Box::new(move || {
        let sums = (&mut numer[..], &mut denom[..]);
        black_box(weighted_ratio(Loss::ItakuraSaito, (&at, &x, &v), &w, &h, sums));
    }))
}

/// A few sweeps that no rule of stopping cuts short, on one thread.
fn nmf(loss: Loss, rule: Rule) -> Nmf {
    Nmf::new(8).loss(loss).rule(rule).init(Init::Random).seed(SEED).max_iter(5).tol(0.0).threads(1)
}

fn fit(nmf: Nmf, x: Matrix<'static, f64>) -> Outcome<Work> {
    // What is refused is refused here.
    nmf.fit(&x)?;
    Ok(Box::new(move || {
        let _ = black_box(nmf.fit(&x));
    }))
}

fn frobenius(rule: Rule) -> Outcome<Work> {
    dense_fit(nmf(Loss::Frobenius, rule))
}

fn dense_fit(nmf: Nmf) -> Outcome<Work> {
    fit(nmf, planted(150, 90, 8, 0.1, SEED).dense()?)
}

fn sparse_fit(loss: Loss, rule: Rule) -> Outcome<Work> {
    fit(nmf(loss, rule), counts(300, 200, 8, SEED).sparse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_kernel_and_rule_is_guarded() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/partwise/src");
        let guarded: BTreeSet<&str> = all().flat_map(|workload| workload.guards).copied().collect();
        for path in &guarded {
            assert!(source.join(path).exists(), "{path} is not there any more");
        }
        for folder in ["kernels", "rules"] {
            for entry in std::fs::read_dir(source.join(folder)).unwrap().flatten() {
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                // The dispatch is in all kernels; the others have no loops.
                let none = path.ends_with("mod.rs") || path.contains("tests") || path == "kernels/isa.rs";
                assert!(none || guarded.contains(path.as_str()), "nothing guards {path}");
            }
        }
    }

    #[test]
    fn all_can_be_done_and_are_told_apart() {
        let names: BTreeSet<&str> = all().map(|workload| workload.name).collect();
        assert_eq!(names.len(), all().count());
        for workload in all() {
            let mut work = workload.ready().unwrap_or_else(|error| panic!("{workload}: {error}"));
            work();
            work();
        }
    }

    #[test]
    fn the_readme_has_the_map() {
        let readme =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
        for workload in all() {
            let row = format!("| `{}` |", workload.name);
            let line = readme.lines().find(|line| line.starts_with(&row));
            let line = line.unwrap_or_else(|| panic!("no line starts with {row}"));
            for path in workload.guards {
                assert!(line.contains(&format!("`{path}`")), "{line} lacks {path}");
            }
        }
    }
}
