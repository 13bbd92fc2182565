//! Tables of mutations, by class and sample: which side has the classes, and the 96 of them in the standard order.
//!
//! SigProfiler has classes in rows and samples in columns, others the other way round. Where names say which is which, the names
//! decide.

use crate::classes::{CLASSES, ClassKind, NotTheClasses, class_of, order_of, standard_classes};
use crate::error::{Error, Place, Result, shown};
use crate::npy::core_error;
use crate::read::{AnyMatrix, Table, with_matrix};
use partwise::data::{Dense, Matrix};
use partwise::scalar::Scalar;

/// What is said of a table beside what it says itself.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Labels {
    /// Names of the classes.
    pub classes: Option<Vec<String>>,
    /// Names of the samples.
    pub samples: Option<Vec<String>>,
    /// Whether samples are rows.
    pub samples_in_rows: Option<bool>,
}

/// A table of which the sides are known.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Catalogue {
    /// The table as it lies in the file; the 96 classes are in the standard order, and spelled as there.
    pub table: Table,
    /// Whether samples are rows.
    pub samples_in_rows: bool,
    /// What the classes are.
    pub kind: ClassKind,
}

/// Names of a list, at most.
const LISTED: usize = 5;

impl Catalogue {
    /// Whether rows or columns of the table are named after the 96 classes, most of them.
    pub fn is_named(table: &Table) -> bool {
        [&table.row_names, &table.col_names].into_iter().any(|names| mostly_classes(names.as_deref()))
    }

    /// Finds out which side of the table that was read from `name` has the classes, and puts the 96 into their order, for which
    /// it may take `memory_limit` bytes.
    ///
    /// # Errors
    /// [`Error::Data`] for classes that are missing, repeated or unknown where most are of the 96; [`Error::Shape`] if names do
    /// not fit; [`Error::Memory`].
    pub fn of(mut table: Table, name: &str, labels: Labels, memory_limit: u64) -> Result<Catalogue> {
        let at = Place::of(name);
        let asked = put_names(&mut table, labels, &at)?;
        let of_classes = |names: &Option<Vec<String>>| mostly_classes(names.as_deref());
        let (rows, cols) = (of_classes(&table.row_names), of_classes(&table.col_names));
        let samples_in_rows = asked.unwrap_or(cols && !rows);
        let (own, other) = if samples_in_rows { (cols, rows) } else { (rows, cols) };
        if other && !own {
            let (classes, samples) = if samples_in_rows { ("rows", "columns") } else { ("columns", "rows") };
            return Err(Error::Data {
                at,
                problem: format!(
                    "{samples} were asked to be the classes, but {classes} are named after them"
                ),
                instead: format!("say that samples are in {samples}, or nothing"),
            });
        }
        let names = if samples_in_rows { &mut table.col_names } else { &mut table.row_names };
        if !own {
            let kind = ClassKind::of(names.as_deref());
            note_others(&mut table, samples_in_rows, kind);
            return Ok(Catalogue { table, samples_in_rows, kind });
        }
        let known = names.take().unwrap_or_default();
        let order = order_of(&known).map_err(|wrong| not_the_classes(at.clone(), &wrong))?;
        let standard = standard_classes();
        let respelled = order.iter().zip(&standard).find_map(|(&from, name)| {
            known
                .get(from)
                .filter(|own| *own != name)
                .map(|own| format!("{} is {name}", shown(own.as_bytes())))
        });
        *names = Some(standard);
        let side = if samples_in_rows { "column" } else { "row" };
        let mut said = format!("the 96 classes of substitutions are {side}s");
        if !order.iter().copied().eq(0..CLASSES) {
            table.matrix = in_order(&table.matrix, samples_in_rows, &order, &at, memory_limit)?;
            table.forget_fingerprint();
            said += ", put into their standard order";
        }
        if let Some(example) = respelled {
            said += &format!("; {example}");
        }
        table.notes.push(said);
        let turned =
            known.iter().filter(|name| class_of(name).is_some_and(|class| class.other_strand)).count();
        if turned > 0 {
            let are = if turned == 1 { "name is that" } else { "names are those" };
            table.notes.push(format!("{turned} {are} of the other strand"));
        }
        Ok(Catalogue { table, samples_in_rows, kind: ClassKind::Sbs96 })
    }
}

/// Whether more than half of the names are of the 96 classes.
fn mostly_classes(names: Option<&[String]>) -> bool {
    let names = names.unwrap_or_default();
    let known = names.iter().filter(|name| class_of(name).is_some()).count();
    2 * known > names.len()
}

