//! `partwise topics`: texts become a matrix of documents and words, and its parts are topics.

use crate::any::{Number, with_matrix};
use crate::args::{LookArgs, TopicsArgs};
use crate::failure::{Failure, Outcome};
use crate::fit::{Destination, Made, dry_run, planned, solve_with, stem};
use crate::output;
use crate::report;
use crate::source::Source;
use crate::talk::{Talk, count, grouped};
use crate::texts::{Texts, without_words};
use partwise::data::Matrix;
use partwise::select::{By, top_features};
use partwise::{Fit, Given, Init, Loss, Spec};
use partwise_io::fitted::{DOCUMENTS, GivenNames, RUN, TEXT, TOPICS, TableFormat, component_names};
use partwise_io::words::{Corpus, LeftOut, Pruning, StopWords, TextModel, Weighting};
use partwise_io::{Cell, ReadOptions, Separator, write_cells_to};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(args: &TopicsArgs, talk: &Talk) -> Result<Outcome, Failure> {
    if args.rank.is_none() && args.matrix_out.is_none() {
        return Err(Failure::Usage(
            "--rank is needed, the number of topics; with --matrix-out X.npz in its place the matrix is written, and \
             `partwise rank X.npz` helps to find one"
                .into(),
        ));
    }
    let spec = spec(args)?;
    if args.rank.is_some() {
        spec.check()?;
    }
    let stop = stop_words(&args.stop_words)?;
    let inputs: Vec<&Path> = args.paths.iter().map(PathBuf::as_path).collect();
    let folder = match args.rank {
        None => None,
        Some(rank) => {
            let out = out(args, rank);
            output::refuse_among(&out, &args.paths, &inputs, "texts")?;
            Some(output::create(&out, args.force, &inputs)?)
        }
    };
    if let Some(file) = &args.matrix_out {
        output::may_write_x(file, args.force, &inputs)?;
    }
    let began = Instant::now();
    let limit = args.memory_limit.map_or(ReadOptions::default().memory_limit, |limit| limit.as_u64());
    let mut corpus = Corpus::new(args.ngrams, stop, limit);
    let mut texts = Texts::read(&args.paths, &args.texts, limit, |text| corpus.add(text))?;
    if corpus.documents() < 2 {
        return Err(Failure::Data(format!(
            "{}: {}; topics are what documents have in common, and two are needed at least (--lines takes every line of a \
             file for one)",
            texts.name,
            count(corpus.documents(), "document")
        )));
    }
    let pruning = Pruning { min_docs: args.min_docs, max_docs: args.max_docs, max_words: args.max_words };
    let (documents, stopped, words) = (corpus.documents(), corpus.stopped(), corpus.words());
    let (model, rows, left_out) = corpus.finish(pruning, args.weights.into())?;
    texts.notes.push(match model.stop_words.words.len() {
        0 => format!("{} words, no stop words", grouped(words)),
        n => format!(
            "{} words, without {} stop words ({}, a list of {n}; --stop-words none keeps them)",
            grouped(words),
            grouped(stopped),
            model.stop_words.name
        ),
    });
    texts.notes.push(vocabulary(&model, left_out, pruning, documents));
    texts.notes.extend(without_words(&rows, "vocabulary"));
    let excerpts = std::mem::take(&mut texts.excerpts);
    let precision = args.precision.into();
    let (matrix, mut source) = texts.matrix(rows, (&model, precision), limit, began)?;
    source.introduce(talk);
    if let Some(file) = &args.matrix_out
        && !args.dry_run
    {
        output::write_x(file, &matrix, &source, talk)?;
    }
    let Some((folder, rank)) = folder.zip(args.rank) else { return Ok(Outcome::Done) };
    source.names.components = Some((1..=rank).map(|c| format!("topic_{c}")).collect());
    with_matrix!(matrix, x => fit(x, source, spec, (args, &model, &excerpts), folder, talk))
}

