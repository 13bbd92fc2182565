//! `partwise signatures`: from a table of mutations to signatures, to the mutations that they make, and to what is known of them.

mod known;
mod tables;

use crate::any::Number;
use crate::args::{LookArgs, SideArg, SignaturesArgs};
use crate::catalogue;
use crate::consensus;
use crate::failure::{Failure, Outcome};
use crate::fit::{Destination, Made, Others, solve_with, stem};
use crate::output;
use crate::rank::{self, Said};
use crate::report;
use crate::signals::{self, Phase};
use crate::source::Source;
use crate::talk::{self, Talk, count, grouped};
use known::{Compared, Known};
use partwise::data::Matrix;
use partwise::select::{Advice, Agreed, Filter, Kind, Scan, advise, summaries};
use partwise::{Factor, Fit, Given, Init, Loss, Model, RowRules, Spec};
use partwise_io::fitted::{
    CONSENSUS, COSINE, EXPOSURES, Folder, GivenNames, KNOWN, SAMPLES, SCHEMA_VERSION, SIGNATURES,
    SIGNATURES_SPREAD, SPREAD,
};
use partwise_io::scanned::{Common, Jobs, SCAN, TABLE};
use partwise_io::{ClassKind, Labels, Precision, ReadOptions};
use partwise_report::{ConsensusMap, Told};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Signatures that are tried if nothing is said, at most.
const MOST: usize = 10;
/// Runs that are less alike than this have not found the same signature.
const ALIKE: f64 = 0.8;

pub(crate) fn run(args: &SignaturesArgs, talk: &Talk) -> Result<Outcome, Failure> {
    if args.runs < 2 {
        return Err(Failure::Usage(format!(
            "--runs {}: signatures are what 2 runs or more agree on",
            args.runs
        )));
    }
    // What is wrong whatever the data are is told before they are read.
    spec(args, args.rank.unwrap_or(1)).check()?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-signatures", stem(&args.table))));
    let scans = args.scan.clone().unwrap_or_else(|| beside(&out));
    let place =
        |path: &Path| std::path::absolute(path).ok().map(|path| path.components().collect::<PathBuf>());
    if output::is_same(&out, &scans) || place(&out) == place(&scans) {
        return Err(Failure::Usage(format!(
            "--scan {}: that is --out, and the signatures need a folder of their own; choose another",
            scans.display()
        )));
    }
    let lists = [&args.classes, &args.samples, &args.reference, &args.groups];
    let inputs: Vec<&Path> = [args.table.as_path()]
        .into_iter()
        .chain(lists.into_iter().filter_map(|file| file.as_deref()))
        .collect();
    let folder = output::create(&out, args.force, &inputs)?;
    let (x, mut source, kind) = open(args)?;
    source.introduce(talk);
    source.check(&spec(args, 1))?;
    if source.facts.nonzeros == 0 {
        return Err(Failure::Data(format!("{}: no sample has a mutation", source.name)));
    }
    let ranks = ranks(args, &source)?;
    let classes = source.names.cols.as_deref();
    let known = args.reference.as_deref();
    let known = known.map(|path| Known::open(path, classes, kind, source.memory_limit)).transpose()?;
    let look = LookArgs { groups: args.groups.clone(), words: false };
    let shape = (source.facts.rows, source.facts.cols);
    let look = report::look(args.report, &look, None, &source.names, shape)?;
    let mut scan = Scan {
        spec: spec(args, 1),
        ranks,
        runs: args.runs,
        folds: args.folds,
        shuffled: args.shuffled,
        blocks: 0,
    };
    scan.spec.memory_limit = Some(source.memory_limit.saturating_sub(source.bytes));
    rank::without_folds(&mut scan, &source, talk);
    scan.check::<f64>(&source.facts)?;
    let common = rank::common(&source, &scan)?;
    if args.rank.is_some() {
        // Nothing is to be chosen.
        (scan.folds, scan.shuffled) = (0, 0);
    }
    if args.dry_run {
        return dry_run(&source, &scan, (&out, &scans), args).map(|()| Outcome::Done);
    }
    let jobs = jobs(&scans, &common, args.force)?;
    let Some(chosen) = choose(&x, &source, &scan, (&jobs, &scans), args, talk)? else {
        return Ok(signals::received().map_or(Outcome::Done, Outcome::Interrupted));
    };
    source.names.components = Some(kind.signature_names(chosen.rank));
    let look = look.map(|look| Told { scan: chosen.document.clone(), consensus: chosen.map.clone(), ..look });
    finish(x, &source, (common, chosen), (folder, look, known.as_ref()), args, talk)
}

