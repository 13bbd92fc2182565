//! `partwise fit`

use crate::any::{Number, with_matrix};
use crate::args::{self, FitArgs, InitArg};
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::given::GivenFiles;
use crate::output;
use crate::progress::Watch;
use crate::report;
use crate::score;
use crate::signals::{self, Phase};
use crate::source::Source;
use crate::summary;
use crate::talk::{self, Talk, bytes, count};
use partwise::data::Matrix;
use partwise::plan::Plan;
use partwise::run::Progress;
use partwise::{Fit, Free, Given, Init, Nmf, Simplex, Spec};
use partwise_io::fitted::{
    Asked, Data, Folder, GivenNames, RECONSTRUCTION, REPORT, RUN, Record, SCHEMA_VERSION, Seconds,
    TableFormat, Taken,
};
use partwise_report::{Shades, Size, Told};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where results go, and in which form.
pub(crate) struct Destination {
    pub(crate) folder: Folder,
    pub(crate) format: TableFormat,
    pub(crate) image: Option<Size>,
    /// Whether to draw some of X beside the model, in this way; for pictures.
    pub(crate) beside: Option<Shades>,
    pub(crate) json: bool,
    /// Whether a fit that has not converged is a failure.
    pub(crate) strict: bool,
    /// Whether to say where the time went.
    pub(crate) timings: bool,
    /// Files that were given beside X.
    pub(crate) given: GivenNames,
    /// What else goes into the folder: names and contents.
    pub(crate) others: Others,
    /// What to make a report with, if one is wanted.
    pub(crate) report: Option<Told>,
}

pub(crate) fn run(args: &FitArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let spec = spec(args)?;
    // What is wrong whatever the data are is told before they are read.
    spec.check()?;
    let counting = Counting::of(&args.data);
    let given = GivenFiles::of(&args.init, &args.constraints, &args.penalties)?;
    let inputs: Vec<&Path> = [args.input.as_path()]
        .into_iter()
        .chain(counting.files())
        .chain(given.files())
        .chain(args.source.files())
        .collect();
    let folder = output::create(&out(args), args.force, &inputs)?;
    // A dry run asks all the same, so that it promises nothing that a run would refuse.
    let folder = (!args.dry_run).then_some(folder);
    let (matrix, mut source) = Source::open(&args.input, &args.source, counting)?;
    if args.source.triplets || args.data.hold_out.is_some() {
        source.note_absent();
    }
    source.introduce(talk);
    if let Some(size) = args.image.filter(|s| s.height.checked_mul(s.width) != Some(source.facts.cols)) {
        let n = source.facts.cols;
        return Err(Failure::Usage(format!(
            "--image {size}: rows of H have {n} entries, not {}",
            size_of(size)
        )));
    }
    with_matrix!(matrix, x => fit(x, source, spec, (args, &given), folder, talk))
}

/// Where results go: if nothing is said, into a folder here with the name of the data and the rank.
fn out(args: &FitArgs) -> PathBuf {
    args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-rank{}", stem(&args.input), args.rank)))
}

/// The name of an input without folders and endings; `x` for standard input.
pub(crate) fn stem(input: &Path) -> String {
    let name = input.file_name().filter(|name| *name != "-").map(PathBuf::from).unwrap_or_default();
    let unzipped = name.extension().filter(|e| *e == "gz").map_or(name.clone(), |_| name.with_extension(""));
    unzipped.file_stem().map_or("x".into(), |stem| stem.to_string_lossy().into_owned())
}

fn size_of(size: Size) -> String {
    size.height.checked_mul(size.width).map_or("so many".into(), |n| n.to_string())
}

fn fit<T: Number>(
    x: Matrix<'static, T>,
    mut source: Source,
    spec: Spec,
    (args, files): (&FitArgs, &GivenFiles),
    folder: Option<Folder>,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    source.check(&spec)?;
    let shape = (source.facts.rows, source.facts.cols);
    let image = report::ordered(args.image, args.column_major)?;
    let look = report::look(args.report, &args.look, image, &source.names, shape)?;
    let start = files.read::<T>(spec.rank, &mut source)?;
    let source = &source;
    let (spec, plan) = planned(spec, source, &start, talk)?;
    let Some(folder) = folder else {
        let e = TableFormat::from(args.format).extension();
        let files = format!("W.{e}, H.{e} and {RUN}");
        return dry_run::<T>(source, &plan, args.json, &files, &out(args)).map(|()| Outcome::Done);
    };
    let FitArgs { json, strict, timings, .. } = *args;
    let to = Destination {
        folder,
        format: args.format.into(),
        image,
        beside: None,
        json,
        strict,
        timings,
        given: files.names(),
        others: Vec::new(),
        report: look,
    };
    let (_, outcome) = solve(x, source, spec, &start, to, talk)?;
    Ok(outcome)
}

