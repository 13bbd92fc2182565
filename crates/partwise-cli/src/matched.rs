//! `partwise match`

use crate::any::read_as;
use crate::args::MatchArgs;
use crate::failure::{Failure, Outcome};
use crate::talk::{self, Talk};
use partwise::Factor;
use partwise::select::{Matching, Mixture, matching};
use partwise_io::fitted::{SCHEMA_VERSION, Stored, component_names};
use partwise_io::{Cell, ReadOptions, Separator, write_cells_to};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Components by rows of H, with names.
struct Model {
    h: Factor<f64>,
    components: Vec<String>,
    features: Option<Vec<String>>,
    /// Whether it is from a table, which may have components in columns.
    is_table: bool,
}

pub(crate) fn run(args: &MatchArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let (mut first, mut second) = (open(&args.first)?, open(&args.second)?);
    turn(&mut second, &args.second, first.features.as_deref(), talk)?;
    turn(&mut first, &args.first, second.features.as_deref(), talk)?;
    if let (Some(wanted), Some(given)) = (&first.features, &second.features)
        && wanted != given
    {
        second.h = in_order(&second.h, wanted, given, &args.second)?;
        talk.say(format!(
            "  features of {} are taken by their names, in another order",
            args.second.display()
        ));
    }
    let found = matching(&first.h, &second.h).map_err(|_| {
        Failure::Data(format!(
            "{} has {} features, and {} has {}; components of the same features can be paired",
            args.first.display(),
            first.h.rows(),
            args.second.display(),
            second.h.rows()
        ))
    })?;
    let names = [&first.components, &second.components];
    if args.json {
        let document = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "first": names[0],
            "second": names[1],
            "mean_cosine": found.mean_cosine(),
            "matching": found,
        });
        talk::data(format!("{document:#}\n").as_bytes())?;
    } else {
        talk::data(&table(&found, names)?)?;
    }
    talk.say(format!(
        "mean cosine {:.4} of {}",
        found.mean_cosine(),
        talk::count(found.pairs.len() as u64, "pair")
    ));
    for (mixtures, whole, parts, word) in [
        (&found.splits, names[0], names[1], "was split into"),
        (&found.merges, names[1], names[0], "is merged from"),
    ] {
        for mixture in mixtures {
            talk.say(format!("  {}", sentence(mixture, whole, parts, word)));
        }
    }
    Ok(Outcome::Done)
}

/// The folder of a fit, or a table.
fn open(path: &Path) -> Result<Model, Failure> {
    if path.is_dir() {
        let (model, names) = Stored::open(path)?.model::<f64>()?;
        let components = component_names(model.h.rank(), names.components.as_deref());
        return Ok(Model { h: model.h, components, features: names.cols, is_table: false });
    }
    let (x, labels) = read_as::<f64>(path, ReadOptions::default())?;
    let components = component_names(x.rows(), labels.rows.as_deref());
    Ok(Model { h: crate::any::as_h(&x)?, components, features: labels.cols, is_table: true })
}

/// Takes the columns of a table as components, if the names of its rows are those of features.
fn turn(table: &mut Model, path: &Path, wanted: Option<&[String]>, talk: &Talk) -> Result<(), Failure> {
    let (true, Some(wanted), Some(features)) = (table.is_table, wanted, &table.features) else {
        return Ok(());
    };
    let known: HashSet<&String> = wanted.iter().collect();
    let all = |names: &[String]| names.len() == wanted.len() && names.iter().all(|name| known.contains(name));
    if all(features) || !all(&table.components) {
        return Ok(());
    }
    table.h = Factor::from_row_major(table.h.rank(), table.h.rows(), &table.h.to_transposed())?;
    table.features = Some(std::mem::replace(&mut table.components, features.clone()));
    talk.say(format!("  {} has components in columns", path.display()));
    Ok(())
}

/// H with its features in the order of other names.
pub(crate) fn in_order(
    h: &Factor<f64>,
    wanted: &[String],
    given: &[String],
    path: &Path,
) -> Result<Factor<f64>, Failure> {
    let places: HashMap<&str, usize> =
        given.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let distinct = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == names.len();
    let found: Option<Vec<usize>> = wanted.iter().map(|name| places.get(name.as_str()).copied()).collect();
    let Some(found) = found.filter(|_| wanted.len() == given.len() && distinct(wanted) && distinct(given))
    else {
        let missing = wanted.iter().find(|name| !places.contains_key(name.as_str()));
        return Err(Failure::Data(format!(
            "{}: its features are named in another way than those of the first{}; give both the same names, or none",
            path.display(),
            missing.map_or(String::new(), |name| format!(": there is no '{}'", name.escape_debug()))
        )));
    };
    let values: Vec<f64> = found.iter().flat_map(|&j| h.row(j).to_vec()).collect();
    Ok(Factor::from_row_major(h.rows(), h.rank(), &values)?)
}

fn table(found: &Matching, names: [&Vec<String>; 2]) -> Result<Vec<u8>, Failure> {
    let pairs = found.pairs.iter().map(|pair| {
        vec![Cell::Name(&names[0][pair.first]), Cell::Name(&names[1][pair.second]), Cell::Number(pair.cosine)]
    });
    let first = found.only_first.iter().map(|&c| vec![Cell::Name(&names[0][c]), Cell::Empty, Cell::Empty]);
    let second = found.only_second.iter().map(|&c| vec![Cell::Empty, Cell::Name(&names[1][c]), Cell::Empty]);
    let mut out = Vec::new();
    write_cells_to(
        &mut out,
        &["first", "second", "cosine"],
        pairs.chain(first).chain(second),
        Separator::Tab,
    )?;
    Ok(out)
}

/// `component_2 was split into 60 % component_1 and 40 % component_4 (cosine 0.99)`
fn sentence(mixture: &Mixture, wholes: &[String], parts: &[String], word: &str) -> String {
    let shares: Vec<String> =
        mixture.parts.iter().map(|&(c, share)| format!("{:.0} % {}", 100.0 * share, parts[c])).collect();
    format!("{} {word} {} (cosine {:.2})", wholes[mixture.whole], shares.join(" and "), mixture.cosine)
}
