//! The report of a fit or of a scan: one HTML file, which needs nothing else and asks the network for nothing.
//!
//! `page/` has the page, in HTML, CSS and JavaScript that no tool has to build, and `page/DATA.md` says what data it draws. Here
//! they are put together: numbers are those of `run.json` and of the factors, and the page makes up none.

mod folders;
mod outline;
mod pack;
mod page;
mod parts;

pub use folders::{FitFolder, ScanFolder, Told, of_fit, of_scan};
pub use outline::without_folders;

use crate::Size;
use pack::{Lines, NAME, Names, names, places, plain, short};
use partwise::{Factor, Scalar};
use partwise_io::fitted::{Agreement, Alike};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Bytes of a report, which stays below 5 MB.
const ROOM: usize = 4_950_000;
/// Bytes of text that H and names may take, and W, if all else leaves as much.
const ROOM_H: usize = 1_300_000;
const ROOM_SAMPLES: usize = 900_000;
const ROOM_FEATURES: usize = 500_000;
const ROOM_W: usize = 2_700_000;
const LEAST_W: usize = 100_000;
/// Labels of samples that are told apart: the most frequent.
const LEVELS: usize = 40;
/// Numbers of a factor that a page can draw in time.
const MOST_NUMBERS: usize = 4_000_000;
/// Lines that are held for each component where not all are: the strongest.
const STRONGEST: usize = 40;

/// What the features of X are, beside their names.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Geometry {
    /// Pixels.
    Picture(Size),
    /// Classes of mutations: the feature of each of the 96 channels in their usual order; see [`Geometry::sbs96`].
    Sbs96(Vec<usize>),
    /// Places on an axis: wavelengths, frequencies, times.
    Axis {
        /// One for every feature.
        values: Vec<f64>,
        /// Their unit.
        unit: Option<String>,
    },
    /// Words.
    Words,
}

impl Geometry {
    /// The 96 channels of single base substitutions, if that is what features are named after (`A[C>A]A`).
    pub fn sbs96(features: &[String]) -> Option<Geometry> {
        let kinds = ["C>A", "C>G", "C>T", "T>A", "T>C", "T>G"];
        const BASES: [&str; 4] = ["A", "C", "G", "T"];
        let mut order = Some(Vec::with_capacity(96));
        for kind in kinds {
            for (before, after) in BASES.iter().flat_map(|before| BASES.map(|after| (before, after))) {
                let channel = format!("{before}[{kind}]{after}");
                let found = features.iter().position(|name| *name == channel);
                order = order.zip(found).map(|(mut order, at): (Vec<usize>, usize)| {
                    order.push(at);
                    order
                });
            }
        }
        order.filter(|_| features.len() == 96).map(Geometry::Sbs96)
    }

    fn to_json(&self) -> Value {
        match self {
            Geometry::Picture(Size { height, width, by_columns }) => {
                let order = if *by_columns { "columns" } else { "rows" };
                json!({"kind": "picture", "height": height, "width": width, "order": order})
            }
            Geometry::Sbs96(order) => json!({"kind": "sbs96", "order": order}),
            Geometry::Axis { values, unit } => json!({"kind": "axis", "values": values, "unit": unit}),
            Geometry::Words => json!({"kind": "words"}),
        }
    }
}

/// Samples by something that is known of them.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::exhaustive_structs)]
pub struct Groups {
    /// What is known.
    pub name: String,
    /// One for every sample; empty where it is not known.
    pub labels: Vec<String>,
}

/// Names, where there are any.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Labels<'a> {
    /// Of the rows of X.
    pub rows: Option<&'a [String]>,
    /// Of its columns.
    pub cols: Option<&'a [String]>,
    /// One for every component.
    pub components: Option<&'a [String]>,
}

/// Where a model fits worst: `||x - wH|| / ||x||` of every row and column of X.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(clippy::exhaustive_structs)]
pub struct Residuals {
    /// One for every row.
    pub rows: Vec<f64>,
    /// One for every column.
    pub cols: Vec<f64>,
}

/// A consensus matrix, in the order to draw it in.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::exhaustive_structs)]
pub struct ConsensusMap {
    /// The rank that it is of.
    pub rank: usize,
    /// Which samples, at most 800.
    pub samples: Vec<usize>,
    /// The cluster of each.
    pub clusters: Vec<usize>,
    /// How often two were together, from 0 to 1, row by row.
    pub values: Vec<f64>,
}