/// What is done: with the rule that fits into memory, which is what the fit then has to be asked for.
pub(crate) fn planned<T: Number>(
    mut spec: Spec,
    source: &Source,
    start: &Given<T>,
    talk: &Talk,
) -> Result<(Spec, Plan), Failure> {
    let limit = source.memory_limit.saturating_sub(source.bytes);
    let mut plan = spec.plan_for(&source.facts, start)?;
    if plan.memory > limit {
        // With less memory something else may be chosen, and then stays so.
        let mut short = spec.clone();
        short.memory_limit = Some(limit);
        let before = std::mem::replace(&mut plan, short.plan_for(&source.facts, start)?);
        plan.notes.iter().filter(|note| !before.notes.contains(note)).for_each(|note| talk.say(note));
        (spec.rule, spec.compress) = (plan.spec.rule, plan.spec.compress);
    }
    Ok((spec, plan))
}

/// Files that say more of a fit: their names and contents.
pub(crate) type Others = Vec<(String, Vec<u8>)>;

/// What a command makes of a fit beside the fit.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// More files for the folder.
    pub(crate) files: Others,
    /// For standard output, in place of the table of components.
    pub(crate) table: Option<Vec<u8>>,
    /// What H was taken from, if it is a consensus.
    pub(crate) consensus: Option<Taken>,
}

/// Fits, writes, and tells.
pub(crate) fn solve<T: Number>(
    x: Matrix<'static, T>,
    source: &Source,
    spec: Spec,
    start: &Given<T>,
    to: Destination,
    talk: &Talk,
) -> Result<(Fit<T>, Outcome), Failure> {
    solve_with(x, source, spec, start, to, talk, |_, _| Ok(Made::default()))
}

/// The same, with what `make` makes of the fit and of X.
pub(crate) fn solve_with<T: Number>(
    x: Matrix<'static, T>,
    source: &Source,
    spec: Spec,
    start: &Given<T>,
    to: Destination,
    talk: &Talk,
    make: impl FnOnce(&Fit<T>, &Matrix<'_, T>) -> Result<Made, Failure>,
) -> Result<(Fit<T>, Outcome), Failure> {
    signals::enter(Phase::Solving);
    let mut watch = Watch::new(talk, spec.tol * 1e-3, spec.time_limit);
    let nmf = Nmf::from_spec(spec);
    let fitted = nmf.fit_with(&x, &source.facts, start, &mut |progress: &Progress| watch.iteration(progress));
    watch.finish();
    let fit = fitted?;
    signals::enter(Phase::Writing);
    let wanted = to.report.is_some() || to.beside.is_some();
    let residuals = wanted.then(|| report::residuals(&fit, &x)).transpose()?;
    let beside = match (to.image, to.beside, &residuals) {
        (Some(size), Some(shades), Some(far)) => Some(output::beside(&fit, &x, &far.rows, size, shades)?),
        _ => None,
    };
    let made = make(&fit, &x)?;
    let held_out = score::held_out(x, source, &fit)?;

    let clock = Instant::now();
    let mut files = output::write(&to.folder, &fit, &source.names, to.format, to.image)?;
    for (name, bytes) in to.others.iter().chain(&made.files) {
        to.folder.put_other(name, bytes, &mut files)?;
    }
    if let Some(png) = &beside {
        to.folder.put_other(RECONSTRUCTION, png, &mut files)?;
    }
    if to.report.is_some() {
        files.others.push(REPORT.into());
    }
    let write = clock.elapsed().as_secs_f64();
    let seconds = Seconds { load: source.seconds, init: fit.seconds.0, solve: fit.seconds.1, write };
    let asked = Asked {
        command: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        data: Data {
            input: source.name.clone(),
            format: source.format.clone(),
            stored_as: source.stored_as.clone(),
            hash: Some(source.fingerprint.clone()),
            counted: source.counting.record(),
            observed: source.facts.observed,
            given: to.given,
            notes: source.notes.clone(),
        },
        transposed: source.transposed,
        seconds,
        files: files.clone(),
        held_out: held_out.map(|(held_out, _)| held_out),
        consensus: made.consensus,
    };
    let record = Record::new(&source.facts, &fit, asked);
    let json = record.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
    to.folder.put(RUN, &json)?;
    if let Some(look) = &to.report {
        let html = report::of_fit(&fit, &json, &source.names, residuals, look)?;
        to.folder.put(REPORT, html.as_bytes())?;
    }
    let target = to.folder.target().to_path_buf();
    output::commit(to.folder, &files)?;

    summary::tell(&fit, held_out, source, talk);
    if made.table.is_none() {
        summary::components(&fit, source, talk);
    }
    if to.timings {
        summary::timings(&fit, seconds, talk);
    }
    let mut written = files.all();
    written.push(RUN);
    talk.say(format!("\nwrote {} to {}", written.join(", "), shown(&target).display()));
    if to.json {
        talk::data(&json)?;
    } else if let Some(table) = &made.table {
        talk::data(table)?;
    }
    let outcome = match (fit.status, signals::received()) {
        (partwise::Status::Interrupted, Some(signal)) => Outcome::Interrupted(signal),
        (status, _) if to.strict && !status.is_converged() => Outcome::NotConverged,
        _ => Outcome::Done,
    };
    Ok((fit, outcome))
}

/// A path as the user would write it.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok().and_then(|here| std::fs::canonicalize(here).ok());
    let relative = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    relative.filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| path.to_path_buf())
}