/// Puts names that are given where they belong; whether samples are rows, if that is known by now.
fn put_names(table: &mut Table, labels: Labels, at: &Place) -> Result<Option<bool>> {
    let Labels { classes, samples, samples_in_rows } = labels;
    let (rows, cols) = (table.matrix.rows(), table.matrix.cols());
    let len = |names: &Option<Vec<String>>| names.as_ref().map(Vec::len);
    let fits = |in_rows: bool| {
        let (of_samples, of_classes) = if in_rows { (rows, cols) } else { (cols, rows) };
        len(&classes).is_none_or(|n| n == of_classes) && len(&samples).is_none_or(|n| n == of_samples)
    };
    if classes.is_none() && samples.is_none() {
        return Ok(samples_in_rows);
    }
    // Where both would do, samples are columns, as usual.
    let found =
        [false, true].into_iter().find(|&way| samples_in_rows.is_none_or(|asked| asked == way) && fits(way));
    let Some(in_rows) = found else {
        let named = |n: Option<usize>, what: &str| n.map(|n| format!("{n} {what}"));
        let given: Vec<String> =
            [named(len(&classes), "names of classes"), named(len(&samples), "names of samples")]
                .into_iter()
                .flatten()
                .collect();
        return Err(Error::Shape {
            at: at.clone(),
            shape: format!("({rows}, {cols})"),
            needs: format!("{} do not fit", given.join(" and ")),
        });
    };
    let (to_samples, to_classes) = if in_rows {
        (&mut table.row_names, &mut table.col_names)
    } else {
        (&mut table.col_names, &mut table.row_names)
    };
    for (to, names) in [(to_classes, classes), (to_samples, samples)] {
        if names.is_some() {
            *to = names;
        }
    }
    Ok(Some(in_rows))
}

/// Says what is taken for granted of other classes.
fn note_others(table: &mut Table, samples_in_rows: bool, kind: ClassKind) {
    let (side, n, names) = if samples_in_rows {
        ("columns", table.matrix.cols(), &table.col_names)
    } else {
        ("rows", table.matrix.rows(), &table.row_names)
    };
    let what = match kind {
        ClassKind::Dbs78 => "the 78 classes of doublets",
        ClassKind::Id83 => "the 83 classes of insertions and deletions",
        ClassKind::Sbs1536 => "the 1536 classes of substitutions",
        _ if names.is_none() => "classes without names",
        _ => "other classes than the 96 of substitutions",
    };
    let note = match kind {
        ClassKind::Other => format!("{side} are taken as classes ({n} of them: {what}), in their order"),
        _ => format!("{what} are {side}, taken in their order"),
    };
    table.notes.push(note);
}

