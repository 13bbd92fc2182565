//! Faces: the parts of D. D. Lee and H. S. Seung (1999).

use crate::skipped;
use nalgebra::DMatrix;
use partwise::{Dense, Factor, First, Fit, Given, Loss, Matrix, Nmf, Rule};
use partwise_benches::faces::{SIDE, montage, near_zero, prepared, sparseness};
use partwise_benches::markdown::{Markdown, grouped};
use partwise_benches::{Outcome, baselines, datasets, verdict};
use std::fmt::Write;
use std::path::Path;

const TITLE: &str = "Faces: Lee and Seung's parts";
const RANK: usize = 49;
const LOOKS: [usize; 3] = [50, 200, 500];
const SEED: u32 = 0;
/// What a NumPy script with the paper's rules prints after each of `LOOKS`, from the same start.
const REFERENCE: [f64; 3] = [19_099.9, 13_987.6, 13_026.1];

const ABOUT: &str = "\
D. D. Lee, H. S. Seung (1999), \"Learning the parts of objects by non-negative matrix factorization\", Nature 401,
doi:10.1038/44565, figure 1: 2429 faces of 19 x 19 pixels, each scaled linearly to mean 0.25 and standard deviation 0.25
and cut off at 0 and 1; 49 parts; 500 iterations of the rules of their figure 2 from a random start.

The paper prints no value of its objective, `F = sum V log(WH) - WH`, so the reference is a second implementation: the
NumPy script `benches/peers/lee_seung_faces.py` does the paper's updates from `numpy.random.RandomState(0)`. The rows
below start from the very same numbers. *The paper's rules* are written out in `benches/src/baselines.rs` without any
code of the library (W, then its columns divided by their sums, then H without a denominator). *plain mu* is partwise's
`mu` with one update per product, W first, without extrapolation and without the final solve for W; it divides by column
sums instead of normalising W. *mu*, *scd* and *newton* are as by default, but run for 500 iterations (`tol` 0). An
iteration of *scd* is several sweeps over each factor and costs more than one of the others: the table compares iterations,
not time.";

/// A pair and what it reached on the way.
struct Outline {
    name: String,
    kl: [f64; 3],
    w: DMatrix<f64>,
    h: DMatrix<f64>,
}

/// The section; writes faces.png beside it.
pub(crate) fn section(data: &Path, pictures: &Path) -> Outcome<String> {
    let Some(set) = datasets::load(data, "faces_cbcl", "X.npy")? else {
        return Ok(skipped(TITLE, "faces_cbcl/X.npy"));
    };
    if set.x.rows != SIDE * SIDE {
        return Err(
            format!("images of {} pixels are needed, and these have {}", SIDE * SIDE, set.x.rows).into()
        );
    }
    let v = prepared(&set.x);
    let mut out = format!("## {TITLE}\n\n{ABOUT}\n\n{}\n\n", set.origin);
    let runs = runs(&v)?;
    objectives(&mut out, &v, &runs)?;
    let paper = runs.first().ok_or("no run")?;
    bases(&mut out, &v, &runs)?;
    montage(&paper.w, 7, &pictures.join("faces.png"))?;
    writeln!(
        out,
        "![The 49 parts of the paper's rules after 500 iterations, dark on white](faces.png)\n\n\
         *The 49 columns of W after 500 iterations of the paper's rules, each scaled to its largest entry, which is black.*"
    )?;
    Ok(out)
}

fn runs(v: &DMatrix<f64>) -> Outcome<Vec<Outline>> {
    let (w, h) = baselines::numpy_start(SEED, v.nrows(), v.ncols(), RANK);
    let x: Matrix<'_, f64> = Dense::from_vec_col_major(v.nrows(), v.ncols(), v.as_slice().to_vec())?.into();
    // Column-major memory of a matrix is the row-major memory of its transpose.
    let start = Given {
        w: Some(Factor::from_transposed(v.nrows(), RANK, w.as_slice())?),
        h: Some(Factor::from_row_major(v.ncols(), RANK, h.as_slice())?),
        ..Given::default()
    };
    let kl = Nmf::new(RANK).loss(Loss::KullbackLeibler).max_iter(LOOKS[2]).tol(0.0);
    let plain = kl.clone().rule(Rule::Mu).inner(1).extrapolate(false).first(First::W).polish(false);
    Ok(vec![
        paper(v, w, h),
        outline("partwise, plain mu", &plain.fit_from(&x, &start)?),
        outline("partwise, mu", &kl.clone().rule(Rule::Mu).fit_from(&x, &start)?),
        outline("partwise, scd", &kl.clone().rule(Rule::Scd).fit_from(&x, &start)?),
        outline("partwise, newton (default)", &kl.fit_from(&x, &start)?),
    ])
}