/// What a report is made of. What is not there is left out of it.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs)]
pub struct Report<'a, T: Scalar> {
    /// Its heading.
    pub title: String,
    /// `run.json`.
    pub run: Option<&'a Value>,
    /// W, `(m, k)`, and H, `(k, n)` kept as a factor of n rows.
    pub factors: Option<(&'a Factor<T>, &'a Factor<T>)>,
    /// Names.
    pub labels: Labels<'a>,
    /// What features are.
    pub geometry: Option<Geometry>,
    /// What is known of samples.
    pub groups: Vec<Groups>,
    /// How well each component is found again by other starts, from 0 to 1.
    pub stability: Option<Vec<f64>>,
    /// Where the model fits worst.
    pub residuals: Option<Residuals>,
    /// A scan: `scan.json`, of which `ranks` and `advice` are shown.
    pub scan: Option<&'a Value>,
    /// The consensus of its recommended rank.
    pub consensus: Option<ConsensusMap>,
    /// How far runs agree on the components, if those are a consensus.
    pub agreement: Option<Agreement>,
    /// The known signatures that each component is most alike, with their cosines.
    pub known: Option<Vec<Alike>>,
}

impl<'a, T: Scalar> Report<'a, T> {
    /// A report without anything but its heading.
    pub fn new(title: impl Into<String>) -> Report<'a, T> {
        Report {
            title: title.into(),
            run: None,
            factors: None,
            labels: Labels::default(),
            geometry: None,
            groups: Vec::new(),
            stability: None,
            residuals: None,
            scan: None,
            consensus: None,
            agreement: None,
            known: None,
        }
    }

    /// The report as an HTML file.
    pub fn to_html(&self) -> String {
        page::html(&self.title, &self.data())
    }

    /// What `page/DATA.md` describes.
    fn data(&self) -> Value {
        let run = self.run.map(without_folders);
        let mut data = json!({
            "schema": 1,
            "title": self.title,
            "verdict": outline::verdict(run.as_ref(), self.scan),
            "warnings": run.as_ref().map_or(Vec::new(), outline::warnings),
            "data_notes": run.as_ref().map_or(Vec::new(), outline::found_in_data),
            "data_card": outline::card(run.as_ref(), self.scan),
            "command": run.as_ref().map(outline::command).or_else(|| outline::fit_of(self.scan)),
            "restarts": run.as_ref().map_or(Vec::new(), outline::restarts),
            "worst": self.residuals.as_ref().map(parts::worst),
            "rank": self.scan.map(|scan| json!({
                "ranks": scan["ranks"].as_array().map(|ranks| ranks.iter().map(outline::rank).collect::<Vec<_>>()),
                "advice": scan["advice"],
                "map": self.consensus.as_ref().map(map),
            })),
        });
        if let Some(agreement) = &self.agreement {
            let (sentence, few) = outline::agreed(agreement);
            let verdict = data["verdict"].as_str().map(|verdict| format!("{verdict} {sentence}"));
            data["verdict"] = verdict.unwrap_or(sentence).into();
            add(&mut data["data_card"], json!(["Consensus", few]));
            let taken = agreement.taken;
            data["consensus"] = json!({
                "rank": agreement.runs.len(),
                "runs": taken.map(|taken| taken.runs),
                "left_out": taken.map(|taken| taken.left_out),
            });
        }
        if let Some((w, h)) = self.factors {
            self.add_factors(&mut data, (w, h), run.as_ref());
        }
        data["run"] = run.map_or(Value::Null, |mut run| {
            // What restarts show already.
            run.as_object_mut().map(|run| [run.remove("history"), run.remove("restarts")]);
            run
        });
        if let Some((w, _)) = self.factors {
            let left = ROOM.saturating_sub(page::size() + page::block(&data).len() + self.title.len());
            data["w"] = packed_w(w, left.clamp(LEAST_W, ROOM_W));
        }
        data
    }

    /// What the page draws of components, but for W.
    fn add_factors(&self, data: &mut Value, (w, h): (&Factor<T>, &Factor<T>), run: Option<&Value>) {
        let shares = run.map_or(Vec::new(), |run| outline::numbers(&run["shares"]));
        let known = parts::Told {
            stability: self.stability.as_deref(),
            agreement: self.agreement.as_ref(),
            signatures: self.known.as_deref(),
            whole_spread: matches!(self.geometry, Some(Geometry::Sbs96(_))),
        };
        data["components"] = parts::components(w, h, &shares, self.labels.components, &known);
        let mut held = |what: &str, list: Option<&[String]>, room: usize| {
            let Names { value, cut } = names(list, room);
            let note = match cut {
                None => return value,
                Some(0) => {
                    format!("the names of {what} are too many for a report, which numbers them instead")
                }
                Some(letters) => format!("names of {what} are cut to {letters} letters in the report"),
            };
            add(&mut data["data_notes"], json!(note));
            value
        };
        let columns = held("features", self.labels.cols, ROOM_FEATURES);
        let rows = held("samples", self.labels.rows, ROOM_SAMPLES);
        data["features"] = json!({
            "count": h.rows(),
            "names": columns,
            "geometry": self.geometry.as_ref().map(Geometry::to_json),
        });
        let groups: Vec<Value> = self.groups.iter().filter_map(|groups| grouped(groups, w.rows())).collect();
        data["samples"] =
            json!({"count": w.rows(), "names": rows, "groups": (!groups.is_empty()).then_some(groups)});
        data["h"] = packed_h(h);
    }
}

