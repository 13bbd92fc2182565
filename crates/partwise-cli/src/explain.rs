//! `partwise explain`: what goes together, and why the rest does not. The library decides; here it is printed.

use crate::args::ExplainArgs;
use crate::failure::{Failure, Outcome, as_options, option_of};
use crate::talk;
use partwise::support::{Cell, EXCLUSIONS, Exclusion, Feature, Line, pair, supports, table};
use partwise::{Loss, Rule};
use serde_json::json;

pub(crate) fn run(args: &ExplainArgs) -> Result<Outcome, Failure> {
    let rule = args.rule.filter(|&rule| rule != Rule::Auto);
    if let (Some(loss), Some(rule)) = (args.loss, rule)
        && let Cell::No { why, instead } = pair(loss, rule)
    {
        return Err(Failure::Fit(partwise::Error::Unsupported {
            asked: format!("rule {rule} with loss {loss}"),
            why,
            instead,
        }));
    }
    let lines = lines(args.loss, rule);
    let text = match (args.json, args.markdown) {
        (true, _) => in_json(&lines),
        (_, true) => in_markdown(&lines),
        _ => in_text(&lines),
    };
    talk::data(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// The pairs of loss and rule that are asked for; a loss need not be one of those that stand for others in the table.
fn lines(loss: Option<Loss>, rule: Option<Rule>) -> Vec<Line> {
    let mut lines = table();
    if let Some(loss) = loss {
        let rules = Rule::ALL.iter().copied().filter(|&rule| rule != Rule::Auto && pair(loss, rule).is_yes());
        let cells = |rule| Feature::ALL.iter().map(|&feature| supports(loss, rule, feature)).collect();
        lines = rules.map(|rule| Line { loss, rule, cells: cells(rule) }).collect();
    }
    lines.retain(|line| rule.is_none_or(|rule| rule == line.rule));
    lines
}

/// Reasons, each once, with the number that cells refer to them by.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// The words of a cell, and what they refer to.
    fn said(&mut self, cell: &Cell) -> String {
        let Cell::No { why, instead } = cell else { return "yes".into() };
        let text = as_options(&format!("{why}; {instead}"));
        let at = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        format!("no {}", at + 1)
    }
}

/// What cannot be asked for at once with any loss.
fn exclusions() -> Vec<String> {
    let said = |e: &Exclusion| as_options(&format!("{}: {}; {}", e.asked, e.why, e.instead));
    EXCLUSIONS.iter().map(said).collect()
}

/// A point of a list, in lines of at most `width` characters.
fn wrapped(point: &str, text: &str, width: usize) -> String {
    let indent = point.chars().count();
    let (mut out, mut length) = (point.to_string(), indent);
    for word in text.split_whitespace() {
        let n = word.chars().count();
        if length > indent && length + 1 + n > width {
            out += &format!("\n{}", " ".repeat(indent));
            length = indent;
        } else if length > indent {
            out.push(' ');
            length += 1;
        }
        out += word;
        length += n;
    }
    out + "\n"
}

/// A row for every feature, a column for every pair of loss and rule: names, cells and notes.
fn cells(lines: &[Line]) -> (Vec<Vec<String>>, Notes) {
    let mut notes = Notes::default();
    let rows = Feature::ALL.iter().enumerate().map(|(at, &feature)| {
        let cells =
            lines.iter().map(|line| line.cells.get(at).map_or(String::new(), |cell| notes.said(cell)));
        [feature.to_string(), option_of(feature)].into_iter().chain(cells).collect()
    });
    (rows.collect(), notes)
}

fn in_text(lines: &[Line]) -> String {
    let (rows, notes) = cells(lines);
    // What is asked for by name or by its option, and a number where it cannot be: that fits a terminal.
    let label = |name: &str, option: &str, feature: Feature| match feature.penalty() {
        Some(kind) => format!("penalty {kind}"),
        None if option.is_empty() => name.to_string(),
        None => option.to_string(),
    };
    let labels = rows.iter().zip(Feature::ALL).map(|(row, feature)| label(&row[0], &row[1], *feature));
    let labels: Vec<String> = ["".into(), "".into()].into_iter().chain(labels).collect();
    let columns: Vec<Vec<String>> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let cells = rows.iter().map(|row| &row[at + 2]);
            let cells = cells.map(|cell| cell.strip_prefix("no ").map_or(cell.clone(), String::from));
            [line.loss.to_string(), line.rule.to_string()].into_iter().chain(cells).collect()
        })
        .collect();
    let width = talk::columns();
    let blocks: Vec<String> =
        in_blocks(&labels, &columns, width).map(|block| laid_out(&labels, block)).collect();
    let mut text = blocks.join("\n");
    if !notes.0.is_empty() {
        text += "\nA number is why it cannot be, and what can be instead:\n";
        for (at, note) in notes.0.iter().enumerate() {
            text += &wrapped(&format!("{:>4}. ", at + 1), note, width);
        }
    }
    text += "\nWith any loss and rule, these exclude each other (F stands for W or H):\n";
    exclusions().iter().for_each(|said| text += &wrapped("   - ", said, width));
    text
}