/// `OUT-scan`
fn beside(out: &Path) -> PathBuf {
    let mut name = out.components().collect::<PathBuf>().into_os_string();
    name.push("-scan");
    name.into()
}

/// X with samples in rows and classes in columns.
fn open(args: &SignaturesArgs) -> Result<(Matrix<'static, f64>, Source, ClassKind), Failure> {
    let mut options = ReadOptions::default();
    options.precision = Precision::F64;
    options.key.clone_from(&args.key);
    if let Some(limit) = args.memory_limit {
        options.memory_limit = limit.as_u64();
    }
    let list = |option: &str, path: &Option<PathBuf>| {
        path.as_deref().map(|path| catalogue::list(option, path)).transpose()
    };
    let labels = Labels {
        classes: list("classes", &args.classes)?,
        samples: list("samples", &args.samples)?,
        samples_in_rows: args.samples_in.map(|side| side == SideArg::Rows),
    };
    let (matrix, mut source, kind) = catalogue::open(&args.table, options, labels)?;
    let x =
        f64::of(matrix).ok_or_else(|| Failure::Internal("the table was read in single precision".into()))?;
    counts(&x, &source)?;
    let mut fractions = 0;
    x.to_row_major().iter().for_each(|x| fractions += u64::from(x.is_finite() && x.fract() != 0.0));
    if fractions > 0 {
        source.notes.push(format!(
            "{} of its entries are not whole numbers, as numbers of mutations are; they are taken as they are",
            grouped(fractions)
        ));
    }
    let lines = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(one.to_string()),
        n => Some(format!("{n} {many}")),
    };
    source.notes.extend(lines(
        source.facts.empty_rows,
        "1 sample has no mutation, and gets exposures of 0",
        "samples have no mutation, and get exposures of 0",
    ));
    source.notes.extend(lines(
        source.facts.empty_cols,
        "1 class has no mutation, and is 0 in all signatures",
        "classes have no mutation, and are 0 in all signatures",
    ));
    Ok((x, source, kind))
}

/// Refuses what is no number of mutations, in the words of such a table.
fn counts(x: &Matrix<'_, f64>, source: &Source) -> Result<(), Failure> {
    let (values, cols) = (x.to_row_major(), x.cols().max(1));
    let Some(at) = values.iter().position(|x| !(x.is_finite() && *x >= 0.0)) else { return Ok(()) };
    let named = |what: &str, names: &Option<Vec<String>>, at: usize| {
        let name = names.as_ref().and_then(|names| names.get(at));
        name.map_or(format!("{what} {}", at + 1), |name| format!("{what} '{name}'"))
    };
    let problem = match values.get(at) {
        Some(x) if x.is_nan() => "NaN, or an empty cell,".to_string(),
        Some(x) => x.to_string(),
        None => String::new(),
    };
    Err(Failure::Data(format!(
        "{}: {problem} at {} of {}; numbers of mutations are finite and not negative, 0 where there are none",
        source.name,
        named("class", &source.names.cols, at % cols),
        named("sample", &source.names.rows, at / cols)
    )))
}