fn spec(args: &FitArgs) -> Result<Spec, Failure> {
    let mut spec = args::spec(&args.model, &args.effort, &args.penalties, &args.constraints)?;
    (spec.rank, spec.restarts) = (args.rank, args.restarts);
    spec.init = match args.init {
        InitArg::Named(init) => init,
        InitArg::Files { .. } => Init::Auto,
    };
    (spec.unseen, spec.negatives) = (args.unseen, args.negatives);
    (spec.time_limit, spec.target_error) = (args.time_limit, args.target_error);
    Ok(spec)
}

/// Penalties and constraints, a line each; empty if there are none.
fn extras(s: &Spec) -> String {
    let mut penalties: Vec<String> = s.penalties.iter().map(|penalty| penalty.to_string()).collect();
    for (name, value) in [("l1:w", s.l1_w), ("l2:w", s.l2_w), ("l1:h", s.l1_h), ("l2:h", s.l2_h)] {
        if value != 0.0 {
            penalties.push(format!("{name}:={value}"));
        }
    }
    let mut constraints = Vec::new();
    for (side, simplex, least, most, sparseness) in [
        ("W", s.simplex_w, s.min_w, s.max_w, s.sparseness_w),
        ("H", s.simplex_h, s.min_h, s.max_h, s.sparseness_h),
    ] {
        match simplex {
            Simplex::None => {}
            Simplex::AtMost => constraints.push(format!("{side} on the simplex, at most")),
            _ => constraints.push(format!("{side} on the simplex")),
        }
        if least > 0.0 {
            constraints.push(format!("{side} >= {least}"));
        }
        constraints.extend(most.map(|most| format!("{side} <= {most}")));
        constraints.extend(sparseness.map(|sparseness| format!("{side} of sparseness {sparseness}")));
    }
    if s.free != Free::None {
        constraints.push(format!("{} of both signs", s.free.name().to_uppercase()));
    }
    if s.smoothing > 0.0 {
        constraints.push(format!("smoothing {}", s.smoothing));
    }
    let line = |what: &str, all: &[String]| {
        if all.is_empty() { String::new() } else { format!("{what}: {}\n", all.join(", ")) }
    };
    line("penalties", &penalties) + &line("constraints", &constraints)
}

/// What would be done: on standard output, as text or JSON.
pub(crate) fn dry_run<T: Number>(
    source: &Source,
    plan: &Plan,
    json: bool,
    files: &str,
    out: &Path,
) -> Result<(), Failure> {
    let x_bytes = source.bytes;
    if json {
        let document = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "dry_run": true,
            "shape": [source.facts.rows, source.facts.cols],
            "stored": source.facts.stored,
            "precision": T::NAME,
            "observed": source.facts.observed,
            "data_bytes": x_bytes,
            "fit_bytes": plan.memory,
            "options": plan.spec,
            "notes": plan.notes,
        });
        return talk::data(format!("{document:#}\n").as_bytes());
    }
    let (m, n, k) = (source.facts.rows, source.facts.cols, plan.spec.rank);
    let mut text = format!("X ({m}, {n}) -> W ({m}, {k}), H ({k}, {n}), in {}\n", T::NAME);
    let s = &plan.spec;
    text += &format!(
        "loss {}, rule {}, init {}, {}, seed {}, {}\n",
        s.loss,
        s.rule,
        s.init,
        count(s.restarts as u64, "start"),
        s.seed,
        count(s.threads as u64, "thread"),
    );
    text += &extras(s);
    text += &format!("at most {} per start, tolerance {:e}\n", count(s.max_iter as u64, "iteration"), s.tol);
    text += &format!("memory: X {}, the fit about {} more\n", bytes(x_bytes), bytes(plan.memory));
    for note in &plan.notes {
        text += &format!("note: {note}\n");
    }
    text += &format!("would write {files} to {}\n", out.display());
    talk::data(text.as_bytes())
}
