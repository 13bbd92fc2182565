//! `partwise transform`

use crate::any::Number;
use crate::args::{PrecisionArg, SourceArgs, TransformArgs, When};
use crate::catalogue;
use crate::counting::Counting;
use crate::failure::{Failure, Outcome, as_options};
use crate::images::Pictures;
use crate::output::{is_same, may_write};
use crate::source::{self, Source};
use crate::talk::{self, Talk, count, seconds};
use crate::texts;
use partwise::{Factor, Simplex};
use partwise_io::documents::is_matrix;
use partwise_io::fitted::{Pictured, Stored, TableFormat, component_names, write_factor};
use partwise_io::pictures::{find, is_of_pictures};
use partwise_io::words::TextModel;
use partwise_io::{AnyMatrix, Names, Separator, standard_classes, write_table_to};
use std::collections::{HashMap, HashSet};
use std::time::Instant;

pub(crate) fn run(args: &TransformArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let stored = Stored::open(&args.model)?;
    let counting = Counting::of_rows(&args.entries, stored.record.missing());
    let to = Target::of(args, &counting, &stored)?;
    // In the precision of the fit.
    if stored.is_single() {
        transform::<f32>(&stored, counting, args, &to, talk)
    } else {
        transform::<f64>(&stored, counting, args, &to, talk)
    }
}

fn transform<T: Number>(
    stored: &Stored,
    counting: Counting,
    args: &TransformArgs,
    to: &Target,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    let (mut model, known) = stored.model::<T>()?;
    // In the orientation of the fit.
    let transposed = stored.record.transposed;
    let text = text_model(stored, args, &counting)?;
    if let Some(text) = &text
        && known.cols.as_ref() != Some(&text.vocabulary)
    {
        return Err(Failure::Data(format!(
            "{}: text.json has other words than H has columns; the folder is a mixture of two fits",
            args.model.display()
        )));
    }
    let mut options = source::options(&SourceArgs {
        key: args.key.clone(),
        triplets: args.triplets,
        transpose: transposed,
        precision: PrecisionArg::Auto,
        header: args.header,
        row_names: args.row_names,
        sample_names: None,
        feature_names: None,
        memory_limit: args.memory_limit,
    });
    options.precision = T::PRECISION;
    if args.triplets {
        if known.cols.is_none() {
            return Err(Failure::Data(format!(
                "{}: triplets find their columns by name, and those of the fit have no names; fit a file with names, or give \
                 the new rows as a matrix",
                args.input.display()
            )));
        }
        let side = if transposed { &mut options.known_rows } else { &mut options.known_cols };
        side.clone_from(&known.cols);
    }
    let pictured = if args.triplets { None } else { stored.pictured()? };
    let by_class = known.cols.as_ref().is_some_and(|names| *names == standard_classes());
    let (matrix, mut source) = match (&text, pictured.filter(|_| is_of_pictures(&args.input))) {
        (Some(text), _) => texts::rows(&args.input, &args.texts, (text, T::PRECISION), options.memory_limit)?,
        (None, Some(pictured)) => new_pictures(&pictured, options.memory_limit, transposed, args, counting)?,
        (None, None) if by_class && !args.triplets && counting.is_of_all() => {
            catalogue::new_samples(&args.input, options, transposed)?
        }
        (None, None) => Source::read(&args.input, options, transposed, counting)?,
    };
    if args.triplets {
        source.note_absent();
    }
    source.introduce(talk);
    note_differences(stored, &source.counting, talk);
    let x = T::of(matrix)
        .ok_or_else(|| Failure::Internal("the rows were read in another precision than asked for".into()))?;
    if let Some(places) = places(&source, known.cols.as_deref())? {
        // As the columns are those of other rows, it is H that is put into their order.
        let values: Vec<T> = places.iter().flat_map(|&j| model.h.row(j).to_vec()).collect();
        model.h = Factor::from_row_major(model.h.rows(), model.h.rank(), &values)?;
        talk.say("  columns are taken by their names, which come in another order than in the fit");
    }
    if x.cols() != model.h.rows() {
        return Err(Failure::Data(format!(
            "{}: {} x {}, but the model has {}{}",
            source.name,
            x.rows(),
            x.cols(),
            count(model.h.rows() as u64, "column"),
            if source.transposed {
                "; the fit was made with --transpose, and so the new file is transposed too"
            } else {
                ""
            }
        )));
    }
    if !model.rules.left_out.is_empty() {
        talk.say(format!(
            "  left out, as it says nothing of rows by themselves: {}; rows of the fit may get another W than they had",
            as_options(&model.rules.left_out.join(", "))
        ));
    }
    source.check_rows(model.loss, model.least, &model.rules)?;
    let unseen = source.facts.unseen_rows;
    if let Some(first) = unseen.first {
        let (have, get) = if unseen.count == 1 { ("has", "gets") } else { ("have", "get") };
        let held = model.rules.simplex == Simplex::Exact || model.rules.min > 0.0;
        let what = if held { "what constraints say" } else { "zeros" };
        talk.say(format!(
            "  {} {have} no entry that counts, and {get} {what}, the first is row {first}{}",
            count(unseen.count as u64, "row"),
            source.names.at(Some(first), None)
        ));
    }
    let clock = Instant::now();
    let w = model.transform(&x, args.threads)?;
    talk.say(format!(
        "{} solved in {}",
        count(w.rows() as u64, "row"),
        seconds(clock.elapsed().as_secs_f64())
    ));
    let components = component_names(w.rank(), known.components.as_deref());
    let names = Names { rows: source.names.rows.as_deref(), cols: Some(&components) };
    let (values, shape) = (w.to_row_major(), (w.rows(), w.rank()));
    match to {
        Target::Stdout => {
            let mut text = Vec::new();
            write_table_to(&mut text, &values, shape, names, Separator::Tab)?;
            talk::data(&text)?;
        }
        Target::File(format) => {
            write_factor(&args.out, *format, &values, shape, names)?;
            talk.say(format!("wrote {}", args.out.display()));
        }
    }
    Ok(Outcome::Done)
}