fn spec(args: &SignaturesArgs, rank: usize) -> Spec {
    let mut spec = Spec::default();
    (spec.loss, spec.rank, spec.seed) = (Loss::KullbackLeibler, rank, args.seed);
    (spec.max_iter, spec.tol, spec.threads) = (args.max_iter, args.tol, args.threads);
    spec
}

/// The numbers of signatures to try.
fn ranks(args: &SignaturesArgs, source: &Source) -> Result<Vec<usize>, Failure> {
    let (samples, classes) = (source.facts.rows, source.facts.cols);
    let ranks = match (&args.rank, &args.ranks) {
        (Some(rank), _) => vec![*rank],
        (None, Some(ranks)) => ranks.0.clone(),
        (None, None) => (1..=MOST.min(samples).min(classes)).collect(),
    };
    let option = if args.rank.is_some() { "rank" } else { "ranks" };
    match ranks.iter().find(|&&rank| rank > samples.min(classes)) {
        None => Ok(ranks),
        Some(rank) => Err(Failure::Usage(format!(
            "--{option} {rank}: there are {} of {}, and no more signatures than the smaller number",
            count(samples as u64, "sample"),
            if classes == 1 { "1 class".into() } else { format!("{classes} classes") },
        ))),
    }
}

/// The folder of the fits; with `force`, that of another scan begins anew.
fn jobs(folder: &Path, common: &Common, force: bool) -> Result<Jobs, Failure> {
    match Jobs::open(folder, common, false) {
        Err(_) if force => Ok(Jobs::open(folder, common, true)?),
        opened => Ok(opened?),
    }
}

/// How many signatures, and the fits that say so.
struct Chosen {
    rank: usize,
    /// What the choice was made by, if there was one.
    advice: Option<Advice>,
    /// scan.json, and the consensus of the rank.
    document: Option<serde_json::Value>,
    map: Option<ConsensusMap>,
    found: Agreed<f64>,
}

/// Does what is left of the scan, takes a rank, and what its runs agree on; nothing if the scan was stopped.
fn choose(
    x: &Matrix<'_, f64>,
    source: &Source,
    scan: &Scan,
    (jobs, folder): (&Jobs, &Path),
    args: &SignaturesArgs,
    talk: &Talk,
) -> Result<Option<Chosen>, Failure> {
    let outcomes =
        rank::fits(x, scan, (jobs, folder), &scan.jobs(), jobs.load_of(source.facts.cols)?, None, talk)?;
    let missing = scan.missing(&outcomes);
    if missing > 0 {
        talk.say(format!(
            "{} are not done yet; those that are, are kept in {}: the same command goes on with them",
            count(missing as u64, "fit"),
            folder.display()
        ));
        return Ok(None);
    }
    signals::enter(Phase::Writing);
    let found = summaries(&outcomes, scan.spec.seed);
    let (mut advice, mut document) = (None, None);
    let rank = match args.rank {
        Some(rank) => rank,
        None => {
            let advised = advise(&found, missing);
            let said = Said { found: &found, advice: &advised, command: None, missing };
            let scan = scan.with_ranks(found.iter().map(|summary| summary.rank));
            let all = rank::document(source, &scan, outcomes.len(), &said);
            let json = all.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
            rank::put(&folder.join(SCAN), &json)?;
            rank::put(&folder.join(TABLE), &all.to_table()?)?;
            rank::tell(&advised, missing, None, None, talk);
            talk.say(format!("  {SCAN} and {TABLE} in {} say it number by number", folder.display()));
            document =
                Some(serde_json::from_slice(&json).map_err(|error| Failure::Internal(error.to_string()))?);
            let rank = advised.rank.ok_or_else(|| {
                Failure::Data(format!(
                    "{}: no number of signatures is recommended: {}; choose one with --rank",
                    source.name,
                    advised.reasons.join("; ")
                ))
            })?;
            advice = Some(advised);
            rank
        }
    };
    let filter = Filter { neighbours: args.neighbours, limit: args.max_distance };
    let map = ConsensusMap::of_runs(&outcomes, rank, scan.spec.seed);
    let found = consensus::agreement(outcomes, rank, filter, folder, talk)?;
    let found = by_share(found, x, args.threads)?;
    Ok(Some(Chosen { rank, advice, document, map, found }))
}

