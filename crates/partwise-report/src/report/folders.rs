//! What goes into the report of a fit or of a scan, from what is in memory or in its folder.

use super::{ConsensusMap, Geometry, Groups, Labels, Report, Residuals};
use crate::error::Error;
use crate::mosaic::Size;
use partwise::data::Matrix;
use partwise::select::{Consensus, Kind, Outcome, matching};
use partwise::transform::Model;
use partwise::{Factor, Loss, Scalar};
use partwise_io::NpyScalar;
use partwise_io::fitted::{Agreement, Alike, AxisNames, Pictured, PixelOrder, Stored, component_names};
use partwise_io::scanned::{Jobs, SCAN};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Samples of a consensus map, at most.
const MAP: usize = 500;
/// Known signatures that are named for a component.
const KNOWN: usize = 3;

/// What a report is told of the data, which the data do not say.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Told {
    /// Its heading; without one, the name of the data.
    pub title: Option<String>,
    /// What features are.
    pub geometry: Option<Geometry>,
    /// What is known of samples.
    pub groups: Vec<Groups>,
    /// How well each component is found again by other runs.
    pub stability: Option<Vec<f64>>,
    /// `scan.json` of the scan that the rank comes from.
    pub scan: Option<Value>,
    /// The consensus of that rank.
    pub consensus: Option<ConsensusMap>,
    /// How far runs agree on the components, if those are a consensus.
    pub agreement: Option<Agreement>,
    /// The known signatures that each component is most alike, with their cosines.
    pub known: Option<Vec<Alike>>,
}

impl Geometry {
    /// What features are, of which there are so many: pixels of pictures of that size, words, or what their names say.
    ///
    /// # Errors
    /// [`Error::Size`] if pictures of that size have another number of pixels.
    pub fn of(
        image: Option<Size>,
        words: bool,
        names: Option<&[String]>,
        features: usize,
    ) -> Result<Option<Geometry>, Error> {
        match image {
            Some(size) if size.height.checked_mul(size.width) != Some(features) => {
                Err(Error::Size { size, entries: features })
            }
            Some(size) => Ok(Some(Geometry::Picture(size))),
            None if words => Ok(Some(Geometry::Words)),
            None => Ok(names.and_then(Geometry::sbs96)),
        }
    }
}

impl Residuals {
    /// How far every row and column of X is from `W H`, as a share of itself; whatever the loss was.
    ///
    /// # Errors
    /// [`partwise::Error::Shape`] if X has not the shape of W H.
    pub fn of<T: Scalar>(
        model: &Model<T>,
        w: &Factor<T>,
        x: &Matrix<'_, T>,
        threads: usize,
    ) -> partwise::Result<Residuals> {
        let squares = Model { loss: Loss::Frobenius, ..model.clone() };
        let rest = squares.residuals(w, x, threads)?;
        let nothing = Factor::from_row_major(w.rows(), w.rank(), &vec![T::ZERO; w.rows() * w.rank()])?;
        let all = squares.residuals(&nothing, x, threads)?;
        let shares = |rest: Vec<f64>, all: Vec<f64>| -> Vec<f64> {
            rest.iter().zip(all).map(|(rest, all)| (rest / all).sqrt()).collect()
        };
        Ok(Residuals { rows: shares(rest.rows, all.rows), cols: shares(rest.cols, all.cols) })
    }
}

impl ConsensusMap {
    /// The consensus matrix of the runs of a rank, by their labels of the samples; `None` if there is nothing to see.
    pub fn of<'l>(
        labels: impl IntoIterator<Item = &'l [u32]>,
        rank: usize,
        seed: u64,
    ) -> Option<ConsensusMap> {
        let mut labels = labels.into_iter().peekable();
        let mut consensus = Consensus::new(labels.peek()?.len());
        labels.for_each(|labels| consensus.add(labels.to_vec()));
        if consensus.runs() < 2 || rank < 2 {
            return None;
        }
        let map = consensus.map(rank, MAP, seed);
        Some(ConsensusMap { rank, samples: map.samples, clusters: map.clusters, values: map.values })
    }

    /// The same of the outcomes of a scan.
    pub fn of_runs<T>(outcomes: &[Outcome<T>], rank: usize, seed: u64) -> Option<ConsensusMap> {
        let whole = |run: &&Outcome<T>| run.job.rank == rank && run.job.kind == Kind::Whole;
        ConsensusMap::of(outcomes.iter().filter(whole).map(|run| run.labels.as_slice()), rank, seed)
    }
}

