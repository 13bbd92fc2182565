//! The tables of a consensus under the names, and in the layout, that cNMF gives them (Kotliar et al. 2019,
//! doi:10.7554/eLife.43803), for what reads those: in `DIR/NAME`, components are rows of spectra and columns of usages, by number.
//!
//! | table | what it has |
//! |---|---|
//! | `NAME.spectra.k_K.dt_D.consensus.txt` | H, each component at sum 1 |
//! | `NAME.usages.k_K.dt_D.consensus.txt` | W for those |
//! | `NAME.gene_spectra_tpm.k_K.dt_D.txt` | by the loss of the fit: X with rows at sum 1e6, for usages at sum 1 |
//! | `NAME.gene_spectra_score.k_K.dt_D.txt` | ordinary least squares: columns of that, at mean 0 and variance 1, by usages |

use crate::any::Number;
use crate::failure::Failure;
use crate::fit::Others;
use partwise::data::{Dense, Matrix, Sparse};
use partwise::{Factor, Fit, Free, Loss, Model, RowRules};
use partwise_io::fitted::AxisNames;
use partwise_io::{Cell, Separator, write_cells_to};
use std::path::Path;

/// The sum of a row in transcripts per million.
const MILLION: f64 = 1e6;
/// Variances are taken for this at least.
const LEAST_VARIANCE: f64 = 1e-12;

/// What the names of the tables have in common: the folder's name, and how components were filtered.
pub(crate) struct Layout {
    name: String,
    max_distance: f64,
}

impl Layout {
    pub(crate) fn of(folder: &Path, max_distance: f64) -> Result<Layout, Failure> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| {
            Failure::Usage("--layout cnmf: tables are called as the folder is; name one".into())
        })?;
        Ok(Layout { name, max_distance })
    }

    /// `NAME.usages.k_9.dt_0_5.consensus.txt`
    fn file(&self, what: &str, rank: usize, end: &str) -> String {
        let distance = format!("{:?}", self.max_distance).replace('.', "_");
        format!("{}.{what}.k_{rank}.dt_{distance}{end}", self.name)
    }

    /// All tables that can be said of this fit, and why others cannot.
    pub(crate) fn tables<T: Number>(
        &self,
        fit: &Fit<T>,
        x: &Matrix<'_, T>,
        names: &AxisNames,
    ) -> Result<(Others, Vec<String>), Failure> {
        if fit.spec.free != Free::None || fit.spec.smoothing > 0.0 {
            return Err(Failure::Usage(
                "--layout cnmf: usages and spectra are those of a model W H without negative entries; leave --free and \
                 --smoothing out of the scan, or --layout"
                    .into(),
            ));
        }
        let k = fit.h.rank();
        let (spectra, usages) = at_sum_1(fit)?;
        let of_sample = |i: usize| name_or(&names.rows, i);
        let of_gene = |j: usize| name_or(&names.cols, j);
        let numbers: Vec<String> = (1..=k).map(|c| c.to_string()).collect();
        let genes: Vec<String> = (0..spectra.rows()).map(of_gene).collect();
        let samples: Vec<String> = (0..usages.rows()).map(of_sample).collect();
        let turned = |of: &Factor<f64>| of.to_transposed();
        let mut all = vec![
            (self.file("spectra", k, ".consensus.txt"), table(&numbers, &genes, &turned(&spectra))?),
            (self.file("usages", k, ".consensus.txt"), table(&samples, &numbers, &usages.to_row_major())?),
        ];
        let why = match (x, fit.spec.loss) {
            (Matrix::Weighted(_), _) => Some("not all entries of X count, or not alike"),
            (_, Loss::Frobenius | Loss::KullbackLeibler) => None,
            _ => Some("the loss is neither frobenius nor kl"),
        };
        if let Some(why) = why {
            return Ok((
                all,
                vec![format!("  cNMF's gene_spectra_tpm and gene_spectra_score are left out: {why}")],
            ));
        }
        let tpm = per_million(x)?;
        let by_genes = gene_spectra(&tpm, &usages, fit.spec.loss, fit.spec.threads)?;
        all.push((self.file("gene_spectra_tpm", k, ".txt"), table(&numbers, &genes, &turned(&by_genes))?));
        let mut notes = Vec::new();
        match scores(&tpm, &usages) {
            Some(scores) => {
                all.push((self.file("gene_spectra_score", k, ".txt"), table(&numbers, &genes, &scores)?))
            }
            None => notes
                .push("  cNMF's gene_spectra_score is left out: usages depend on each other linearly".into()),
        }
        Ok((all, notes))
    }
}

