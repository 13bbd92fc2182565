//! `partwise inspect`

use crate::any::{Number, with_matrix};
use crate::args::InspectArgs;
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::source::Source;
use crate::talk::{self, bytes, count};
use partwise::data::facts::{Bad, Lines};
use partwise::data::{Canonical, Matrix};
use partwise::{Facts, Spec};
use partwise_io::fitted::SCHEMA_VERSION;
use std::collections::HashSet;

/// Fewer lines than this are a small table, and in so many it shows whether they are triplets.
const FEW_LINES: usize = 50;
const MANY_LINES: usize = 1000;

pub(crate) fn run(args: &InspectArgs) -> Result<Outcome, Failure> {
    let (matrix, mut source) = Source::open(&args.input, &args.source, Counting::of(&args.data))?;
    if args.source.triplets || args.data.hold_out.is_some() {
        source.note_absent();
    }
    with_matrix!(matrix, x => inspect(&x, &source, args))
}

fn inspect<T: Number>(x: &Matrix<'_, T>, source: &Source, args: &InspectArgs) -> Result<Outcome, Failure> {
    let canonical = match x {
        Matrix::Sparse(x) => x.canonical(),
        _ => Canonical::default(),
    };
    let needed = args.rank.map(|rank| fit_bytes::<T>(rank, &source.facts)).transpose()?;
    if args.json {
        let f = &source.facts;
        let mut facts = serde_json::json!(f);
        if let Some(facts) = facts.as_object_mut() {
            // Kept by the library in units of its own, where a sum of squares cannot overflow.
            facts.remove("exponent");
            facts.remove("sum_squares");
        }
        let document = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "input": source.name,
            "format": source.format,
            "stored_as": source.stored_as,
            "precision": source.precision,
            "facts": facts,
            "zeros": f.zeros(),
            "density": f.density(),
            "duplicates": canonical.duplicates,
            "stored_zeros": canonical.stored_zeros,
            "row_names": source.names.rows.is_some(),
            "col_names": source.names.cols.is_some(),
            "bytes": source.bytes,
            "rank": args.rank,
            "fit_bytes": needed,
            "memory_limit_bytes": source.memory_limit,
            "hash": source.fingerprint,
            "counting": source.counting.record(),
            "notes": source.notes,
        });
        talk::data(format!("{document:#}\n").as_bytes())?;
        return Ok(Outcome::Done);
    }
    let mut text = text(source, canonical, args.rank.zip(needed));
    if source.stored_as == "text" && source.names.rows.is_none() && looks_like_triplets(x) {
        text += "advice     if each line is row, column, value, read it with --triplets\n";
    }
    talk::data(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// Whether the first two columns could be places and the third a value: whole numbers, and no pair of them twice.
fn looks_like_triplets<T: Number>(x: &Matrix<'_, T>) -> bool {
    let Matrix::Dense(x) = x else { return false };
    if !matches!(x.cols(), 3 | 4) || x.rows() < FEW_LINES {
        return false;
    }
    let sampled = x.rows().min(MANY_LINES);
    let pairs = (0..sampled).map(|i| [x.get(i, 0).to_f64(), x.get(i, 1).to_f64()]);
    let whole = pairs.filter(|pair| pair.iter().all(|&v| v >= 0.0 && v.fract() == 0.0));
    whole.map(|pair| pair.map(f64::to_bits)).collect::<HashSet<_>>().len() == sampled
}

/// Bytes of a fit with default options. Bad entries are no hindrance here.
fn fit_bytes<T: Number>(rank: usize, facts: &Facts) -> Result<u64, Failure> {
    let mut spec = Spec::default();
    spec.rank = rank;
    Ok(spec.plan::<T>(facts)?.memory)
}

fn text(source: &Source, canonical: Canonical, fit: Option<(usize, u64)>) -> String {
    let f = &source.facts;
    let mut lines: Vec<(&str, String)> = vec![
        ("file", format!("{}, {} of {}", source.name, source.format, source.stored_as)),
        ("shape", format!("{} x {}{}", f.rows, f.cols, if source.transposed { " (transposed)" } else { "" })),
        ("not zero", format!("{} of {} ({:.4} %)", f.nonzeros, f.nonzeros + f.zeros(), 100.0 * f.density())),
        ("range", format!("{} to {}, mean {:.6}", f.min, f.max, f.mean)),
    ];
    if let Some(least) = f.min_positive {
        lines.push(("least > 0", least.to_string()));
    }
    if f.weighted {
        lines.push(("counting", format!("{} ({})", source.observed(), source.counting.options())));
        let unseen = |what: &str, unseen: Lines, place: &dyn Fn(usize) -> String| match unseen.first {
            None => count(0, what),
            Some(at) => {
                format!("{}, the first is {what} {at}{}", count(unseen.count as u64, what), place(at))
            }
        };
        let rows = unseen("row", f.unseen_rows, &|i| source.names.at(Some(i), None));
        let cols = unseen("column", f.unseen_cols, &|j| source.names.at(None, Some(j)));
        lines.push(("unseen", format!("{rows}; {cols}")));
    }
    let bad = |bad: &Bad| match bad.first {
        None => "none".to_string(),
        Some((i, j)) => format!("{}, the first at row {i}, column {j}", bad.count),
    };
    lines.push(("NaN", bad(&f.nan)));
    lines.push(("infinite", bad(&f.infinite)));
    lines.push(("negative", bad(&f.negative)));
    lines.push((
        "empty",
        format!("{}, {}", count(f.empty_rows as u64, "row"), count(f.empty_cols as u64, "column")),
    ));
    if f.sparse && f.weighted {
        lines.push(("stored", format!("{}, sparse", count(f.stored, "entry"))));
    } else if f.sparse {
        lines.push(("stored", format!("{}, sparse", count(f.stored, "entry"))));
        let duplicates = count(canonical.duplicates as u64, "duplicate");
        let zeros = count(canonical.stored_zeros as u64, "stored zero");
        lines.push(("cleaned", format!("{duplicates} added up, {zeros} dropped")));
    } else {
        lines.push(("stored", "all entries, dense".into()));
    }
    let named = |names: &Option<Vec<String>>| match names.as_deref() {
        None | Some([]) => "no names".to_string(),
        Some([first, ..]) => format!("named, from '{}'", first.escape_debug()),
    };
    lines.push(("rows", named(&source.names.rows)));
    lines.push(("columns", named(&source.names.cols)));
    lines.push(("memory", format!("{} as {}", bytes(source.bytes), source.precision)));
    if let Some((rank, needed)) = fit {
        let total = source.bytes.saturating_add(needed);
        let fits = if total > source.memory_limit { "more than" } else { "within" };
        lines.push((
            "fit",
            format!(
                "rank {rank} takes about {} more, {} in all, {fits} the limit of {}",
                bytes(needed),
                bytes(total),
                bytes(source.memory_limit)
            ),
        ));
    }
    lines.push(("hash", source.fingerprint.clone()));
    lines.extend(source.notes.iter().map(|note| ("note", note.clone())));
    if !f.sparse && f.density() < 0.1 && f.rows > 1 {
        lines.push((
            "advice",
            "mostly zeros: as .npz or .mtx it would be read sparse, and fitted faster".into(),
        ));
    }
    for (bad, advice) in [
        (f.nan, "if NaN means missing, --missing nan lets these entries not count"),
        (f.infinite, "infinite entries have to be dealt with first"),
        (
            f.negative,
            "negative entries: --negatives clip or keep, if they are noise around 0; --free w or h, if X has both signs; \
             --mask, if they mark missing entries",
        ),
    ] {
        if bad.count > 0 {
            lines.push(("advice", advice.into()));
        }
    }
    if f.unseen_rows.count + f.unseen_cols.count > 0 {
        lines.push(("advice", "unseen rows and columns: leave them out, or fit with --unseen zeros".into()));
    }
    lines.into_iter().map(|(key, value)| format!("{key:<10} {value}\n")).collect()
}
