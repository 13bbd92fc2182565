//! `partwise consensus`

use crate::any::{Number, with_matrix};
use crate::args::{ConsensusArgs, LayoutArg};
use crate::cnmf;
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::fit::{Destination, Made, solve_with, stem};
use crate::output;
use crate::report;
use crate::source::Source;
use crate::talk::{Talk, count};
use partwise::data::Matrix;
use partwise::run::Progress;
use partwise::select::{Agreed, Filter, Job, Kind, Outcome as Done, agreed};
use partwise::{Factor, Fit, Given, Init, Nmf, Normalize, Spec};
use partwise_io::fitted::{Agreement, CONSENSUS, Folder, GivenNames, SPREAD, Taken, component_names};
use partwise_io::scanned::{Common, Jobs};
use partwise_io::{Cell, Separator, write_cells_to, write_npy_to};
use partwise_report::Told;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &ConsensusArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let named = |what: &str| PathBuf::from(format!("{}-{what}", stem(&args.input)));
    let scan = args.scan.clone().unwrap_or_else(|| named("ranks"));
    let out = args.out.clone().unwrap_or_else(|| named(&format!("consensus{}", args.rank)));
    let (jobs, common) = Jobs::existing(&scan)?;
    let counting = Counting::of_rows(&args.data, partwise::Missing::None);
    let inputs: Vec<&Path> =
        [args.input.as_path()].into_iter().chain(counting.files()).chain(args.source.files()).collect();
    let folder = output::create(&out, args.force, &inputs)?;
    let (matrix, mut source) = Source::open(&args.input, &args.source, counting)?;
    if args.source.triplets {
        source.note_absent();
    }
    source.introduce(talk);
    let found = Common {
        data: source.fingerprint.clone(),
        transposed: source.counted_in_columns(),
        counted: source.counting.fingerprints()?,
        precision: source.precision.into(),
        ..common.clone()
    };
    if found != common {
        return Err(Failure::Data(format!(
            "{} is not the matrix of {}, which is a scan of {}; give both the same files and options",
            source.name,
            scan.display(),
            common.differs(&found)
        )));
    }
    with_matrix!(matrix, x => go(x, &source, (&jobs, &common, &scan), folder, args, talk))
}

fn go<T: Number>(
    x: Matrix<'static, T>,
    source: &Source,
    (jobs, common, scan): (&Jobs, &Common, &Path),
    folder: Folder,
    args: &ConsensusArgs,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    let shape = (source.facts.rows, source.facts.cols);
    let look = report::look(args.report, &args.look, None, &source.names, shape)?;
    let layout = match args.layout {
        LayoutArg::Partwise => None,
        LayoutArg::Cnmf => Some(cnmf::Layout::of(folder.target(), args.max_distance)?),
    };
    let filter = Filter { neighbours: args.neighbours, limit: args.max_distance };
    let found = agreement(jobs.load_of(source.facts.cols)?, args.rank, filter, scan, talk)?;
    let mut spec = common.spec.clone();
    (spec.rank, spec.restarts, spec.init) = (args.rank, 1, Init::Auto);
    // Components have length 1, and stay so.
    spec.normalize = Normalize::None;
    let found = by_share(found, &x, source, &spec)?;
    let names = component_names(args.rank, None);
    let others = vec![(CONSENSUS.into(), table(&found, &names)?), (SPREAD.into(), spread(&found)?)];
    let given = Given { fixed_h: Some(found.h.clone()), ..Given::default() };
    let to = Destination {
        folder,
        format: args.format.into(),
        image: None,
        beside: None,
        json: args.json,
        strict: false,
        timings: false,
        given: GivenNames::default(),
        others,
        report: look.map(|look| Told { agreement: Some(told(&found)), ..look }),
    };
    let more = |fit: &Fit<T>, x: &Matrix<'_, T>| {
        let made = Made { consensus: Some(taken(&found)), ..Made::default() };
        let Some(layout) = &layout else { return Ok(made) };
        let (files, notes) = layout.tables(fit, x, &source.names)?;
        notes.iter().for_each(|note| talk.say(note));
        Ok(Made { files, ..made })
    };
    let (_, outcome) = solve_with(x, source, spec, &given, to, talk, more)?;
    Ok(outcome)
}