fn name_or(names: &Option<Vec<String>>, at: usize) -> String {
    names.as_ref().and_then(|names| names.get(at)).cloned().unwrap_or_else(|| at.to_string())
}

/// H with every component at sum 1, and W for it.
fn at_sum_1<T: Number>(fit: &Fit<T>) -> Result<(Factor<f64>, Factor<f64>), Failure> {
    let (k, n, m) = (fit.h.rank(), fit.h.rows(), fit.w.rows());
    let mut sums = vec![0.0; k];
    for j in 0..n {
        sums.iter_mut().zip(fit.h.row(j)).for_each(|(sum, x)| *sum += x.to_f64());
    }
    let row = |of: &Factor<T>, i: usize, by: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        of.row(i)
            .iter()
            .zip(&sums)
            .map(|(x, &sum)| if sum > 0.0 { by(x.to_f64(), sum) } else { 0.0 })
            .collect()
    };
    let h: Vec<f64> = (0..n).flat_map(|j| row(&fit.h, j, &|x, sum| x / sum)).collect();
    let w: Vec<f64> = (0..m).flat_map(|i| row(&fit.w, i, &|x, sum| x * sum)).collect();
    Ok((Factor::from_row_major(n, k, &h)?, Factor::from_row_major(m, k, &w)?))
}