/// Characters of the longest cell of a column, below its first `heads` lines.
fn width_of(column: &[String], heads: usize) -> usize {
    column.iter().skip(heads).map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// Columns in as many groups as fit into `width` characters each; all rules of a loss are in one.
fn in_blocks<'a>(
    labels: &[String],
    columns: &'a [Vec<String>],
    width: usize,
) -> impl Iterator<Item = &'a [Vec<String>]> {
    let (mut ends, mut taken, mut begin) = (Vec::new(), 0, 0);
    let of_losses: Vec<&[Vec<String>]> = columns.chunk_by(|a, b| a[0] == b[0]).collect();
    let label = width_of(labels, 0);
    let mut used = label;
    for group in of_losses {
        let wide = group.iter().map(|column| 1 + width_of(column, 1)).sum::<usize>();
        if used + wide > width && used > label {
            ends.push((begin, taken));
            (begin, used) = (taken, label);
        }
        used += wide;
        taken += group.len();
    }
    ends.push((begin, taken));
    ends.into_iter().map(|(begin, end)| &columns[begin..end])
}

/// A table of columns: their loss, once for all of its rules, their rule, and a cell for each feature.
fn laid_out(labels: &[String], columns: &[Vec<String>]) -> String {
    // Names of losses may reach over the columns that follow.
    let widths: Vec<usize> = columns.iter().map(|column| width_of(column, 1)).collect();
    let label = width_of(labels, 0);
    let mut text = String::new();
    for (row, name) in labels.iter().enumerate() {
        let mut line = name.clone();
        let mut at = label + 1;
        for (number, (column, width)) in columns.iter().zip(&widths).enumerate() {
            let named = row == 0 && number > 0 && columns[number - 1][0] == column[0];
            if !named {
                let reached = line.chars().count();
                line += &" ".repeat(at.max(reached + usize::from(reached > at)) - reached);
                line += &column[row];
            }
            at += width + 1;
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn in_markdown(lines: &[Line]) -> String {
    let (rows, notes) = cells(lines);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let mut text = String::from(
        "# What goes together\n\nFor every loss, its rules from left to right. `no` is followed by the number of the reason below. `partwise explain \
         --markdown` prints this page; `partwise explain --loss kl --rule scd` has one column of it.\n\n",
    );
    let named = lines.iter().map(|line| format!("`{}` `{}`", line.loss, line.rule));
    text += &row(["".to_string(), "option".to_string()].into_iter().chain(named).collect());
    text += &row(vec!["---".to_string(); lines.len() + 2]);
    for cells in rows {
        let cell = |(at, cell): (usize, String)| if at == 1 { code(&cell) } else { cell };
        text += &row(cells.into_iter().enumerate().map(cell).collect());
    }
    if !notes.0.is_empty() {
        let list = notes.0.iter().enumerate().map(|(at, note)| format!("{}. {note}\n", at + 1));
        text += &format!("\n{}", list.collect::<String>());
    }
    text += "\nWith any loss and rule, these exclude each other (F stands for W or H):\n\n";
    exclusions().iter().for_each(|said| text += &format!("- {said}\n"));
    text
}

fn in_json(lines: &[Line]) -> String {
    let features: Vec<_> = Feature::ALL
        .iter()
        .map(|&feature| json!({"name": feature.name(), "option": option_of(feature)}))
        .collect();
    let cell = |cell: &Cell| match cell {
        Cell::Yes => json!({"possible": true}),
        Cell::No { why, instead } => {
            json!({"possible": false, "why": why, "instead": as_options(instead)})
        }
    };
    let pairs: Vec<_> = lines
        .iter()
        .map(|line| {
            let cells: serde_json::Map<_, _> = Feature::ALL
                .iter()
                .zip(&line.cells)
                .map(|(feature, value)| (feature.name().to_string(), cell(value)))
                .collect();
            json!({"loss": line.loss.to_string(), "rule": line.rule.name(), "features": cells})
        })
        .collect();
    format!("{:#}\n", json!({"features": features, "pairs": pairs, "exclusions": EXCLUSIONS}))
}
