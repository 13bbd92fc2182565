//! `partwise report`, and the reports of fits and scans as they are made.

use crate::any::Number;
use crate::args::{LookArgs, ReportArgs};
use crate::failure::{Failure, Outcome};
use crate::rank::SCAN;
use crate::talk::{Talk, bytes};
use crate::transform::may_write;
use partwise::data::Matrix;
use partwise::select::{Consensus, Kind, Outcome as Done, matching};
use partwise::{Factor, Fit, Loss};
use partwise_io::fitted::{AxisNames, REPORT, Stored, component_names};
use partwise_io::scanned::Jobs;
use partwise_io::write_bytes;
use partwise_report::{ConsensusMap, Geometry, Groups, Labels, Report, Residuals, Size};
use serde_json::Value;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

/// Samples of a consensus map, at most.
const MAP: usize = 500;

/// What a report is told beside the fit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    geometry: Option<Geometry>,
    groups: Vec<Groups>,
}

impl Look {
    /// For X of this shape. To be made before the fit, as its files may be wrong.
    pub(crate) fn of(
        args: &LookArgs,
        image: Option<Size>,
        names: &AxisNames,
        (rows, cols): (usize, usize),
    ) -> Result<Look, Failure> {
        let groups = match &args.groups {
            None => Vec::new(),
            Some(path) => vec![groups(path, names.rows.as_deref(), rows)?],
        };
        Ok(Look { geometry: geometry(image, args.words, names.cols.as_deref(), cols)?, groups })
    }
}

/// The same if a report is wanted; what is said of a report that is not is refused.
pub(crate) fn look(
    wanted: bool,
    args: &LookArgs,
    image: Option<Size>,
    names: &AxisNames,
    shape: (usize, usize),
) -> Result<Option<Look>, Failure> {
    if !wanted && (args.groups.is_some() || args.words) {
        return Err(Failure::Usage("--groups and --words are for a report: add --report".into()));
    }
    wanted.then(|| Look::of(args, image, names, shape)).transpose()
}