fn paper(v: &DMatrix<f64>, mut w: DMatrix<f64>, mut h: DMatrix<f64>) -> Outline {
    let (mut kl, mut done) = ([0.0; 3], 0);
    for (kl, look) in kl.iter_mut().zip(LOOKS) {
        while done < look {
            baselines::lee_seung(v, &mut w, &mut h);
            done += 1;
        }
        *kl = baselines::divergence(v, &(&w * &h));
    }
    Outline { name: "the paper's rules".into(), kl, w, h }
}

fn outline(name: &str, fit: &Fit<f64>) -> Outline {
    let at =
        |iteration| fit.history.iter().find(|r| r.iteration == iteration).map_or(f64::NAN, |r| r.objective);
    Outline {
        name: name.into(),
        kl: LOOKS.map(at),
        w: DMatrix::from_row_slice(fit.w.rows(), fit.w.rank(), &fit.w.to_row_major()),
        h: DMatrix::from_column_slice(fit.h.rank(), fit.h.rows(), &fit.h.to_row_major()),
    }
}

fn objectives(out: &mut String, v: &DMatrix<f64>, runs: &[Outline]) -> Outcome<()> {
    let zeros = v.iter().filter(|&&x| x == 0.0).count() as f64 / v.len() as f64;
    writeln!(
        out,
        "Prepared data: mean {:.4}, standard deviation {:.4}, {:.1}% zeros. Kullback-Leibler divergence after so many\n\
         iterations; F and the verdict (against the reference after 500) are for the pair that was returned:\n",
        v.mean(),
        v.variance().sqrt(),
        100.0 * zeros
    )?;
    let mut headers = vec!["rules".to_string()];
    headers.extend(LOOKS.iter().map(|l| format!("KL at {l}")));
    headers.extend(["F".into(), "verdict".into()]);
    let mut table = Markdown::with_headers(1, headers);
    let mut row = vec!["reference (NumPy)".to_string()];
    row.extend(REFERENCE.iter().map(|&x| grouped(x, 1)));
    table.row(row);
    for run in runs {
        let y = &run.w * &run.h;
        let mut row = vec![run.name.clone()];
        row.extend(run.kl.iter().map(|&x| grouped(x, 1)));
        row.push(grouped(baselines::log_likelihood(v, &y), 1));
        row.push(verdict(baselines::divergence(v, &y), REFERENCE[2], 1).into());
        table.row(row);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

fn bases(out: &mut String, v: &DMatrix<f64>, runs: &[Outline]) -> Outcome<()> {
    writeln!(
        out,
        "The paper's claim is that parts are sparse where principal components (eigenvectors of VVᵀ, not centred, as the\n\
         paper has them) and prototypes (vector quantisation: k-means from 49 random images, seed {SEED}) are whole faces.\n\
         Sparseness is Hoyer's (2004, JMLR 5), 0 for a constant vector and 1 for a single entry, of absolute values, as\n\
         the mean over the 49 basis images and over the 49 rows of encodings; *near zero* is the share of entries below\n\
         1e-4 of the largest of their basis image; the last column is the root mean square error of a pixel.\n"
    )?;
    let (pca_w, pca_h) = baselines::principal_components(v, RANK);
    let (vq_w, vq_h) = baselines::prototypes(v, RANK, u64::from(SEED));
    let mut table = Markdown::new(
        1,
        ["basis", "sparseness of basis", "of encodings", "basis near zero", "encodings near zero", "error"],
    );
    let shown = runs.iter().map(|r| (r.name.as_str(), &r.w, &r.h));
    let others = [("PCA", &pca_w, &pca_h), ("VQ", &vq_w, &vq_h)];
    for (name, w, h) in shown.chain(others) {
        let encodings = h.transpose();
        let error = (v - w * h).norm() / (v.len() as f64).sqrt();
        table.row([
            name.to_string(),
            format!("{:.3}", sparseness(w)),
            format!("{:.3}", sparseness(&encodings)),
            format!("{:.1}%", 100.0 * near_zero(&w.abs())),
            format!("{:.1}%", 100.0 * near_zero(&encodings.abs())),
            format!("{error:.4}"),
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}