/// X with every row at sum 1e6; rows of zeros stay.
fn per_million<T: Number>(x: &Matrix<'_, T>) -> Result<Matrix<'static, f64>, Failure> {
    let (rows, cols) = (x.rows(), x.cols());
    let scaled =
        |sums: &[f64], i: usize, value: f64| if sums[i] > 0.0 { value / sums[i] * MILLION } else { 0.0 };
    let mut sums = vec![0.0; rows];
    if let Matrix::Sparse(x) = x {
        x.for_each(|i, _, value| sums[i] += value.to_f64());
        let (mut at_rows, mut at_cols, mut values) = (Vec::new(), Vec::new(), Vec::new());
        x.for_each(|i, j, value| {
            at_rows.push(i as u32);
            at_cols.push(j as u32);
            values.push(scaled(&sums, i, value.to_f64()));
        });
        return Ok(Sparse::from_coo(rows, cols, &at_rows, &at_cols, values)?.into());
    }
    let mut values: Vec<f64> = x.to_row_major().into_iter().map(|x| x.to_f64()).collect();
    for (row, sum) in values.chunks_exact_mut(cols.max(1)).zip(&mut sums) {
        *sum = row.iter().sum();
        row.iter_mut().for_each(|x| *x = if *sum > 0.0 { *x / *sum * MILLION } else { 0.0 });
    }
    Ok(Dense::from_vec(rows, cols, values)?.into())
}

/// What each component has of each gene, where usages of a sample sum to 1.
fn gene_spectra(
    tpm: &Matrix<'static, f64>,
    usages: &Factor<f64>,
    loss: Loss,
    threads: usize,
) -> Result<Factor<f64>, Failure> {
    let k = usages.rank();
    let shares: Vec<f64> = (0..usages.rows())
        .flat_map(|i| {
            let sum: f64 = usages.row(i).iter().sum();
            usages.row(i).iter().map(move |x| if sum > 0.0 { x / sum } else { 0.0 })
        })
        .collect();
    let model = Model {
        h: Factor::from_row_major(usages.rows(), k, &shares)?,
        loss,
        rules: RowRules::default(),
        component_scale: vec![1.0; k],
        least: 0.0,
    };
    Ok(model.transform(&tpm.clone().transposed(), threads)?)
}

/// Coefficients of ordinary least squares without a constant, `(k, n)` row by row: of every column of X at mean 0 and variance 1,
/// by usages. Nothing where usages depend on each other.
fn scores(tpm: &Matrix<'static, f64>, usages: &Factor<f64>) -> Option<Vec<f64>> {
    let (m, n, k) = (tpm.rows(), tpm.cols(), usages.rank());
    let (mut sums, mut squares, mut cross) = (vec![0.0; n], vec![0.0; n], vec![0.0; k * n]);
    let mut add = |i: usize, j: usize, x: f64| {
        sums[j] += x;
        squares[j] += x * x;
        for (c, u) in usages.row(i).iter().enumerate() {
            cross[c * n + j] += u * x;
        }
    };
    match tpm {
        Matrix::Sparse(x) => x.for_each(add),
        x => x.to_row_major().into_iter().enumerate().for_each(|(e, x)| add(e / n, e % n, x)),
    }
    let (mut gram, mut totals) = (vec![0.0; k * k], vec![0.0; k]);
    for row in (0..m).map(|i| usages.row(i)) {
        for c in 0..k {
            totals[c] += row[c];
            row.iter().enumerate().for_each(|(d, u)| gram[c * k + d] += row[c] * u);
        }
    }
    for j in 0..n {
        let mean = sums[j] / m as f64;
        let deviation = (squares[j] / m as f64 - mean * mean).max(LEAST_VARIANCE).sqrt();
        for c in 0..k {
            cross[c * n + j] = (cross[c * n + j] - totals[c] * mean) / deviation;
        }
    }
    solve(gram, cross, k, n)
}

/// The solution of `gram · b = cross` by elimination with the largest pivots; nothing if there is no single one.
fn solve(mut gram: Vec<f64>, mut cross: Vec<f64>, k: usize, n: usize) -> Option<Vec<f64>> {
    const SINGULAR: f64 = 1e-12;
    // Usages of components differ in size; what counts is how they depend on each other.
    let sizes: Vec<f64> = (0..k).map(|c| gram[c * k + c].sqrt()).collect();
    if sizes.iter().any(|size| *size <= 0.0) {
        return None;
    }
    for c in 0..k {
        (0..k).for_each(|d| gram[c * k + d] /= sizes[c] * sizes[d]);
        cross[c * n..][..n].iter_mut().for_each(|x| *x /= sizes[c]);
    }
    for c in 0..k {
        let pivot = (c..k).max_by(|&a, &b| gram[a * k + c].abs().total_cmp(&gram[b * k + c].abs()))?;
        if gram[pivot * k + c].abs() <= SINGULAR {
            return None;
        }
        if pivot != c {
            (0..k).for_each(|d| gram.swap(pivot * k + d, c * k + d));
            (0..n).for_each(|j| cross.swap(pivot * n + j, c * n + j));
        }
        for r in (0..k).filter(|&r| r != c) {
            let by = gram[r * k + c] / gram[c * k + c];
            if by != 0.0 {
                (0..k).for_each(|d| gram[r * k + d] -= by * gram[c * k + d]);
                (0..n).for_each(|j| cross[r * n + j] -= by * cross[c * n + j]);
            }
        }
    }
    for c in 0..k {
        let by = gram[c * k + c] * sizes[c];
        cross[c * n..][..n].iter_mut().for_each(|x| *x /= by);
    }
    Some(cross)
}

fn table(rows: &[String], cols: &[String], values: &[f64]) -> Result<Vec<u8>, Failure> {
    let header: Vec<&str> = [""].into_iter().chain(cols.iter().map(String::as_str)).collect();
    let lines = rows.iter().zip(values.chunks_exact(cols.len().max(1)));
    let lines = lines.map(|(name, values)| {
        [Cell::Name(name)].into_iter().chain(values.iter().map(|&x| Cell::Number(x))).collect()
    });
    let mut out = Vec::new();
    write_cells_to(&mut out, &header, lines, Separator::Tab)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_least_squares() {
        // X of three genes by two usages, exactly: what comes out reproduces the standardised columns.
        let usages = Factor::from_row_major(4, 2, &[1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 3.0, 0.5]).unwrap();
        let x = [5.0, 1.0, 7.0, 0.0, 4.0, 7.0, 2.0, 2.0, 7.0, 9.0, 1.0, 7.0];
        let tpm: Matrix<'static, f64> = Dense::from_vec(4, 3, x.to_vec()).unwrap().into();
        let found = scores(&tpm, &usages).unwrap();
        for j in 0..3 {
            let column: Vec<f64> = (0..4).map(|i| x[3 * i + j]).collect();
            let mean = column.iter().sum::<f64>() / 4.0;
            let deviation = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0).sqrt().max(1e-6);
            let z: Vec<f64> = column.iter().map(|x| (x - mean) / deviation).collect();
            // The residual is orthogonal to the usages.
            for c in 0..2 {
                let rest: f64 = (0..4)
                    .map(|i| {
                        let fitted = found[j] * usages.row(i)[0] + found[3 + j] * usages.row(i)[1];
                        (z[i] - fitted) * usages.row(i)[c]
                    })
                    .sum();
                assert!(rest.abs() < 1e-9, "{rest}");
            }
        }
        assert_eq!((found[2], found[5]), (0.0, 0.0), "a gene that does not vary");
        let twice = Factor::from_row_major(4, 2, &[1.0, 2.0, 2.0, 4.0, 0.0, 0.0, 3.0, 6.0]).unwrap();
        assert_eq!(scores(&tpm, &twice), None);
    }
}