fn not_the_classes(at: Place, wrong: &NotTheClasses) -> Error {
    let listed = |names: &[String]| {
        let first: Vec<String> = names.iter().take(LISTED).map(|name| shown(name.as_bytes())).collect();
        let more = names.len().saturating_sub(LISTED);
        first.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    let parts: Vec<String> = [
        ("missing", &wrong.missing),
        ("there a second time", &wrong.repeated),
        ("none of them", &wrong.unknown),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| format!("{what}: {}", listed(names)))
    .collect();
    Error::Data {
        at,
        problem: format!("not the 96 classes, once each; {}", parts.join("; ")),
        instead: "give a line of zeros for a class without mutations, add up those of both strands, and leave out what is no \
                  class"
            .into(),
    }
}

/// The matrix with its rows, or its columns, in another order.
fn in_order(x: &AnyMatrix, columns: bool, order: &[usize], at: &Place, limit: u64) -> Result<AnyMatrix> {
    let entries = (x.rows() as u64).saturating_mul(x.cols() as u64);
    let needed = entries.saturating_mul(16).saturating_add(x.bytes());
    if needed > limit {
        return Err(Error::Memory { at: at.clone(), needed, limit: Some(limit) });
    }
    Ok(with_matrix!(x, x => AnyMatrix::from(arranged(x, columns, order, at)?)))
}

fn arranged<T: Scalar>(
    x: &Matrix<'static, T>,
    columns: bool,
    order: &[usize],
    at: &Place,
) -> Result<Matrix<'static, T>> {
    let (rows, cols) = (x.rows(), x.cols());
    let values = x.to_row_major();
    let lines: Vec<&[T]> = values.chunks_exact(cols.max(1)).collect();
    let mut out = Vec::with_capacity(values.len());
    if columns {
        for line in lines {
            out.extend(order.iter().filter_map(|&j| line.get(j).copied()));
        }
    } else {
        order.iter().filter_map(|&i| lines.get(i)).for_each(|line| out.extend_from_slice(line));
    }
    Dense::from_vec(rows, cols, out).map(Matrix::from).map_err(|error| core_error(at, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;
    use crate::read::{ReadOptions, read};

    fn table(text: &str) -> Table {
        let mut options = ReadOptions::default();
        options.joined_names = true;
        read(Input::reader("t.tsv", text.as_bytes()), &options).unwrap()
    }

    /// Samples a and b over the classes in an order that is not the standard one; the value is 10 places + sample.
    fn text(spell: impl Fn(&str) -> String, turned: bool) -> String {
        let mut classes: Vec<(usize, String)> = standard_classes().into_iter().enumerate().collect();
        classes.sort_by_key(|(place, _)| (place * 37) % 96);
        if turned {
            let mut text = "sample".to_string();
            classes.iter().for_each(|(_, name)| text += &format!("\t{}", spell(name)));
            for (sample, add) in [("a", 0), ("b", 1)] {
                text += &format!("\n{sample}");
                classes.iter().for_each(|(place, _)| text += &format!("\t{}", 10 * place + add));
            }
            return text + "\n";
        }
        let first = spell("A[C>A]A");
        let mut text = format!("{}\ta\tb\n", vec!["Type"; first.matches('\t').count() + 1].join("\t"));
        for (place, name) in classes {
            text += &format!("{}\t{}\t{}\n", spell(&name), 10 * place, 10 * place + 1);
        }
        text
    }

    fn values(catalogue: &Catalogue) -> Vec<f64> {
        let AnyMatrix::F64(x) = &catalogue.table.matrix else { panic!("f64") };
        let x = x.clone();
        if catalogue.samples_in_rows { x.to_row_major() } else { x.transposed().to_row_major() }
    }

    #[test]
    fn the_96_are_found_on_either_side_in_any_order_and_spelling() {
        let wanted: Vec<f64> = (0..2).flat_map(|s| (0..96).map(move |p| (10 * p + s) as f64)).collect();
        let plain = |name: &str| name.to_string();
        let context = |name: &str| {
            format!("{}{}{}>{}{}{}", &name[..1], &name[2..3], &name[6..], &name[..1], &name[4..5], &name[6..])
        };
        let two = |name: &str| format!("{}\t{}{}{}", &name[2..5], &name[..1], &name[2..3], &name[6..]);
        let three = |name: &str| format!("{}\t{}", two(name), name);
        for (text, in_rows) in [
            (text(plain, false), false),
            (text(plain, true), true),
            (text(context, false), false),
            (text(two, false), false),
            (text(three, false), false),
            (text(|name| name.to_lowercase(), true), true),
        ] {
            let found = Catalogue::of(table(&text), "t.tsv", Labels::default(), u64::MAX).unwrap();
            assert_eq!((found.samples_in_rows, found.kind), (in_rows, ClassKind::Sbs96), "{}", &text[..60]);
            assert_eq!(values(&found), wanted);
            let names = if in_rows { &found.table.col_names } else { &found.table.row_names };
            assert_eq!(names.as_deref(), Some(&standard_classes()[..]));
            assert!(found.table.notes.iter().any(|note| note.contains("standard order")));
        }
    }

    #[test]
    fn lists_of_names_say_which_side_is_which() {
        let lines: Vec<String> = (0..96).map(|p| format!("{},{}", 10 * p, 10 * p + 1)).collect();
        let read = || table(&(lines.join("\n") + "\n"));
        let labels = Labels { classes: Some(standard_classes()), ..Labels::default() };
        let found = Catalogue::of(read(), "t", labels.clone(), u64::MAX).unwrap();
        assert!(!found.samples_in_rows && found.kind == ClassKind::Sbs96);
        let samples = Some(vec!["a".into(), "b".into()]);
        let both = Labels { samples: samples.clone(), ..labels.clone() };
        assert_eq!(Catalogue::of(read(), "t", both, u64::MAX).unwrap().table.col_names, samples);
        for wrong in [
            Labels { samples_in_rows: Some(true), ..labels.clone() },
            Labels { samples: Some(vec!["a".into()]), ..labels.clone() },
            Labels { classes: Some(vec!["x".into()]), ..Labels::default() },
        ] {
            let error = Catalogue::of(read(), "t", wrong, u64::MAX).unwrap_err().to_string();
            assert!(error.contains("do not fit"), "{error}");
        }
        // Without names nothing is known but that classes are rows.
        let found = Catalogue::of(read(), "t", Labels::default(), u64::MAX).unwrap();
        assert!(!found.samples_in_rows && found.kind == ClassKind::Other);
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let plain = text(|name| name.to_string(), false);
        let refused = |text: &str| {
            Catalogue::of(table(text), "t.tsv", Labels::default(), u64::MAX).unwrap_err().to_string()
        };
        let error = refused(&plain.replace("A[C>A]A\t", "T[T>G]T\t"));
        assert!(error.contains("missing: 'A[C>A]A'; there a second time: 'T[T>G]T'"), "{error}");
        let error = refused(&format!("{plain}Total\t1\t2\n"));
        assert!(error.contains("none of them: 'Total'") && !error.contains("missing:"), "{error}");
        let labels = Labels { samples_in_rows: Some(true), ..Labels::default() };
        let error = Catalogue::of(table(&plain), "t.tsv", labels, u64::MAX).unwrap_err().to_string();
        assert!(error.contains("rows are named after them"), "{error}");
        let error = Catalogue::of(table(&plain), "t.tsv", Labels::default(), 100).unwrap_err();
        assert!(matches!(error, Error::Memory { .. }));
    }
}
