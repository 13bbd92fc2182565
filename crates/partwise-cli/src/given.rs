//! What is given beside X: factors to start from, to keep or to be near, and graphs.

use crate::any::{Labels, Number, as_h, as_w, read_as};
use crate::args::{ConstraintArgs, InitArg, PenaltyArg, PenaltyArgs};
use crate::counting::{file_name, same_names};
use crate::failure::Failure;
use crate::source::Source;
use crate::talk::count;
use partwise::data::{Matrix, Sparse};
use partwise::{Factor, Given, PenaltyKind};
use partwise_io::ReadOptions;
use partwise_io::fitted::GivenNames;
use std::path::{Path, PathBuf};

/// The files, by what they are for.
#[derive(Debug, Clone, Default)]
pub(crate) struct GivenFiles {
    w: Option<PathBuf>,
    h: Option<PathBuf>,
    fixed_w: Option<PathBuf>,
    fixed_h: Option<PathBuf>,
    /// Whether the fixed H may lack components.
    first_only: bool,
    target_w: Option<PathBuf>,
    target_h: Option<PathBuf>,
    graph_w: Option<PathBuf>,
    graph_h: Option<PathBuf>,
}

impl GivenFiles {
    pub(crate) fn of(
        init: &InitArg,
        constraints: &ConstraintArgs,
        penalties: &PenaltyArgs,
    ) -> Result<GivenFiles, Failure> {
        let ConstraintArgs { fix_w, fix_h, fix_components, .. } = constraints;
        let mut files = GivenFiles {
            fixed_w: fix_w.clone(),
            fixed_h: fix_h.clone().or(fix_components.clone()),
            first_only: fix_components.is_some(),
            ..GivenFiles::default()
        };
        if let InitArg::Files { w, h } = init {
            (files.w, files.h) = (w.clone(), h.clone());
        }
        for PenaltyArg { penalty, file } in &penalties.penalties {
            let Some(file) = file else { continue };
            let to = match (penalty.kind, penalty.on.w()) {
                (PenaltyKind::Graph, true) => &mut files.graph_w,
                (PenaltyKind::Graph, false) => &mut files.graph_h,
                (_, true) => &mut files.target_w,
                (_, false) => &mut files.target_h,
            };
            if to.replace(file.clone()).is_some() {
                return Err(Failure::Usage(format!(
                    "--penalty {}: two files for one factor; give one, with the sum of the weights",
                    penalty
                )));
            }
        }
        Ok(files)
    }

    fn all(&self) -> [&Option<PathBuf>; 8] {
        let Self { w, h, fixed_w, fixed_h, target_w, target_h, graph_w, graph_h, .. } = self;
        [w, h, fixed_w, fixed_h, target_w, target_h, graph_w, graph_h]
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.all().into_iter().filter_map(|file| file.as_deref())
    }

    pub(crate) fn names(&self) -> GivenNames {
        let [w, h, fixed_w, fixed_h, target_w, target_h, graph_w, graph_h] =
            self.all().map(|path| path.as_deref().map(file_name));
        GivenNames { w, h, fixed_w, fixed_h, target_w, target_h, graph_w, graph_h }
    }

    /// Reads them all; names of components that are fixed go into the names of the source.
    pub(crate) fn read<T: Number>(&self, rank: usize, source: &mut Source) -> Result<Given<T>, Failure> {
        let mut components: Option<(String, Vec<String>)> = None;
        let mut given = Given::default();
        for w in [true, false] {
            let side = |of_w, of_h| if w { of_w } else { of_h };
            let known = Known { rank, w, source };
            let start = side(&self.w, &self.h).as_deref().map(|path| known.start(path)).transpose()?;
            let mut fixed = None;
            if let Some(path) = side(&self.fixed_w, &self.fixed_h) {
                let part = !w && self.first_only;
                let (factor, names) = known.part(path, if part { Part::Fewer } else { Part::All })?;
                fixed = Some(factor);
                if let Some(names) = names {
                    let file = path.display().to_string();
                    if let Some((other, others)) = &components {
                        let (ours, theirs) = (&Some(others.clone()), &Some(names.clone()));
                        same_names("component", (other, ours), (&file, theirs))?;
                    }
                    components = Some((file, names));
                }
            }
            let target = side(&self.target_w, &self.target_h);
            let target = target.as_deref().map(|path| known.part(path, Part::UpToAll)).transpose()?;
            let target = target.map(|(factor, _)| factor);
            let graph = side(&self.graph_w, &self.graph_h);
            let graph = graph.as_deref().map(|path| known.graph(path)).transpose()?;
            if w {
                (given.w, given.fixed_w, given.target_w, given.graph_w) = (start, fixed, target, graph);
            } else {
                (given.h, given.fixed_h, given.target_h, given.graph_h) = (start, fixed, target, graph);
            }
        }
        source.names.components = components.map(|(_, names)| names);
        Ok(given)
    }
}

/// How many components a file has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Fewer,
    UpToAll,
}

/// One factor, as far as it is known before the fit.
struct Known<'s> {
    rank: usize,
    /// Whether it is W.
    w: bool,
    source: &'s Source,
}