/// The report of a fit: its `run.json`, W, H, and names.
pub fn of_fit<T: Scalar>(
    run: &Value,
    (w, h): (&Factor<T>, &Factor<T>),
    names: &AxisNames,
    residuals: Option<Residuals>,
    told: &Told,
) -> String {
    let components = names.components.as_ref().map(|known| component_names(h.rank(), Some(known)));
    let report = Report {
        run: Some(run),
        factors: Some((w, h)),
        labels: labels(names, components.as_deref()),
        geometry: told.geometry.clone(),
        groups: told.groups.clone(),
        residuals,
        stability: told.stability.clone(),
        scan: told.scan.as_ref(),
        consensus: told.consensus.clone(),
        agreement: told.agreement.clone(),
        known: told.known.clone(),
        ..Report::new(told.title.clone().unwrap_or_else(|| title(&run["data"]["input"])))
    };
    report.to_html()
}

/// The report of a scan, which `scan.json` describes.
pub fn of_scan(scan: &Value, consensus: Option<ConsensusMap>, heading: Option<String>) -> String {
    let heading = heading.unwrap_or_else(|| title(&scan["input"]));
    Report::<f64> { scan: Some(scan), consensus, ..Report::new(heading) }.to_html()
}

fn labels<'a>(names: &'a AxisNames, components: Option<&'a [String]>) -> Labels<'a> {
    Labels { rows: names.rows.as_deref(), cols: names.cols.as_deref(), components }
}

/// The name of the data, without folders.
fn title(input: &Value) -> String {
    let input = input.as_str().unwrap_or("partwise");
    Path::new(input).file_name().map_or(input.into(), |name| name.to_string_lossy().into_owned())
}

/// The folder of a scan, as far as a report needs it.
#[derive(Debug)]
pub struct ScanFolder {
    document: Value,
    map: Option<ConsensusMap>,
    stability: Option<Vec<f64>>,
}

impl ScanFolder {
    /// Whether this is the folder of a scan that has been summed up.
    pub fn is_there(folder: &Path) -> bool {
        folder.join(SCAN).exists()
    }

    /// Opens it: for the report of the scan, or for that of a fit with this H.
    ///
    /// # Errors
    /// If a file is missing or damaged; if H has not the features of the scan.
    pub fn open(folder: &Path, h: Option<&Factor<f64>>) -> Result<ScanFolder, Error> {
        let path = folder.join(SCAN);
        let document = read_json(&path)?;
        let (jobs, common) = Jobs::existing(folder)?;
        let advised = document["advice"]["rank"].as_u64().map(|rank| rank as usize);
        let (map, stability) = match h.map(Factor::rank).or(advised) {
            None => (None, None),
            Some(rank) if common.precision == "f32" => runs_of::<f32>(&jobs, rank, common.spec.seed, h)?,
            Some(rank) => runs_of::<f64>(&jobs, rank, common.spec.seed, h)?,
        };
        Ok(ScanFolder { document, map, stability })
    }

    /// The report of the scan.
    pub fn to_html(self, title: Option<String>) -> String {
        of_scan(&self.document, self.map, title)
    }
}

/// `scan.json`
fn read_json(path: &Path) -> Result<Value, Error> {
    let shown = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => partwise_io::Error::NotFound { path: shown.clone() },
        _ => partwise_io::Error::Unreadable { path: shown.clone(), source },
    })?;
    serde_json::from_slice(&text).map_err(|error| Error::Data(format!("{shown}: {error}")))
}

type Said = (Option<ConsensusMap>, Option<Vec<f64>>);

