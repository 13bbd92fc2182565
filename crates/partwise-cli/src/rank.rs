//! `partwise rank`: a scan over ranks, kept fit by fit, and what it says.

use crate::any::{Number, with_matrix};
use crate::args::{self, ConstraintArgs, RankArgs, Shard};
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::report;
use crate::signals::{self, Phase};
use crate::source::Source;
use crate::talk::{self, Talk, count, seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use partwise::data::Matrix;
use partwise::run::Progress;
use partwise::select::{
    Advice, Confidence, Job, Kind, Outcome as Done, Scan, Summary, Watch, advise, summaries,
};
use partwise_io::fitted::{REPORT, Versions};
use partwise_io::scanned::{Common, Document, Jobs, SCAN, TABLE, is_of_a_scan};
use partwise_report::ConsensusMap;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(args: &RankArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let scan = scan(args)?;
    let counting = Counting::of_rows(&args.data, partwise::Missing::None);
    let (matrix, mut source) = Source::open(&args.input, &args.source, counting)?;
    if args.source.triplets {
        source.note_absent();
    }
    source.introduce(talk);
    with_matrix!(matrix, x => go(&x, &source, scan, args, talk))
}

/// What is asked for.
fn scan(args: &RankArgs) -> Result<Scan, Failure> {
    let ConstraintArgs { fix_h, fix_w, fix_components, .. } = &args.constraints;
    for (option, file) in [("fix-h", fix_h), ("fix-w", fix_w), ("fix-components", fix_components)] {
        if file.is_some() {
            return Err(Failure::Usage(format!(
                "--{option} is for one rank, that of its file; fit with it, or scan without it"
            )));
        }
    }
    if let Some(penalty) = args.penalties.penalties.iter().find(|penalty| penalty.file.is_some()) {
        return Err(Failure::Usage(format!(
            "--penalty {}:...:FILE is for `fit`; scan without it",
            penalty.penalty.kind
        )));
    }
    let mut spec = args::spec(&args.model, &args.effort, &args.penalties, &args.constraints)?;
    spec.negatives = args.negatives;
    Ok(Scan {
        spec,
        ranks: args.ranks.as_ref().map_or_else(|| (1..=10).collect(), |ranks| ranks.0.clone()),
        runs: args.runs,
        folds: args.folds,
        shuffled: args.shuffled,
        blocks: args.blocks,
    })
}

fn go<T: Number>(
    x: &Matrix<'_, T>,
    source: &Source,
    mut scan: Scan,
    args: &RankArgs,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    source.check(&scan.spec_of(1))?;
    if matches!(x, Matrix::Weighted(_)) && scan.shuffled > 0 {
        talk.say("  entries are weighted or missing: nothing is shuffled");
        scan.shuffled = 0;
    }
    if matches!(x, Matrix::Weighted(_)) && scan.blocks > 0 {
        return Err(Failure::Usage(
            "--blocks is for X of which all entries count, and as much; use --folds for the rest".into(),
        ));
    }
    without_folds(&mut scan, source, talk);
    let most = source.facts.rows.max(source.facts.cols);
    if args.ranks.is_none() {
        let least = source.facts.rows.min(source.facts.cols).max(1);
        scan.ranks.retain(|&rank| rank <= least);
    }
    if let Some(rank) = scan.ranks.iter().find(|&&rank| rank > most) {
        return Err(Failure::Usage(format!(
            "--ranks: X is {} x {}, and rank {rank} is above both",
            source.facts.rows, source.facts.cols
        )));
    }
    scan.spec.memory_limit = Some(source.memory_limit.saturating_sub(source.bytes));
    scan.check::<T>(&source.facts)?;
    let folder = out(args);
    let common = common(source, &scan)?;
    let inputs: Vec<&Path> = [args.input.as_path()]
        .into_iter()
        .chain(source.counting.files())
        .chain(args.source.files())
        .collect();
    output::refuse_inputs(&folder, &inputs, |name| is_of_a_scan(name) || name == REPORT)?;
    let jobs = Jobs::open(&folder, &common, args.force)?;
    let all = scan.jobs();
    // What the folder holds of other ranks has its say too.
    let done: Vec<Done<T>> = jobs.load_of(source.facts.cols)?;
    let mine: Vec<Job> = match args.shard {
        None => all.clone(),
        Some(Shard { part, parts }) => all
            .iter()
            .copied()
            .enumerate()
            .filter(|(at, _)| at % parts == part - 1)
            .map(|(_, job)| job)
            .collect(),
    };
    let outcomes = fits(x, &scan, (&jobs, &folder), &mine, done, args.time_limit, talk)?;
    signals::enter(Phase::Writing);
    let missing = scan.missing(&outcomes);
    let found = summaries(&outcomes, scan.spec.seed);
    let advice = advise(&found, missing);
    let scan = scan.with_ranks(found.iter().map(|summary| summary.rank));
    let command = fit_command(&advice, &found);
    let said = Said { found: &found, advice: &advice, command: command.as_deref(), missing };
    let document = document(source, &scan, outcomes.len(), &said);
    let json = document.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
    let table = document.to_table()?;
    // A part says nothing of the whole.
    let whole = args.shard.is_none() || missing == 0;
    if whole {
        put(&folder.join(SCAN), &json)?;
        put(&folder.join(TABLE), &table)?;
        if args.report {
            let map = advice.rank.and_then(|rank| ConsensusMap::of_runs(&outcomes, rank, scan.spec.seed));
            put(&folder.join(REPORT), report::of_scan(&json, map)?.as_bytes())?;
        }
    }
    talk::data(if args.json { &json } else { &table })?;
    tell(&advice, missing, command.as_deref(), args.shard, talk);
    talk.say(match (whole, args.report) {
        (false, _) => {
            format!("\nfits are kept in {}; the command without --shard puts them together", folder.display())
        }
        (true, true) => format!("\nwrote {SCAN}, {TABLE} and {REPORT} to {}", folder.display()),
        (true, false) => format!("\nwrote {SCAN} and {TABLE} to {}", folder.display()),
    });
    Ok(signals::received().map_or(Outcome::Done, Outcome::Interrupted))
}

/// Of a single row or column, what a fold leaves out is all there is of its columns or rows.
pub(crate) fn without_folds(scan: &mut Scan, source: &Source, talk: &Talk) {
    if let Some(note) = scan.drop_folds(&source.facts) {
        talk.say(format!("  {note}"));
    }
}

/// Does what is left of a scan, every fit into its folder.
pub(crate) fn fits<T: Number>(
    x: &Matrix<'_, T>,
    scan: &Scan,
    (jobs, folder): (&Jobs, &Path),
    mine: &[Job],
    done: Vec<Done<T>>,
    time_limit: Option<f64>,
    talk: &Talk,
) -> Result<Vec<Done<T>>, Failure> {
    let jobs_of_all = scan.jobs().len();
    let here = jobs_of_all - scan.missing(&done);
    let known: HashSet<Job> = done.iter().map(|done| done.job).collect();
    let left = mine.iter().filter(|job| !known.contains(job)).count();
    if here > 0 {
        let (fits, folder) = (count(jobs_of_all as u64, "fit"), folder.display());
        talk.say(format!("{here} of {fits} are done already in {folder}"));
    }
    if done.len() > here {
        let others = count((done.len() - here) as u64, "other fit");
        talk.say(format!("{others} of this scan in {} are counted in", folder.display()));
    }
    signals::enter(Phase::Solving);
    let mut watch = Keeper::new(jobs, time_limit, left, talk);
    let outcomes = scan.run_some(x, mine, done, &mut watch);
    watch.finish();
    let failed = watch.failed.take();
    let outcomes = outcomes?;
    failed.map_or(Ok(outcomes), |error| Err(error.into()))
}

/// What the fits of a scan say, and how many are missing.
pub(crate) struct Said<'a> {
    pub(crate) found: &'a [Summary],
    pub(crate) advice: &'a Advice,
    /// The command that makes the recommended fit.
    pub(crate) command: Option<&'a str>,
    pub(crate) missing: usize,
}