fn geometry(
    image: Option<Size>,
    words: bool,
    features: Option<&[String]>,
    count: usize,
) -> Result<Option<Geometry>, Failure> {
    if let Some(size) = image {
        if size.height.checked_mul(size.width) != Some(count) {
            return Err(Failure::Usage(format!("--image {size}: there are {count} features")));
        }
        return Ok(Some(Geometry::Picture { height: size.height, width: size.width }));
    }
    Ok(if words { Some(Geometry::Words) } else { features.and_then(Geometry::sbs96) })
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

/// How far every row and column is from its model, as a share of itself; whatever the loss was.
pub(crate) fn residuals<T: Number>(fit: &Fit<T>, x: &Matrix<'_, T>) -> Result<Residuals, Failure> {
    let mut squares = fit.clone();
    squares.spec.loss = Loss::Frobenius;
    let rest = squares.residuals(x)?;
    let (rows, rank) = (fit.w.rows(), fit.w.rank());
    squares.w = Factor::from_row_major(rows, rank, &vec![T::ZERO; rows * rank])?;
    let all = squares.residuals(x)?;
    let shares = |rest: Vec<f64>, all: Vec<f64>| -> Vec<f64> {
        rest.iter().zip(all).map(|(rest, all)| (rest / all).sqrt()).collect()
    };
    Ok(Residuals { rows: shares(rest.rows, all.rows), cols: shares(rest.cols, all.cols) })
}

/// The report of a fit that has just been made.
pub(crate) fn of_fit<T: Number>(
    fit: &Fit<T>,
    json: &[u8],
    names: &AxisNames,
    residuals: Option<Residuals>,
    look: &Look,
) -> Result<String, Failure> {
    let run: Value = serde_json::from_slice(json).map_err(|error| Failure::Internal(error.to_string()))?;
    let components = names.components.as_ref().map(|known| component_names(fit.spec.rank, Some(known)));
    let report = Report {
        run: Some(&run),
        factors: Some((&fit.w, &fit.h)),
        labels: Labels {
            rows: names.rows.as_deref(),
            cols: names.cols.as_deref(),
            components: components.as_deref(),
        },
        geometry: look.geometry.clone(),
        groups: look.groups.clone(),
        residuals,
        ..Report::new(title(&run["data"]["input"]))
    };
    Ok(report.to_html())
}

/// The name of the data, without folders.
fn title(input: &Value) -> String {
    let input = input.as_str().unwrap_or("partwise");
    Path::new(input).file_name().map_or(input.into(), |name| name.to_string_lossy().into_owned())
}

/// The report of a scan.
pub(crate) fn of_scan(json: &[u8], consensus: Option<ConsensusMap>) -> Result<String, Failure> {
    let scan: Value = serde_json::from_slice(json).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(Report::<f64> { scan: Some(&scan), consensus, ..Report::new(title(&scan["input"])) }.to_html())
}

/// The consensus matrix of the runs of a rank.
pub(crate) fn consensus<T: Number>(outcomes: &[Done<T>], rank: usize, seed: u64) -> Option<ConsensusMap> {
    let whole = |done: &&Done<T>| done.job.rank == rank && done.job.kind == Kind::Whole;
    let runs: Vec<&Done<T>> = outcomes.iter().filter(whole).collect();
    let mut consensus = Consensus::new(runs.first()?.labels.len());
    runs.iter().for_each(|run| consensus.add(run.labels.clone()));
    if consensus.runs() < 2 || rank < 2 {
        return None;
    }
    let map = consensus.map(rank, MAP, seed);
    Some(ConsensusMap { rank, samples: map.samples, clusters: map.clusters, values: map.values })
}

/// What a report needs of a scan.
struct Scanned {
    document: Value,
    map: Option<ConsensusMap>,
    stability: Option<Vec<f64>>,
}

/// What the runs of a scan say of a rank, and of H of that rank if there is one.
fn runs_of<T: Number>(
    jobs: &Jobs,
    rank: usize,
    seed: u64,
    h: Option<&Factor<f64>>,
) -> Result<(Option<ConsensusMap>, Option<Vec<f64>>), Failure> {
    let outcomes = jobs.load::<T>()?;
    let mut sums = vec![0.0; rank];
    let mut runs = 0;
    for run in outcomes.iter().filter(|run| run.job.rank == rank).filter_map(|run| run.h.as_ref()) {
        let Some(h) = h else { break };
        let values: Vec<f64> = run.to_transposed().iter().map(|x| x.to_f64()).collect();
        let run = Factor::from_transposed(run.rows(), run.rank(), &values)?;
        matching(h, &run)?.pairs.iter().for_each(|pair| sums[pair.first] += pair.cosine);
        runs += 1;
    }
    let stability = (runs > 1).then(|| sums.iter().map(|sum| sum / f64::from(runs)).collect());
    Ok((consensus(&outcomes, rank, seed), stability))
}

fn scanned(folder: &Path, h: Option<&Factor<f64>>) -> Result<Scanned, Failure> {
    let path = folder.join(SCAN);
    let text = read(&path)?;
    let document: Value = serde_json::from_slice(&text)
        .map_err(|error| Failure::Data(format!("{}: {error}", path.display())))?;
    let (jobs, common) = Jobs::existing(folder)?;
    let advised = document["advice"]["rank"].as_u64().map(|rank| rank as usize);
    let (map, stability) = match h.map(Factor::rank).or(advised) {
        None => (None, None),
        Some(rank) if common.precision == "f32" => runs_of::<f32>(&jobs, rank, common.spec.seed, h)?,
        Some(rank) => runs_of::<f64>(&jobs, rank, common.spec.seed, h)?,
    };
    Ok(Scanned { document, map, stability })
}

pub(crate) fn run(args: &ReportArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let to = args.out.clone().unwrap_or_else(|| args.folder.join(REPORT));
    if args.out.is_some() {
        may_write(&to, args.force)?;
    }
    let html = if args.folder.join(SCAN).exists() {
        let found = scanned(&args.folder, None)?;
        let heading = args.title.clone().unwrap_or_else(|| title(&found.document["input"]));
        Report::<f64> { scan: Some(&found.document), consensus: found.map, ..Report::new(heading) }.to_html()
    } else {
        of_folder(args)?
    };
    write_bytes(&to, html.as_bytes())?;
    talk.say(format!("wrote {} ({}): open it in a browser", to.display(), bytes(html.len() as u64)));
    Ok(Outcome::Done)
}

fn of_folder(args: &ReportArgs) -> Result<String, Failure> {
    let stored = Stored::open(&args.folder)?;
    let (model, mut names) = stored.model::<f64>()?;
    let w = stored.w::<f64>()?;
    let rank = model.h.rank();
    let image = args.image.or_else(|| image_of(&stored.document));
    let samples = w.as_ref().map_or(0, Factor::rows);
    // What was made of texts has words for features.
    let asked =
        LookArgs { words: args.look.words || (stored.is_of_texts() && image.is_none()), ..args.look.clone() };
    let look = Look::of(&asked, image, &names, (samples, model.h.rows()))?;
    let found = args.scan.as_deref().map(|folder| scanned(folder, Some(&model.h))).transpose()?;
    if let (Some(found), Some(hash)) = (&found, stored.document["data"]["hash"].as_str())
        && found.document["data"].as_str().is_some_and(|other| other != hash)
    {
        return Err(Failure::Data(format!(
            "the scan is of other data than {}; name the scan of the same file",
            args.folder.display()
        )));
    }
    let components = names.components.take().map(|known| component_names(rank, Some(&known)));
    let report = Report {
        run: Some(&stored.document),
        factors: w.as_ref().map(|w| (w, &model.h)),
        labels: Labels {
            rows: names.rows.as_deref(),
            cols: names.cols.as_deref(),
            components: components.as_deref(),
        },
        geometry: look.geometry,
        groups: look.groups,
        stability: found.as_ref().and_then(|found| found.stability.clone()),
        scan: found.as_ref().map(|found| &found.document),
        consensus: found.as_ref().and_then(|found| found.map.clone()),
        ..Report::new(args.title.clone().unwrap_or_else(|| title(&stored.document["data"]["input"])))
    };
    Ok(report.to_html())
}

/// The size of pictures that the fit was told, so that it need not be told twice.
fn image_of(run: &Value) -> Option<Size> {
    let words: Vec<&str> = run["command"].as_array()?.iter().filter_map(Value::as_str).collect();
    let after = words.iter().position(|word| *word == "--image").and_then(|at| words.get(at + 1));
    let joined = words.iter().find_map(|word| word.strip_prefix("--image="));
    after.copied().or(joined)?.parse().ok()
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
