//! `partwise report`, and the reports of fits and scans as they are made.

use crate::any::Number;
use crate::args::{LookArgs, ReportArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{is_inside, is_same, may_write};
use crate::talk::{Talk, bytes, count};
use partwise::Fit;
use partwise::data::Matrix;
use partwise_io::fitted::{AxisNames, REPORT, is_of_a_fit};
use partwise_io::scanned::is_of_a_scan;
use partwise_io::write_bytes;
use partwise_report::{ConsensusMap, Error, FitFolder, Geometry, Groups, Residuals, ScanFolder, Size, Told};
use serde_json::Value;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

/// What a report is told, for X of this shape. To be made before the fit, as its files may be wrong.
fn told(
    args: &LookArgs,
    image: Option<Size>,
    names: &AxisNames,
    (rows, cols): (usize, usize),
) -> Result<Told, Failure> {
    let groups = match &args.groups {
        None => Vec::new(),
        Some(path) => vec![groups(path, names.rows.as_deref(), rows)?],
    };
    let geometry =
        Geometry::of(image, args.words, names.cols.as_deref(), cols).map_err(|error| match error {
            Error::Size { size, entries } => {
                Failure::Usage(format!("--image {size}: there are {entries} features"))
            }
            error => error.into(),
        })?;
    Ok(Told { geometry, groups, ..Told::default() })
}

/// The same if a report is wanted; what is said of a report that is not is refused.
pub(crate) fn look(
    wanted: bool,
    args: &LookArgs,
    image: Option<Size>,
    names: &AxisNames,
    shape: (usize, usize),
) -> Result<Option<Told>, Failure> {
    if !wanted && (args.groups.is_some() || args.words) {
        return Err(Failure::Usage("--groups and --words are for a report: add --report".into()));
    }
    wanted.then(|| told(args, image, names, shape)).transpose()
}

fn groups(path: &Path, samples: Option<&[String]>, count: usize) -> Result<Groups, Failure> {
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Failure::Data(format!("--groups {}: it is not text (UTF-8)", path.display())))?;
    let labels = labels(&text, samples, count)
        .map_err(|problem| Failure::Data(format!("--groups {}: {problem}", path.display())))?;
    let name = path.file_stem().map_or("groups".into(), |name| name.to_string_lossy().into_owned());
    Ok(Groups { name, labels })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| {
        let path = path.display().to_string();
        Failure::File(match source.kind() {
            ErrorKind::NotFound => partwise_io::Error::NotFound { path },
            _ => partwise_io::Error::Unreadable { path, source },
        })
    })
}

/// A label for every sample: from a line each, or by name.
fn labels(text: &str, samples: Option<&[String]>, count: usize) -> Result<Vec<String>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let cut = |line: &&str| {
        let (name, label) = line.split_once('\t').or_else(|| line.split_once(','))?;
        let bare = |text: &str| text.trim().trim_matches('"').to_string();
        Some((bare(name), bare(label)))
    };
    if let Some(samples) = samples {
        let pairs: Option<HashMap<String, String>> =
            lines.iter().filter(|line| !line.trim().is_empty()).map(cut).collect();
        if let Some(pairs) = pairs.filter(|pairs| samples.iter().any(|name| pairs.contains_key(name))) {
            return Ok(samples.iter().map(|name| pairs.get(name).cloned().unwrap_or_default()).collect());
        }
    }
    if lines.len() != count {
        return Err(format!(
            "{} lines for {count} samples; give a label a line, or lines of a sample's name, a tab and its label",
            lines.len()
        ));
    }
    Ok(lines.iter().map(|line| line.trim().trim_matches('"').to_string()).collect())
}

/// The report of a fit that has just been made.
pub(crate) fn of_fit<T: Number>(
    fit: &Fit<T>,
    json: &[u8],
    names: &AxisNames,
    residuals: Option<Residuals>,
    look: &Told,
) -> Result<String, Failure> {
    Ok(partwise_report::of_fit(&parsed(json)?, (&fit.w, &fit.h), names, residuals, look))
}

/// How far every row and column is from its model.
pub(crate) fn residuals<T: Number>(fit: &Fit<T>, x: &Matrix<'_, T>) -> Result<Residuals, Failure> {
    Ok(Residuals::of(&fit.model(), &fit.w, x, fit.spec.threads)?)
}

/// The report of a scan.
pub(crate) fn of_scan(json: &[u8], consensus: Option<ConsensusMap>) -> Result<String, Failure> {
    Ok(partwise_report::of_scan(&parsed(json)?, consensus, None))
}

fn parsed(json: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(json).map_err(|error| Failure::Internal(error.to_string()))
}

pub(crate) fn run(args: &ReportArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let to = args.out.clone().unwrap_or_else(|| args.folder.join(REPORT));
    if args.out.is_some() {
        let folders = [Some(args.folder.as_path()), args.scan.as_deref()];
        let ours = |name: &str| name != REPORT && (is_of_a_fit(name) || is_of_a_scan(name));
        let inside = folders.into_iter().flatten().any(|folder| is_inside(&to, folder, ours));
        if inside || args.look.groups.as_ref().is_some_and(|groups| is_same(groups, &to)) {
            return Err(Failure::Usage(format!(
                "--out {} would replace what the report is made of; choose another name",
                to.display()
            )));
        }
        may_write(&to, args.force)?;
    }
    let html = if ScanFolder::is_there(&args.folder) {
        ScanFolder::open(&args.folder, None)?.to_html(args.title.clone())
    } else {
        let fit = FitFolder::open(&args.folder)?;
        let image = ordered(args.image.or_else(|| fit.image()), args.column_major)?;
        // What was made of texts has words for features.
        let words = args.look.words || (fit.is_of_texts() && image.is_none());
        let look = told(&LookArgs { words, ..args.look.clone() }, image, &fit.names, fit.shape())?;
        let told = Told { title: args.title.clone(), ..look };
        let page = fit.to_html(&told, args.scan.as_deref());
        page.map_err(|error| match (&error, &args.scan) {
            // The runs of the scan beside the fit.
            (partwise_report::Error::Model(partwise::Error::Shape { .. }), Some(scan)) => Failure::Data(format!(
                "H of the fit in {} has {}, and those of the scan in {} have another number; name the scan of the same data",
                args.folder.display(),
                count(fit.shape().1 as u64, "feature"),
                scan.display()
            )),
            _ => error.into(),
        })?
    };
    write_bytes(&to, html.as_bytes())?;
    talk.say(format!("wrote {} ({}): open it in a browser", to.display(), bytes(html.len() as u64)));
    Ok(Outcome::Done)
}

/// A size with the order of pixels that is asked for; one without the other says nothing.
pub(crate) fn ordered(size: Option<Size>, column_major: bool) -> Result<Option<Size>, Failure> {
    match size {
        None if column_major => {
            Err(Failure::Usage("--column-major says how pixels stand in pictures: add --image HxW".into()))
        }
        size => Ok(size.map(|size| Size { by_columns: size.by_columns || column_major, ..size })),
    }
}

#[cfg(test)]
mod tests {
    use super::labels;

    #[test]
    fn labels_are_by_line_or_by_name() {
        let names = ["s1", "s2", "s3"].map(String::from);
        let by_name = labels("sample\tkind\ns3\tb\ns1\ta\n", Some(&names), 3).unwrap();
        assert_eq!(by_name, ["a", "", "b"]);
        assert_eq!(labels("a\nb c\n\n", Some(&names), 3).unwrap(), ["a", "b c", ""]);
        assert!(labels("a\nb\n", None, 3).unwrap_err().contains("2 lines for 3 samples"));
    }
}