fn spec(args: &TopicsArgs) -> Result<Spec, Failure> {
    if args.init == Init::Given {
        return Err(Failure::Usage(
            "--init given: files to start from are for `fit`, of --matrix-out".into(),
        ));
    }
    let mut spec = Spec::default();
    spec.rank = args.rank.unwrap_or(1);
    spec.loss = args.loss.unwrap_or(match args.weights.into() {
        Weighting::Tfidf => Loss::Frobenius,
        Weighting::Counts => Loss::KullbackLeibler,
    });
    (spec.rule, spec.normalize, spec.init) = (args.rule, args.normalize, args.init);
    (spec.restarts, spec.seed, spec.time_limit) = (args.restarts, args.seed, args.time_limit);
    args.effort.put(&mut spec);
    Ok(spec)
}

/// A language, `none`, or a file.
fn stop_words(list: &str) -> Result<StopWords, Failure> {
    if list.eq_ignore_ascii_case("none") {
        return Ok(StopWords::none());
    }
    if let Some(known) = StopWords::of_language(list) {
        return Ok(known);
    }
    let path = Path::new(list);
    if !path.exists() {
        return Err(Failure::Usage(format!(
            "--stop-words {list}: there is no file of that name, and the languages are {}; none keeps all words",
            StopWords::languages()
        )));
    }
    Ok(StopWords::of_file(path)?)
}

/// Where results go: if nothing is said, into a folder here with the name of the texts and the rank.
fn out(args: &TopicsArgs, rank: usize) -> PathBuf {
    let name = |path: &PathBuf| match std::fs::canonicalize(path) {
        Ok(folder) if folder.is_dir() => folder.file_name().map(|name| name.to_string_lossy().into_owned()),
        _ => Some(stem(path)),
    };
    let name = args.paths.first().and_then(name).unwrap_or_else(|| "texts".into());
    args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-topics{rank}")))
}

/// What became columns, and what did not.
fn vocabulary(model: &TextModel, left_out: LeftOut, pruning: Pruning, documents: u64) -> String {
    let least = pruning.least(documents);
    let reasons = [
        (left_out.rare, format!("in fewer than {} (--min-docs)", count(least, "document"))),
        (left_out.frequent, format!("in more than {} % of them (--max-docs)", percent(pruning.max_docs))),
        (left_out.beyond, format!("beyond {} (--max-words)", grouped(pruning.max_words as u64))),
    ];
    let told: Vec<String> =
        reasons.into_iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{} {why}", grouped(n))).collect();
    let kept = model.vocabulary.len() as u64;
    let what = if <(usize, usize)>::from(model.ngrams) == (1, 1) { "word" } else { "word or run of words" };
    let kept = if kept == 1 { format!("1 {what}") } else { format!("{} {}", grouped(kept), plural(what)) };
    match told.is_empty() {
        true => format!("vocabulary: {kept}, and none is left out"),
        false => format!("vocabulary: {kept}; left out are {}", told.join(", ")),
    }
}

fn plural(what: &str) -> &'static str {
    if what == "word" { "words" } else { "words and runs of words" }
}

/// `95`, `33.3`
fn percent(share: f64) -> String {
    let percent = format!("{:.1}", 100.0 * share);
    percent.strip_suffix(".0").map_or(percent.clone(), String::from)
}

fn fit<T: Number>(
    x: Matrix<'static, T>,
    source: Source,
    spec: Spec,
    (args, model, excerpts): (&TopicsArgs, &TextModel, &[String]),
    folder: partwise_io::fitted::Folder,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    source.check(&spec)?;
    let shape = (source.facts.rows, source.facts.cols);
    let look = LookArgs { groups: args.groups.clone(), words: args.report };
    let look = report::look(args.report, &look, None, &source.names, shape)?;
    let start = Given::default();
    let (spec, plan) = planned(spec, &source, &start, talk)?;
    let target = out(args, plan.spec.rank);
    if args.dry_run {
        let e = TableFormat::from(args.format).extension();
        let files = format!("W.{e}, H.{e}, {TEXT}, {TOPICS}, {DOCUMENTS} and {RUN}");
        return dry_run::<T>(&source, &plan, args.json, &files, &target).map(|()| Outcome::Done);
    }
    let loss = match args.loss {
        None => format!("weights {}, and so the loss is {}", model.weights.name(), spec.loss),
        Some(loss) => format!("weights {}, loss {loss}", model.weights.name()),
    };
    talk.say(format!("  {loss}"));
    let text = model.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
    let to = Destination {
        folder,
        format: args.format.into(),
        image: None,
        beside: None,
        json: args.json,
        strict: args.strict,
        timings: false,
        given: GivenNames::default(),
        others: vec![(TEXT.into(), text)],
        report: look,
    };
    let (_, outcome) = solve_with(x, &source, spec, &start, to, talk, |fit, _| {
        let topics = topics(fit, &source, args.top_words);
        let documents = representative(fit, &source, excerpts, args.top_docs)?;
        let files = vec![(TOPICS.into(), topics.clone()), (DOCUMENTS.into(), documents)];
        Ok(Made { files, table: Some(topics), ..Made::default() })
    })?;
    Ok(outcome)
}