/// What the runs of a scan say of a rank, and of H of that rank if there is one.
fn runs_of<T: NpyScalar>(
    jobs: &Jobs,
    rank: usize,
    seed: u64,
    h: Option<&Factor<f64>>,
) -> Result<Said, Error> {
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
    Ok((ConsensusMap::of_runs(&outcomes, rank, seed), stability))
}

/// The folder of a fit, as far as a report needs it.
#[derive(Debug)]
pub struct FitFolder {
    folder: PathBuf,
    document: Value,
    /// Names of rows, columns and components.
    pub names: AxisNames,
    w: Option<Factor<f64>>,
    h: Factor<f64>,
    /// How its pictures were read, if X was made of pictures.
    pictured: Option<Pictured>,
    of_texts: bool,
    agreement: Option<Agreement>,
    known: Option<Vec<Alike>>,
}

impl FitFolder {
    /// Opens it.
    ///
    /// # Errors
    /// As [`Stored::open`], [`Stored::model`], [`Stored::agreement`] and [`Stored::known`].
    pub fn open(folder: &Path) -> Result<FitFolder, Error> {
        let stored = Stored::open(folder)?;
        let (model, names) = stored.model::<f64>()?;
        let w = stored.w::<f64>()?;
        let (pictured, of_texts) = (stored.pictured()?, stored.is_of_texts());
        let (agreement, known) = (stored.agreement()?, stored.known(KNOWN)?);
        let (folder, document, h) = (folder.to_path_buf(), stored.document, model.h);
        Ok(FitFolder { folder, document, names, w, h, pictured, of_texts, agreement, known })
    }

    /// Samples, as far as there is W of them, and features.
    pub fn shape(&self) -> (usize, usize) {
        (self.w.as_ref().map_or(0, Factor::rows), self.h.rows())
    }

    /// Whether X was made of texts, and features are words.
    pub fn is_of_texts(&self) -> bool {
        self.of_texts
    }

    /// The size of pictures that the fit was told, so that it need not be told twice.
    pub fn image(&self) -> Option<Size> {
        if let Some(pictured) = &self.pictured {
            let by_columns = pictured.order == PixelOrder::Columns;
            return Some(Size { by_columns, ..Size::new(pictured.height, pictured.width) });
        }
        let words: Vec<&str> =
            self.document["command"].as_array()?.iter().filter_map(Value::as_str).collect();
        let after = words.iter().position(|word| *word == "--image").and_then(|at| words.get(at + 1));
        let joined = words.iter().find_map(|word| word.strip_prefix("--image="));
        let size: Size = after.copied().or(joined)?.parse().ok()?;
        Some(Size { by_columns: words.contains(&"--column-major"), ..size })
    }

    /// The report of the fit, with what a scan of the same data says of its rank and components.
    ///
    /// # Errors
    /// Those of [`ScanFolder::open`]; [`Error::Data`] if the scan is of other data.
    pub fn to_html(&self, told: &Told, scan: Option<&Path>) -> Result<String, Error> {
        let scan = scan.map(|folder| ScanFolder::open(folder, Some(&self.h))).transpose()?;
        if let (Some(scan), Some(hash)) = (&scan, self.document["data"]["hash"].as_str())
            && scan.document["data"].as_str().is_some_and(|other| other != hash)
        {
            let folder = self.folder.display();
            let problem = format!("the scan is of other data than {folder}; name the scan of the same file");
            return Err(Error::Data(problem));
        }
        let known = self.names.components.as_ref();
        let components = known.map(|known| component_names(self.h.rank(), Some(known)));
        let report = Report {
            run: Some(&self.document),
            factors: self.w.as_ref().map(|w| (w, &self.h)),
            labels: labels(&self.names, components.as_deref()),
            geometry: told.geometry.clone(),
            groups: told.groups.clone(),
            stability: scan.as_ref().and_then(|scan| scan.stability.clone()),
            scan: scan.as_ref().map(|scan| &scan.document),
            consensus: scan.as_ref().and_then(|scan| scan.map.clone()),
            agreement: self.agreement.clone(),
            known: self.known.clone(),
            ..Report::new(told.title.clone().unwrap_or_else(|| title(&self.document["data"]["input"])))
        };
        Ok(report.to_html())
    }
}