/// Signatures at sum 1, those that make most mutations first.
fn by_share(found: Agreed<f64>, x: &Matrix<'_, f64>, threads: usize) -> Result<Agreed<f64>, Failure> {
    let (n, k) = (found.h.rows(), found.h.rank());
    let (h, spread) = (found.h.to_transposed(), found.spread.to_transposed());
    let sums: Vec<f64> = h.chunks_exact(n.max(1)).map(|signature| signature.iter().sum()).collect();
    let at_one = |values: &[f64], order: &[usize]| -> Result<Factor<f64>, Failure> {
        let scaled = order.iter().flat_map(|&c| {
            let by = if sums[c] > 0.0 { 1.0 / sums[c] } else { 0.0 };
            values[c * n..][..n].iter().map(move |x| x * by)
        });
        Ok(Factor::from_transposed(n, k, &scaled.collect::<Vec<f64>>())?)
    };
    let mut order: Vec<usize> = (0..k).collect();
    let model = Model {
        h: at_one(&h, &order)?,
        loss: Loss::KullbackLeibler,
        rules: RowRules::default(),
        component_scale: vec![1.0; k],
        least: 0.0,
    };
    let mutations = totals(&model.transform(x, threads)?);
    order.sort_by(|&a, &b| mutations[b].total_cmp(&mutations[a]));
    let (h, spread) = (at_one(&h, &order)?, at_one(&spread, &order)?);
    Ok(Agreed {
        h,
        spread,
        runs: order.iter().map(|&c| found.runs[c]).collect(),
        cosines: order.iter().map(|&c| found.cosines[c]).collect(),
        ..found
    })
}

/// The mutations that each signature makes in all samples.
fn totals(w: &Factor<f64>) -> Vec<f64> {
    let mut sums = vec![0.0; w.rank()];
    for i in 0..w.rows() {
        sums.iter_mut().zip(w.row(i)).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// Solves exposures, writes all, and tells.
fn finish(
    x: Matrix<'static, f64>,
    source: &Source,
    (common, chosen): (Common, Chosen),
    (folder, look, known): (Folder, Option<Told>, Option<&Known>),
    args: &SignaturesArgs,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    let Chosen { rank, advice, found, .. } = chosen;
    let names = source.names.components.clone().unwrap_or_default();
    let compared = known.map(|known| known.compared(&found.h)).transpose()?;
    let mut spec = common.spec;
    (spec.rank, spec.restarts, spec.init, spec.threads) = (rank, 1, Init::Auto, args.threads);
    let unlike = names.iter().zip(&found.cosines).filter(|(_, cosine)| **cosine < ALIKE);
    let unlike: Vec<&str> = unlike.map(|(name, _)| name.as_str()).collect();
    if !unlike.is_empty() {
        talk.say(format!(
            "  {}: runs differ in what they find here (mean cosine below {ALIKE}); fewer signatures may be more certain",
            unlike.join(", ")
        ));
    }
    let given = Given { fixed_h: Some(found.h.clone()), ..Given::default() };
    let to = Destination {
        folder,
        format: args.format.into(),
        image: None,
        beside: None,
        json: false,
        strict: false,
        timings: false,
        given: GivenNames::default(),
        others: vec![
            (CONSENSUS.into(), consensus::table(&found, &names)?),
            (SPREAD.into(), consensus::spread(&found)?),
        ],
        report: look.map(|look| Told {
            agreement: Some(consensus::told(&found)),
            known: compared.as_deref().map(|all| all.iter().map(Compared::likest).collect()),
            ..look
        }),
    };
    let more = |fit: &Fit<f64>, x: &Matrix<'_, f64>| {
        let files = others(fit, x, source, (&names, &found), known.zip(compared.as_deref()))?;
        Ok(Made { files, consensus: Some(consensus::taken(&found)), ..Made::default() })
    };
    let (fit, outcome) = solve_with(x, source, spec, &given, to, talk, more)?;
    let mutations = totals(&fit.w);
    let all: f64 = mutations.iter().sum();
    let lines: Vec<tables::Line<'_>> = names
        .iter()
        .enumerate()
        .map(|(c, name)| tables::Line {
            name,
            mutations: mutations[c],
            share: if all > 0.0 { mutations[c] / all } else { 0.0 },
            runs: found.runs[c],
            stability: found.cosines[c],
            known: compared.as_ref().map(|compared| &compared[c]),
        })
        .collect();
    if args.json {
        let signature = |line: &tables::Line<'_>| {
            json!({"name": line.name, "mutations": line.mutations, "share": line.share, "runs": line.runs,
                   "stability": line.stability, "reference": line.known})
        };
        let document = json!({
            "schema_version": SCHEMA_VERSION,
            "input": source.name,
            "samples": source.facts.rows,
            "classes": source.facts.cols,
            "rank": rank,
            "advice": advice,
            "runs": args.runs,
            "left_out": found.left_out,
            "signatures": lines.iter().map(signature).collect::<Vec<_>>(),
        });
        talk::data(format!("{document:#}\n").as_bytes())?;
    } else {
        talk::data(&tables::summary(&lines)?)?;
    }
    Ok(outcome)
}