/// One more of a list.
fn add(list: &mut Value, one: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(one);
    }
}

/// The levels of a label in their order, and the level of every sample. Of very many levels the most frequent; the others are
/// the last level together.
fn grouped(groups: &Groups, samples: usize) -> Option<Value> {
    if groups.labels.len() != samples {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in groups.labels.iter().filter(|label| !label.is_empty()) {
        *counts.entry(label).or_default() += 1;
    }
    let mut levels: Vec<&str> = counts.keys().copied().collect();
    let others = levels.len().saturating_sub(LEVELS);
    if others > 0 {
        levels.sort_by_key(|level| Reverse(counts[level]));
        levels.truncate(LEVELS);
        levels.sort_unstable();
    }
    let place = |label: &String| {
        let found = levels.binary_search(&label.as_str()).ok();
        found.or((others > 0 && !label.is_empty()).then_some(levels.len()))
    };
    let values: Vec<Option<usize>> = groups.labels.iter().map(place).collect();
    let mut shown: Vec<Cow<'_, str>> = levels.iter().map(|level| short(level, NAME)).collect();
    let mut made = json!({"name": short(&groups.name, NAME), "values": places(&values)});
    if others > 0 {
        shown.push(format!("other ({})", outline::grouped(Some(others as u64))).into());
        made["others"] = others.into();
    }
    made["levels"] = json!(shown);
    Some(made)
}

fn map(map: &ConsensusMap) -> Value {
    let bytes: Vec<u8> = map.values.iter().map(|x| (255.0 * x).round().clamp(0.0, 255.0) as u8).collect();
    json!({"rank": map.rank, "samples": map.samples, "clusters": map.clusters, "base64": plain(&bytes)})
}

fn packed_w<T: Scalar>(w: &Factor<T>, room: usize) -> Value {
    let (m, k) = (w.rows(), w.rank());
    let of = |rows: &dyn Fn(usize) -> usize, count: usize| Lines {
        values: (0..count).flat_map(|at| w.row(rows(at)).iter().map(|x| x.to_f64())).collect(),
        width: k,
        by_line: false,
    };
    let (packed, held) =
        if m * k <= MOST_NUMBERS { of(&|at| at, m).packed(room) } else { (Value::Null, false) };
    let (packed, rows) = if held {
        (packed, None)
    } else {
        let rows = strongest(w, lines(room, k).min(MOST_NUMBERS / k.max(1)));
        (of(&|at| rows[at], rows.len()).packed(room).0, Some(rows))
    };
    joined(json!({"m": m, "k": k, "rows": rows}), packed)
}

fn packed_h<T: Scalar>(h: &Factor<T>) -> Value {
    let (n, k) = (h.rows(), h.rank());
    let of = |columns: &dyn Fn(usize) -> usize, count: usize| Lines {
        values: (0..k)
            .flat_map(|c| (0..count).map(move |at| (c, at)))
            .map(|(c, at)| h.row(columns(at))[c].to_f64())
            .collect(),
        width: count,
        by_line: true,
    };
    let (packed, held) =
        if n * k <= MOST_NUMBERS { of(&|at| at, n).packed(ROOM_H) } else { (Value::Null, false) };
    let (packed, columns) = if held {
        (packed, None)
    } else {
        let columns = strongest(h, lines(ROOM_H, k));
        (of(&|at| columns[at], columns.len()).packed(ROOM_H).0, Some(columns))
    };
    joined(json!({"k": k, "n": n, "columns": columns}), packed)
}

/// Lines of k numbers, with the place of each, that take so much room as text.
fn lines(room: usize, k: usize) -> usize {
    room / (2 * k + 10)
}

fn joined(mut a: Value, b: Value) -> Value {
    if let (Some(a), Value::Object(b)) = (a.as_object_mut(), b) {
        a.extend(b);
    }
    a
}

/// About `count` lines of a factor in their order: the strongest of every component, and others evenly.
fn strongest<T: Scalar>(factor: &Factor<T>, count: usize) -> Vec<usize> {
    let lines = factor.rows();
    let each = STRONGEST.min(count / (2 * factor.rank()).max(1)).max(1);
    let mut held = vec![false; lines];
    for c in 0..factor.rank() {
        let mut order: Vec<usize> = (0..lines).collect();
        let by = |i: &usize| Reverse(order_of(factor.row(*i)[c].to_f64()));
        if each < lines {
            order.select_nth_unstable_by_key(each, by);
        }
        order.iter().take(each).for_each(|&i| held[i] = true);
    }
    let step = (lines / (count / 2).max(1)).max(1);
    (0..lines).step_by(step).for_each(|i| held[i] = true);
    (0..lines).filter(|&i| held[i]).collect()
}

/// Numbers by their sizes, as whole numbers: the bits of positive ones are in order.
fn order_of(x: f64) -> u64 {
    if x > 0.0 { x.to_bits() } else { 0 }
}

#[cfg(test)]
mod tests;