/// Where in the model the columns of the new rows are, by their names; nothing if that is where they are, or if there are no
/// names to tell.
fn places(source: &Source, known: Option<&[String]>) -> Result<Option<Vec<usize>>, Failure> {
    let (Some(ours), Some(theirs)) = (known, source.names.cols.as_deref()) else { return Ok(None) };
    if ours == theirs {
        return Ok(None);
    }
    let wrong = |problem: String| Failure::Data(format!("{}: {problem}", source.name));
    let at: HashMap<&String, usize> = ours.iter().enumerate().map(|(at, name)| (name, at)).collect();
    let new: HashSet<&String> = theirs.iter().collect();
    let side = if source.transposed { "rows" } else { "columns" };
    let missing: Vec<&String> = ours.iter().filter(|name| !new.contains(name)).collect();
    if !missing.is_empty() {
        return Err(wrong(format!(
            "{} of the {} features of the model {} missing: {}; features are found by the names of {side}",
            missing.len(),
            ours.len(),
            if missing.len() == 1 { "is" } else { "are" },
            listed(&missing)
        )));
    }
    let surplus: Vec<&String> = theirs.iter().filter(|name| !at.contains_key(name)).collect();
    if !surplus.is_empty() {
        return Err(wrong(format!(
            "{} of its {} {side} {} no feature of the model: {}; leave out what the fit had not",
            surplus.len(),
            theirs.len(),
            if surplus.len() == 1 { "is" } else { "are" },
            listed(&surplus)
        )));
    }
    if at.len() != ours.len() || theirs.len() != ours.len() {
        let twice = theirs.iter().enumerate().find(|(at, name)| theirs[..*at].contains(name));
        let name = twice.map_or(String::new(), |(_, name)| format!(": '{}'", name.escape_debug()));
        return Err(wrong(format!(
            "several {side} have one name{name}, so the names do not say which is which; put them into the order of the fit"
        )));
    }
    Ok(Some(theirs.iter().filter_map(|name| at.get(name).copied()).collect()))
}

