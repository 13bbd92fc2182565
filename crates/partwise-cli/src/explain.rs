//! `partwise explain`: what goes together, and why the rest does not.

use crate::args::ExplainArgs;
use crate::failure::{Failure, Outcome};
use crate::talk;
use serde_json::json;
use support::{Cell, Row, Table};

/// Notes below a table, each once, with the number that cells refer to it by.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn number(&mut self, text: String) -> usize {
        match self.0.iter().position(|known| *known == text) {
            Some(at) => at + 1,
            None => {
                self.0.push(text);
                self.0.len()
            }
        }
    }
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Outcome, Failure> {
    let mut table = support::table();
    let wanted = |row: &Row| {
        args.loss.is_none_or(|loss| loss == row.loss) && args.rule.is_none_or(|rule| rule == row.rule)
    };
    table.rows.retain(wanted);
    let text = match (args.json, args.markdown) {
        (true, _) => json_of(&table),
        (_, true) => markdown(&table),
        _ => plain(&table),
    };
    talk::data(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// The words of a cell, and what they refer to.
fn said(cell: &Cell, notes: &mut Notes) -> String {
    match cell {
        Cell::Yes => "yes".into(),
        Cell::No { why, instead } => {
            let text = if instead.is_empty() { why.clone() } else { format!("{why}; {instead}") };
            notes.number(text).to_string()
        }
    }
}

/// All cells as text, the headings first, and the notes.
fn cells(table: &Table) -> (Vec<Vec<String>>, Notes) {
    let mut notes = Notes::default();
    let names = table.columns.iter().map(|column| column.name.to_string());
    let mut lines =
        vec![["loss".to_string(), "rule".to_string()].into_iter().chain(names).collect::<Vec<_>>()];
    for row in &table.rows {
        let head = [row.loss.to_string(), row.rule.to_string()];
        let said = row.cells.iter().map(|cell| said(cell, &mut notes));
        lines.push(head.into_iter().chain(said).collect());
    }
    (lines, notes)
}

fn plain(table: &Table) -> String {
    let (lines, notes) = cells(table);
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<String> =
            line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        text += &format!("{}\n", padded.join("  ").trim_end());
    }
    text.push('\n');
    for column in &table.columns {
        text += &format!("{}: {}\n", column.name, column.help);
    }
    if !notes.0.is_empty() {
        text.push('\n');
    }
    for (at, note) in notes.0.iter().enumerate() {
        text += &format!("{:>3}  {note}\n", at + 1);
    }
    text
}

fn markdown(table: &Table) -> String {
    let (lines, notes) = cells(table);
    let columns = lines.first().map_or(0, Vec::len);
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = String::from(
        "# What goes together\n\n`partwise explain --markdown` prints this page. A number refers to the reason below the table, and to \
         what can be done instead.\n\n",
    );
    for (at, line) in lines.iter().enumerate() {
        let name =
            |cell: &String| if cell == "loss" || cell == "rule" { cell.clone() } else { format!("`{cell}`") };
        let quoted = |(i, cell): (usize, &String)| if i < 2 { format!("`{cell}`") } else { cell.clone() };
        if at == 0 {
            text += &row(&line.iter().map(name).collect::<Vec<_>>());
            text += &row(&vec!["---".to_string(); columns]);
        } else {
            text += &row(&line.iter().enumerate().map(quoted).collect::<Vec<_>>());
        }
    }
    text.push('\n');
    for column in &table.columns {
        text += &format!("* `{}`: {}\n", column.name, column.help);
    }
    text.push('\n');
    for (at, note) in notes.0.iter().enumerate() {
        text += &format!("{}. {note}\n", at + 1);
    }
    text
}

fn json_of(table: &Table) -> String {
    let columns: Vec<_> =
        table.columns.iter().map(|column| json!({"name": column.name, "help": column.help})).collect();
    let cell = |cell: &Cell| match cell {
        Cell::Yes => json!({"possible": true}),
        Cell::No { why, instead } => json!({"possible": false, "why": why, "instead": instead}),
    };
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| {
            let named = table.columns.iter().zip(&row.cells);
            let cells: serde_json::Map<_, _> =
                named.map(|(column, value)| (column.name.to_string(), cell(value))).collect();
            json!({"loss": row.loss.to_string(), "rule": row.rule.name(), "cells": cells})
        })
        .collect();
    format!("{:#}\n", json!({"columns": columns, "rows": rows}))
}

/// Stands in for the library's module of this name.
mod support {
    use partwise::{Loss, Rule, Spec};

    pub(super) struct Table {
        pub(super) columns: Vec<Column>,
        pub(super) rows: Vec<Row>,
    }

    pub(super) struct Column {
        pub(super) name: String,
        pub(super) help: String,
    }

    pub(super) struct Row {
        pub(super) loss: Loss,
        pub(super) rule: Rule,
        pub(super) cells: Vec<Cell>,
    }

    pub(super) enum Cell {
        Yes,
        No { why: String, instead: String },
    }

    pub(super) fn table() -> Table {
        let columns = vec![Column { name: "fit".into(), help: "a fit without anything else".into() }];
        let mut rows = Vec::new();
        for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito] {
            for &rule in Rule::ALL.iter().filter(|&&rule| rule != Rule::Auto) {
                let mut spec = Spec::default();
                (spec.loss, spec.rule) = (loss, rule);
                let cell = match spec.check() {
                    Ok(()) => Cell::Yes,
                    Err(partwise::Error::Unsupported { why, instead, .. }) => Cell::No { why, instead },
                    Err(error) => Cell::No { why: error.to_string(), instead: String::new() },
                };
                rows.push(Row { loss, rule, cells: vec![cell] });
            }
        }
        Table { columns, rows }
    }
}
