//! Results: the folder of a fit in the words of the command line, and the picture.

use crate::any::Number;
use crate::failure::Failure;
use crate::source::Source;
use crate::talk::{self, Talk};
use partwise::Fit;
use partwise::data::Matrix;
use partwise_io::fitted::{AxisNames, Files, Folder, TableFormat, is_of_a_fit};
use partwise_io::scanned::is_scan;
use partwise_io::{AnyMatrix, Names, write_matrix};
use partwise_report::{Ink, Mosaic, Shades, Size, to_png, to_text};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Height and width of a picture on the sheet, about.
const PIXELS: usize = 96;
/// Height and width of a picture in a terminal, at most, where not all of it has to be seen.
const CELLS: usize = 24;
/// Lines of pictures in a terminal, about, where not all of them have to be seen.
const LINES: usize = 40;
/// Typical pictures, and as many of the worst.
const BESIDE: usize = 4;

/// Refuses a folder that is in use, before any work is done, that of a scan, and one in which a file of the fit would replace
/// one of its inputs.
pub(crate) fn create(target: &Path, force: bool, inputs: &[&Path]) -> Result<Folder, Failure> {
    refuse_inputs(target, inputs, is_of_a_fit)?;
    if is_scan(target) {
        return Err(Failure::Usage(format!(
            "--out {}: that is the folder of a scan, and a fit among its files would be taken for a part of it; choose \
             another --out",
            target.display()
        )));
    }
    Folder::create(target, force).map_err(|error| {
        exists(error, "it exists and is not empty; use --force to replace the fit in it, or another --out")
    })
}

/// Results in the folder of the inputs, or among them, would be inputs of the next run.
pub(crate) fn refuse_among(
    out: &Path,
    inputs: &[PathBuf],
    files: &[&Path],
    what: &str,
) -> Result<(), Failure> {
    refuse_inputs(out, files, is_of_a_fit)?;
    let beside = |input: &Path| {
        let folder = input.parent().filter(|_| input.is_file());
        folder
            .is_some_and(|folder| is_same(out, if folder == Path::new("") { Path::new(".") } else { folder }))
    };
    match inputs.iter().find(|input| is_same(out, input) || beside(input)) {
        None => Ok(()),
        Some(_) => Err(Failure::Usage(format!(
            "--out {}: the results would go among the {what}; choose another folder",
            out.display()
        ))),
    }
}

/// Refuses a folder in which results, whose names are `ours`, would replace one of the inputs.
pub(crate) fn refuse_inputs(
    target: &Path,
    inputs: &[&Path],
    ours: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    match inputs.iter().find(|input| is_inside(input, target, &ours)) {
        None => Ok(()),
        Some(input) => Err(Failure::Usage(format!(
            "the results would replace the input '{}'; choose another --out",
            input.display()
        ))),
    }
}

/// Whether a file that is there stands in a folder, under a name that is `ours`.
pub(crate) fn is_inside(file: &Path, folder: &Path, ours: impl Fn(&str) -> bool) -> bool {
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    canonical(file).zip(canonical(folder)).is_some_and(|(file, folder)| {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        file.parent() == Some(&folder) && ours(&name)
    })
}

/// Writes factors, names and picture; `run.json` comes later, when all is known.
pub(crate) fn write<T: Number>(
    folder: &Folder,
    fit: &Fit<T>,
    names: &AxisNames,
    format: TableFormat,
    image: Option<Size>,
) -> Result<Files, Failure> {
    let (m, n, k) = (fit.w.rows(), fit.h.rows(), fit.spec.rank);
    let (w, h) = (fit.w.to_row_major(), fit.h.to_transposed());
    let mut files = folder.write(Some((&w, (m, k))), (&h, (k, n)), names, format)?;
    if let Some(size) = image {
        folder.put_picture(&to_png(&mosaic(fit, size)?, zoom(size))?, &mut files)?;
    }
    Ok(files)
}

/// Puts everything in place.
pub(crate) fn commit(folder: Folder, files: &Files) -> Result<(), Failure> {
    folder.commit(files).map_err(|error| {
        exists(
            error,
            "another process has written to it meanwhile; what it wrote is untouched, and this result is lost: run again \
             with another --out, or with --force to replace what is there",
        )
    })
}

/// What is there already, in the words of the command line.
fn exists(error: partwise_io::Error, problem: &str) -> Failure {
    match error {
        partwise_io::Error::Exists { path } => {
            Failure::File(partwise_io::Error::CannotCreate { path, problem: problem.into() })
        }
        error => Failure::from(error),
    }
}

/// Whether two names lead to the same file. Another hard link to it is another file here: a file is replaced by a
/// rename, which leaves other links alone.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The rows of H as pictures.
pub(crate) fn mosaic<T: Number>(fit: &Fit<T>, size: Size) -> Result<Mosaic, Failure> {
    let n = fit.h.rows();
    let h: Vec<f64> = fit.h.to_transposed().into_iter().map(partwise::Scalar::to_f64).collect();
    Ok(Mosaic::of(&h.chunks_exact(n.max(1)).collect::<Vec<_>>(), size)?)
}

/// Pictures as text, for the terminal at hand.
pub(crate) fn as_text(mosaic: &Mosaic) -> String {
    format!("\n{}\n", to_text(mosaic, ink(), talk::columns()))
}