/// The same components by their shares of the model, which only W says.
fn by_share<T: Number>(
    found: Agreed<T>,
    x: &Matrix<'_, T>,
    source: &Source,
    spec: &Spec,
) -> Result<Agreed<T>, Failure> {
    let given = Given { fixed_h: Some(found.h.clone()), ..Given::default() };
    let nmf = Nmf::from_spec(spec.clone());
    let fit = nmf.fit_with(x, &source.facts, &given, &mut |_: &Progress| ControlFlow::Continue(()))?;
    Ok(found.by_share(&fit.shares)?)
}

/// What the runs of a rank agree on, of the fits of the scan in that folder.
pub(crate) fn agreement<T: Number>(
    fits: Vec<Done<T>>,
    rank: usize,
    filter: Filter,
    scan: &Path,
    talk: &Talk,
) -> Result<Agreed<T>, Failure> {
    let wanted = |job: &Job| job.rank == rank && job.kind == Kind::Whole;
    let mut runs: Vec<Done<T>> = fits.into_iter().filter(|run| wanted(&run.job)).collect();
    runs.sort_by_key(|run| run.job);
    let runs: Vec<&Factor<T>> = runs.iter().filter_map(|run| run.h.as_ref()).collect();
    if runs.len() < 2 {
        return Err(Failure::Data(format!(
            "{} has {} of rank {rank}, and 2 are needed at least; add that rank: the command of the scan, with its input and \
             options, and `--ranks {rank} --out {}`",
            scan.display(),
            count(runs.len() as u64, "run"),
            shlex::try_quote(&scan.display().to_string()).unwrap_or_default()
        )));
    }
    let found = agreed(&runs, filter).map_err(|error| match error {
        // The word of the command line.
        partwise::Error::BadParameter { name: "limit", value, needs } => {
            partwise::Error::BadParameter { name: "max_distance", value, needs }
        }
        error => error,
    })?;
    tell(&found, runs.len(), talk);
    Ok(found)
}

fn tell<T>(found: &Agreed<T>, runs: usize, talk: &Talk) {
    let all = runs * found.runs.len();
    talk.say(format!(
        "  {} of {} components of {} are left out, as they are far from those of other runs",
        found.left_out,
        all,
        count(runs as u64, "run")
    ));
}

/// What the components were taken from.
pub(crate) fn taken<T>(found: &Agreed<T>) -> Taken {
    Taken { runs: found.distances.len(), left_out: found.left_out }
}

/// What a report says of them.
pub(crate) fn told<T: Number>(found: &Agreed<T>) -> Agreement {
    let spread: Vec<f64> = found.spread.to_transposed().iter().map(|x| x.to_f64()).collect();
    Agreement {
        taken: Some(taken(found)),
        runs: found.runs.clone(),
        cosines: found.cosines.clone(),
        spread: Factor::from_transposed(found.spread.rows(), found.spread.rank(), &spread).ok(),
    }
}

/// How many runs have each component, and how alike they are.
pub(crate) fn table<T>(found: &Agreed<T>, names: &[String]) -> Result<Vec<u8>, Failure> {
    let rows = found
        .runs
        .iter()
        .zip(&found.cosines)
        .zip(names)
        .map(|((&runs, &cosine), name)| vec![Cell::Name(name), Cell::Count(runs), Cell::Number(cosine)]);
    let mut out = Vec::new();
    write_cells_to(&mut out, &["component", "runs", "cosine"], rows, Separator::Tab)?;
    Ok(out)
}

/// By how much every entry varies among the runs, as a file.
pub(crate) fn spread<T: Number>(found: &Agreed<T>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    write_npy_to(&mut out, &found.spread.to_transposed(), (found.spread.rank(), found.spread.rows()))?;
    Ok(out)
}