/// scan.json and its table.
pub(crate) fn document<'a>(source: &'a Source, scan: &'a Scan, fits: usize, said: &Said<'a>) -> Document<'a> {
    Document {
        schema_version: 1,
        partwise: Versions::here(),
        scan,
        data: &source.fingerprint,
        input: &source.name,
        shape: (source.facts.rows, source.facts.cols),
        fits,
        missing: said.missing,
        advice: said.advice,
        fit: said.command,
        ranks: said.found,
    }
}

/// A file that appears as a whole.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(partwise_io::write_bytes(path, bytes)?)
}

/// Where the scan goes: if nothing is said, into a folder here with the name of the data.
fn out(args: &RankArgs) -> PathBuf {
    args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-ranks", crate::fit::stem(&args.input))))
}

/// What all fits of a scan have in common.
pub(crate) fn common(source: &Source, scan: &Scan) -> Result<Common, Failure> {
    Ok(Common {
        version: env!("CARGO_PKG_VERSION").into(),
        data: source.fingerprint.clone(),
        transposed: source.counted_in_columns(),
        counted: source.counting.fingerprints()?,
        precision: source.precision.into(),
        folds: scan.folds,
        blocks: scan.blocks,
        spec: Common::spec_of(scan),
    })
}

/// Keeps every fit that is done, and shows how it goes.
struct Keeper<'j> {
    jobs: &'j Jobs,
    bar: Option<ProgressBar>,
    verbose: bool,
    began: Instant,
    time_limit: Option<f64>,
    failed: Option<partwise_io::Error>,
    left: usize,
    made: usize,
}