/// The same of about as many as can be seen at once, made smaller if need be; and how many these are.
pub(crate) fn as_little_text(mosaic: Mosaic) -> (String, usize) {
    let (wide, high) = match ink() {
        Ink::Grey => (1, 2),
        Ink::Characters => (2, 1),
    };
    let columns = talk::columns();
    let mosaic = mosaic.shrunk(CELLS.min(columns / wide).max(1));
    let across = ((columns + 1) / (wide * mosaic.size.width + 1)).max(1);
    let down = (LINES / (mosaic.size.height.div_ceil(high) + 1)).max(1);
    let mosaic = mosaic.first(across.saturating_mul(down)).with_across(across);
    (as_text(&mosaic), mosaic.count())
}

fn ink() -> Ink {
    let colours = std::env::var("COLORTERM").is_ok_and(|v| v == "truecolor" || v == "24bit")
        && std::env::var_os("NO_COLOR").is_none();
    if std::io::stdout().is_terminal() && colours { Ink::Grey } else { Ink::Characters }
}

/// Some pictures, and below each what the model makes of it: typical ones first, then those of the largest relative error.
pub(crate) fn beside<T: Number>(
    fit: &Fit<T>,
    x: &Matrix<'_, T>,
    errors: &[f64],
    size: Size,
    shades: Shades,
) -> Result<Vec<u8>, Failure> {
    let Matrix::Dense(x) = x else {
        return Err(Failure::Internal("pictures are not dense".into()));
    };
    let shown = typical_and_worst(errors);
    let number = |value: T| value.to_f64();
    let (n, k) = (fit.h.rows(), fit.spec.rank);
    let originals = shown.iter().map(|&i| (0..n).map(|j| number(x.get(i, j))).collect());
    let models = shown.iter().map(|&i| {
        let w = fit.w.row(i);
        let entry = |j: usize| {
            let terms = w.iter().zip(fit.h.row(j)).take(k);
            terms.map(|(&w, &h)| number(w) * number(h)).sum()
        };
        (0..n).map(entry).collect()
    });
    let pictures: Vec<Vec<f64>> = originals.chain(models).collect();
    let mosaic = Mosaic::of_pictures(&pictures, size, shades, shown.len())?.with_across(shown.len());
    Ok(to_png(&mosaic, zoom(size))?)
}

/// Rows of middling error, and those of the largest, in rising order; those of which no error is known are not among
/// them, if there are others.
pub(crate) fn typical_and_worst(errors: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..errors.len()).collect();
    let error = |i: &usize| errors.get(*i).copied().filter(|error| error.is_finite());
    if order.iter().any(|i| error(i).is_some()) {
        order.retain(|i| error(i).is_some());
    }
    order.sort_by(|a, b| error(a).unwrap_or_default().total_cmp(&error(b).unwrap_or_default()));
    let (rest, worst) = order.split_at(order.len().saturating_sub(BESIDE));
    let middle = rest.len().saturating_sub(BESIDE) / 2;
    rest.iter().skip(middle).take(BESIDE).chain(worst).copied().collect()
}

fn zoom(size: Size) -> usize {
    (PIXELS / size.height.max(size.width).max(1)).max(1)
}

/// Refuses a file that exists, unless `force`.
pub(crate) fn may_write(path: &Path, force: bool) -> Result<(), Failure> {
    if !force && std::fs::symlink_metadata(path).is_ok() {
        return Err(Failure::File(partwise_io::Error::CannotCreate {
            path: path.display().to_string(),
            problem: "it exists; use --force to replace it, or another name".into(),
        }));
    }
    Ok(())
}

/// Whether X may be written there, beside these inputs.
pub(crate) fn may_write_x(file: &Path, force: bool, inputs: &[&Path]) -> Result<(), Failure> {
    if inputs.iter().any(|input| is_same(input, file)) {
        return Err(Failure::Usage(format!(
            "--matrix-out {} would replace an input; choose another name",
            file.display()
        )));
    }
    may_write(file, force)
}

/// X for other commands.
pub(crate) fn write_x(file: &Path, matrix: &AnyMatrix, source: &Source, talk: &Talk) -> Result<(), Failure> {
    let names = Names { rows: source.names.rows.as_deref(), cols: source.names.cols.as_deref() };
    let notes = write_matrix(file, matrix, names)?;
    notes.iter().for_each(|note| talk.say(format!("  {note}")));
    let file = file.display();
    talk.say(format!("wrote {file}: `partwise rank {file}` says which rank"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::typical_and_worst;

    #[test]
    fn typical_rows_come_before_the_worst() {
        let errors: Vec<f64> = (0..20).map(|i| f64::from((i * 7) % 20)).collect();
        let shown: Vec<f64> = typical_and_worst(&errors).into_iter().map(|i| errors[i]).collect();
        assert_eq!(shown, [6.0, 7.0, 8.0, 9.0, 16.0, 17.0, 18.0, 19.0]);
        assert_eq!(typical_and_worst(&[0.5, f64::NAN, 0.25]), [2, 0]);
        assert_eq!(typical_and_worst(&[f64::NAN, f64::NAN]), [0, 1]);
        assert_eq!(typical_and_worst(&[0.3, 0.1, 0.2, 0.0, 0.4]), [3, 1, 2, 0, 4]);
        assert!(typical_and_worst(&[]).is_empty());
    }
}