/// The first few names.
fn listed(names: &[&String]) -> String {
    const MOST: usize = 5;
    let first: Vec<String> =
        names.iter().take(MOST).map(|name| format!("'{}'", name.escape_debug())).collect();
    let more = names.len().saturating_sub(MOST);
    first.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// New pictures as rows, as those of the fit became rows.
fn new_pictures(
    pictured: &Pictured,
    memory_limit: u64,
    transposed: bool,
    args: &TransformArgs,
    counting: Counting,
) -> Result<(AnyMatrix, Source), Failure> {
    let mut options = pictured.options();
    (options.memory_limit, options.transpose) = (memory_limit, transposed);
    let found = find(&[&args.input], memory_limit)?;
    let name = args.input.display().to_string();
    let Pictures { x, source, .. } = Pictures::read(found, &options, name, counting)?;
    Ok((AnyMatrix::F32(x), source))
}

/// How the input becomes rows, if it is texts: where the model is one of texts, and the input no matrix.
fn text_model(
    stored: &Stored,
    args: &TransformArgs,
    counting: &Counting,
) -> Result<Option<TextModel>, Failure> {
    let text = if is_matrix(&args.input) { None } else { stored.text()? };
    let refuse = |option: &str, what: &str| Err(Failure::Usage(format!("{option} is for {what}")));
    if text.is_none() {
        return match args.texts.given() {
            Some(option) => refuse(option, "texts, and models that `partwise topics` has made of texts"),
            None => Ok(None),
        };
    }
    let given = [
        ("--triplets", args.triplets),
        ("--key", args.key.is_some()),
        ("--header", args.header != When::Auto),
        ("--row-names", args.row_names != When::Auto),
        ("--missing", args.entries.missing.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => refuse(option, "matrices, and this model is one of texts"),
        None if counting.files().next().is_some() => {
            refuse(&counting.options(), "matrices, and this model is one of texts")
        }
        None => Ok(text),
    }
}

/// Says what counted otherwise in the fit.
fn note_differences(stored: &Stored, counting: &Counting, talk: &Talk) {
    let fit = stored.record.counted();
    let lacking = counting.lacks(fit, stored.record.transposed);
    if !lacking.is_empty() {
        talk.say(format!(
            "  the fit had {}; nothing of that kind is given for the new rows, and their entries count without it",
            lacking.join(", ")
        ));
    }
    if let Some(held) = fit.hold_out {
        talk.say(format!(
            "  the fit had --hold-out {}; nothing is held out here, so entries that were count again",
            held.share
        ));
    }
}

/// Where W goes.
enum Target {
    Stdout,
    File(TableFormat),
}

impl Target {
    /// Refuses what cannot be written, before any work is done.
    fn of(args: &TransformArgs, counting: &Counting, stored: &Stored) -> Result<Target, Failure> {
        let out = &args.out;
        if out.as_os_str() == "-" {
            return Ok(Target::Stdout);
        }
        let format = match out.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("npy") => TableFormat::Npy,
            Some("csv") => TableFormat::Csv,
            Some("tsv") => TableFormat::Tsv,
            _ => {
                let path = out.display();
                return Err(Failure::Usage(format!(
                    "--out {path}: the name must end in .npy, .csv or .tsv, or be -"
                )));
            }
        };
        // Before anything speaks of --force, which would not help here.
        if [args.input.as_path()].into_iter().chain(counting.files()).any(|input| is_same(out, input)) {
            return Err(Failure::Usage(format!(
                "--out {} would replace the input; choose another name",
                out.display()
            )));
        }
        if stored.files().any(|file| is_same(out, &file)) {
            return Err(Failure::Usage(format!(
                "--out {} would replace a file of the model; choose another name",
                out.display()
            )));
        }
        may_write(out, args.force)?;
        Ok(Target::File(format))
    }
}