impl<'j> Keeper<'j> {
    fn new(jobs: &'j Jobs, time_limit: Option<f64>, left: usize, talk: &Talk) -> Keeper<'j> {
        let bar = talk.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(Some(left as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(
                "{bar:30} {pos} of {len} fits, {elapsed}, about {eta} left; {msg}",
            ) {
                bar.set_style(style);
            }
            bar
        });
        let verbose = talk.is_verbose() && bar.is_none();
        Keeper { jobs, bar, verbose, began: Instant::now(), time_limit, failed: None, left, made: 0 }
    }

    fn is_over(&self) -> bool {
        signals::received().is_some()
            || self.time_limit.is_some_and(|limit| self.began.elapsed().as_secs_f64() >= limit)
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl<T: Number> Watch<T> for Keeper<'_> {
    fn ends(&mut self) -> bool {
        self.is_over()
    }

    fn iteration(&mut self, job: Job, progress: &Progress) -> ControlFlow<()> {
        if let Some(bar) = &self.bar
            && progress.iteration % 16 == 1
        {
            bar.set_message(format!("rank {}, iteration {}", job.rank, progress.iteration));
        }
        if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finished(&mut self, outcome: &Done<T>, _: usize, _: usize) -> ControlFlow<()> {
        self.made += 1;
        if let Err(error) = self.jobs.save(outcome) {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.made as u64);
        }
        if self.verbose {
            talk::line(&format!(
                "  {} of {}: rank {}, {} {}: relative error {:.5}, {} after {} in {}",
                self.made,
                self.left,
                outcome.job.rank,
                kind(outcome.job.kind),
                outcome.job.number + 1,
                outcome.relative_error,
                outcome.status.name().replace('_', " "),
                count(outcome.iterations as u64, "iteration"),
                seconds(outcome.seconds)
            ));
        }
        if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Whole => "run",
        Kind::HeldOut => "fold",
        Kind::Shuffled => "shuffled",
        Kind::Blocks => "block",
    }
}

/// The verdict, with its reasons.
pub(crate) fn tell(
    advice: &Advice,
    missing: usize,
    command: Option<&str>,
    shard: Option<Shard>,
    talk: &Talk,
) {
    talk.say("");
    if missing > 0 {
        talk.say(match shard {
            Some(_) => format!("{} are left to other shards, or not done yet", count(missing as u64, "fit")),
            None => {
                format!(
                    "{} are not done yet: the same command goes on with them",
                    count(missing as u64, "fit")
                )
            }
        });
    }
    let sure = match advice.confidence {
        Confidence::High => "with high confidence",
        Confidence::Medium => "with medium confidence",
        Confidence::Low => "with low confidence",
    };
    match advice.rank {
        Some(rank) => talk.say(format!("rank {rank}, {sure}")),
        None => talk.say("no rank is recommended"),
    }
    for reason in &advice.reasons {
        talk.say(format!("  {reason}"));
    }
    if let Some(command) = command {
        talk.say(format!("  the best of its runs: {command}"));
    }
}

/// Options of a scan that a fit has not, or has others of: those with a value, and those without.
const OWN: [&str; 16] = [
    "--ranks",
    "--rank",
    "--components",
    "--n-components",
    "-k",
    "--runs",
    "--restarts",
    "--nrun",
    "--n-iter",
    "--folds",
    "--blocks",
    "--shuffled",
    "--out",
    "-o",
    "--shard",
    "--time-limit",
];
const OWN_FLAGS: [&str; 7] = ["--report", "--json", "--force", "-q", "--quiet", "-v", "--verbose"];

/// The command whose result is the best run of the recommended rank: that of the scan with other options in place of its
/// own.
fn fit_command(advice: &Advice, found: &[Summary]) -> Option<String> {
    let rank = advice.rank?;
    let runs = found.iter().find(|summary| summary.rank == rank)?.runs;
    let mut words = Vec::new();
    let mut given = std::env::args().skip(2);
    while let Some(word) = given.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        // -k2..5 is -k 2..5
        let glued = ["-k", "-o"].iter().any(|short| name.len() > 2 && name.starts_with(short));
        if OWN.contains(&name) {
            if name == word {
                given.next();
            }
        } else if !glued && !OWN_FLAGS.contains(&name) {
            words.push(shlex::try_quote(&word).ok()?.into_owned());
        }
    }
    Some(format!("partwise fit {} --rank {rank} --init random --restarts {runs}", words.join(" ")))
}