/// The tables of the result.
fn others(
    fit: &Fit<f64>,
    x: &Matrix<'_, f64>,
    source: &Source,
    (names, found): (&[String], &Agreed<f64>),
    known: Option<(&Known, &[Compared])>,
) -> Result<Others, Failure> {
    let classes = tables::names_or(source.names.cols.as_deref(), "class", fit.h.rows());
    let samples = tables::names_or(source.names.rows.as_deref(), "sample", fit.w.rows());
    let mut all = vec![
        (SIGNATURES.into(), tables::factor("MutationType", &classes, names, &fit.h)?),
        (SIGNATURES_SPREAD.into(), tables::factor("MutationType", &classes, names, &found.spread)?),
        (EXPOSURES.into(), tables::factor("Samples", &samples, names, &fit.w)?),
        (SAMPLES.into(), tables::samples(&samples, fit, x)?),
    ];
    if let Some((known, compared)) = known {
        all.push((COSINE.into(), tables::cosines(names, known, compared)?));
        all.push((KNOWN.into(), tables::reference(names, compared)?));
    }
    Ok(all)
}

/// What would be done.
fn dry_run(
    source: &Source,
    scan: &Scan,
    (out, folder): (&Path, &Path),
    args: &SignaturesArgs,
) -> Result<(), Failure> {
    let jobs = scan.jobs();
    let of = |kind: Kind| jobs.iter().filter(|job| job.kind == kind).count();
    if args.json {
        let document = json!({
            "schema_version": SCHEMA_VERSION,
            "dry_run": true,
            "samples": source.facts.rows,
            "classes": source.facts.cols,
            "ranks": scan.ranks,
            "fits": jobs.len(),
            "notes": source.notes,
        });
        return talk::data(format!("{document:#}\n").as_bytes());
    }
    let ranks: Vec<String> = scan.ranks.iter().map(usize::to_string).collect();
    let mut text = format!("{} samples, {} classes\n", source.facts.rows, source.facts.cols);
    text += &format!("signatures: {}\n", ranks.join(", "));
    text += &format!(
        "{}: {} to all of the table, {} without a fold, {} to shuffled data\n",
        count(jobs.len() as u64, "fit"),
        of(Kind::Whole),
        of(Kind::HeldOut),
        of(Kind::Shuffled)
    );
    text += &format!("would keep them in {}, and write to {}\n", folder.display(), out.display());
    talk::data(text.as_bytes())
}