/// Names of topics.
fn names<T: Number>(fit: &Fit<T>, source: &Source) -> Vec<String> {
    component_names(fit.spec.rank, source.names.components.as_deref())
}

/// The first words of each topic. No word has a tab or a quote in it, so that nothing need be quoted.
fn topics<T: Number>(fit: &Fit<T>, source: &Source, most: usize) -> Vec<u8> {
    let top = top_features(&fit.h, &fit.shares, By::Weight, most);
    let vocabulary = source.names.cols.as_deref().unwrap_or_default();
    let mut text = "topic\tshare\twords\n".to_string();
    for ((name, features), share) in names(fit, source).iter().zip(&top).zip(&fit.shares) {
        let words: Vec<&str> =
            features.iter().filter_map(|f| vocabulary.get(f.feature)).map(String::as_str).collect();
        text += &format!("{name}\t{share:.4}\t{}\n", words.join(", "));
    }
    text.into_bytes()
}

/// The documents that stand for each topic: those with much of it that are about little else. In the order of the weight
/// times the share of the topic in what the model says of the document.
fn representative<T: Number>(
    fit: &Fit<T>,
    source: &Source,
    excerpts: &[String],
    most: usize,
) -> Result<Vec<u8>, Failure> {
    let (m, k) = (fit.w.rows(), fit.spec.rank);
    let sums: Vec<f64> = (0..k).map(|c| (0..fit.h.rows()).map(|j| fit.h.row(j)[c].to_f64()).sum()).collect();
    // For each topic weight, share and document, the first ones only.
    let mut best: Vec<Vec<(f64, f64, usize)>> = vec![Vec::new(); k];
    for i in 0..m {
        let weights: Vec<f64> = fit.w.row(i).iter().take(k).map(|w| w.to_f64()).collect();
        let total: f64 = weights.iter().zip(&sums).map(|(w, sum)| w * sum).sum();
        for (c, best) in best.iter_mut().enumerate() {
            let amount = weights[c] * sums[c];
            if amount <= 0.0 || total <= 0.0 {
                continue;
            }
            let found = (weights[c], amount / total, i);
            let at = best.partition_point(|other| other.0 * other.1 >= found.0 * found.1);
            if at < most {
                best.insert(at, found);
                best.truncate(most);
            }
        }
    }
    let documents = source.names.rows.as_deref().unwrap_or_default();
    let names = names(fit, source);
    let rows = best.iter().zip(&names).flat_map(|(best, topic)| {
        best.iter().enumerate().map(move |(at, &(weight, share, i))| {
            vec![
                Cell::Name(topic),
                Cell::Count(at + 1),
                Cell::Name(documents.get(i).map_or("", String::as_str)),
                Cell::Number(digits(weight)),
                Cell::Number(digits(share)),
                Cell::Name(excerpts.get(i).map_or("", String::as_str)),
            ]
        })
    });
    let mut out = Vec::new();
    let header = ["topic", "place", "document", "weight", "share", "text"];
    write_cells_to(&mut out, &header, rows, Separator::Tab)?;
    Ok(out)
}

/// As many digits as a table is read for; all of them are in W.
fn digits(x: f64) -> f64 {
    format!("{x:.4e}").parse().unwrap_or(x)
}