impl Known<'_> {
    fn read<T: Number>(&self, path: &Path) -> Result<(Matrix<'static, T>, Labels), Failure> {
        let mut options = ReadOptions::default();
        options.memory_limit = self.source.memory_limit;
        read_as(path, options)
    }

    fn factor<T: Number>(&self, x: &Matrix<'_, T>) -> Result<Factor<T>, Failure> {
        Ok(if self.w { as_w(x)? } else { as_h(x)? })
    }

    /// `W`, its rows, what they are, and their names; the same of `H` by columns.
    fn side(&self) -> (&'static str, usize, &'static str, &Option<Vec<String>>) {
        let (facts, names) = (&self.source.facts, &self.source.names);
        if self.w { ("W", facts.rows, "row", &names.rows) } else { ("H", facts.cols, "column", &names.cols) }
    }

    /// A factor to start from; its shape is checked with the fit.
    fn start<T: Number>(&self, path: &Path) -> Result<Factor<T>, Failure> {
        self.factor(&self.read(path)?.0)
    }

    /// A factor, or its first components, with their names.
    fn part<T: Number>(&self, path: &Path, part: Part) -> Result<(Factor<T>, Option<Vec<String>>), Failure> {
        let (x, labels) = self.read::<T>(path)?;
        let (factor, lines, line, names) = self.side();
        let (f, length) = if self.w { (x.cols(), x.rows()) } else { (x.rows(), x.cols()) };
        let k = self.rank;
        let fits = match part {
            Part::All => f == k,
            Part::Fewer => f < k,
            Part::UpToAll => f <= k,
        };
        if length != lines || !fits {
            let most = if part == Part::Fewer { k.saturating_sub(1) } else { k };
            let needs = match (part, self.w) {
                (Part::All, true) => format!("{lines} x {k}"),
                (Part::All, false) => format!("{k} x {lines}"),
                (Part::Fewer, _) if most == 0 => "a --rank above 1".into(),
                (_, true) if most == 1 => format!("{lines} x 1"),
                (_, true) => format!("{lines} rows of 1 to {most}"),
                (_, false) if most == 1 => format!("1 row of {lines}"),
                (_, false) => format!("1 to {most} rows of {lines}"),
            };
            let instead = match part {
                _ if length != lines && f == lines => {
                    "; it is the other way round: `partwise convert --transpose` turns it"
                }
                Part::All if length == lines && f < k && !self.w => {
                    "; --fix-components fixes the first components and finds the others"
                }
                Part::Fewer if length == lines && f == k => "; --fix-h fixes all of them",
                Part::Fewer if length == lines => "; raise --rank",
                _ => "",
            };
            return Err(Failure::Data(format!(
                "{}: {} x {}, but {factor} needs {needs} here{instead}",
                path.display(),
                x.rows(),
                x.cols()
            )));
        }
        let (theirs, components) =
            if self.w { (&labels.rows, &labels.cols) } else { (&labels.cols, &labels.rows) };
        same_names(line, (&self.source.name, names), (&path.display().to_string(), theirs))?;
        Ok((self.factor(&x)?, components.clone()))
    }

    /// The graph of the rows of a factor.
    fn graph<T: Number>(&self, path: &Path) -> Result<Sparse<T>, Failure> {
        let (x, labels) = self.read::<T>(path)?;
        let (_, lines, line, names) = self.side();
        if (x.rows(), x.cols()) != (lines, lines) {
            return Err(Failure::Data(format!(
                "{}: {} x {}, but a graph of {} is {lines} x {lines}",
                path.display(),
                x.rows(),
                x.cols(),
                count(lines as u64, line)
            )));
        }
        let file = path.display().to_string();
        for theirs in [&labels.rows, &labels.cols] {
            same_names(line, (&self.source.name, names), (&file, theirs))?;
        }
        let graph = sparse(x)?;
        match asymmetry(&graph) {
            None => Ok(graph),
            Some((i, j)) => Err(Failure::Data(format!(
                "{file}: the entries at row {i}, column {j} and at row {j}, column {i} differ; a graph has symmetric weights: \
                 give the mean of the matrix and its transpose"
            ))),
        }
    }
}

fn sparse<T: Number>(x: Matrix<'static, T>) -> Result<Sparse<T>, Failure> {
    let n = x.cols().max(1);
    let x = match x {
        Matrix::Sparse(x) => return Ok(x),
        x => x,
    };
    let (mut rows, mut cols, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (e, value) in x.to_row_major().into_iter().enumerate().filter(|(_, value)| *value != T::ZERO) {
        rows.push((e / n) as u32);
        cols.push((e % n) as u32);
        values.push(value);
    }
    Ok(Sparse::from_coo(x.rows(), x.cols(), &rows, &cols, values)?)
}

/// The first entry that differs from the one across the diagonal.
fn asymmetry<T: Number>(graph: &Sparse<T>) -> Option<(usize, usize)> {
    let entries = |turned: bool| {
        let mut all: Vec<(usize, usize, f64)> = Vec::with_capacity(graph.stored());
        graph.for_each(|i, j, value| {
            let (i, j) = if turned { (j, i) } else { (i, j) };
            all.push((i, j, value.to_f64()));
        });
        all.sort_by_key(|entry| (entry.0, entry.1));
        all
    };
    let (own, other) = (entries(false), entries(true));
    let (a, b) = own.iter().zip(&other).find(|(a, b)| a != b)?;
    // The earlier of two different places is the one that the other matrix lacks.
    Some(if (a.0, a.1) <= (b.0, b.1) { (a.0, a.1) } else { (b.0, b.1) })
}
