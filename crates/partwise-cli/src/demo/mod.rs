//! `partwise demo`: data that come with the program, factorized like any other, and the parts shown.

mod counts;
mod digits;

use crate::args::{DemoArgs, DemoName, LookArgs};
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::fit::{Destination, solve};
use crate::output::{self, mosaic};
use crate::report;
use crate::source::Source;
use crate::talk::{self, Talk};
use partwise::{Dense, Given, Spec};
use partwise_io::fitted::{GivenNames, NAMES, PICTURE, REPORT, RUN, TableFormat};
use partwise_io::{Input, ReadOptions, Table, read};
use partwise_report::Size;
use std::path::Path;
use std::time::Instant;

/// What a demonstration shows.
struct Show {
    table: Table,
    spec: Spec,
    /// What it is about.
    introduction: &'static str,
    /// How the parts are drawn.
    size: Size,
    /// The truth, where it is known: components by rows.
    truth: Option<Vec<Vec<f64>>>,
}

pub(crate) fn run(args: &DemoArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let show = match args.name {
        DemoName::Digits => digits::show()?,
        DemoName::Counts => counts::show()?,
    };
    let force = args.force || is_demo(&args.out);
    let folder = output::create(&args.out, force, &[])?;
    talk.say(show.introduction);
    talk.say("");
    let limit = ReadOptions::default().memory_limit;
    let name = format!("demo {}", args.name.name());
    let (matrix, source) = Source::new(show.table, name, false, Counting::none(), limit, began)?;
    source.introduce(talk);
    let shape = (source.facts.rows, source.facts.cols);
    let look = report::look(true, &LookArgs::default(), Some(show.size), &source.names, shape)?;
    let to = Destination {
        folder,
        format: TableFormat::Csv,
        image: Some(show.size),
        beside: None,
        json: false,
        strict: false,
        timings: false,
        given: GivenNames::default(),
        others: Vec::new(),
        report: look,
    };
    // Both demonstrations are in double precision.
    let partwise_io::AnyMatrix::F64(x) = matrix else {
        return Err(Failure::Internal("the data of the demonstration are not in double precision".into()));
    };
    let (fit, outcome) = solve(x, &source, show.spec, &Given::default(), to, talk)?;
    talk::data(output::as_text(&mosaic(&fit, show.size)?).as_bytes())?;
    if let Some(truth) = &show.truth {
        talk.say(counts::recovery(&fit, truth));
    }
    talk.say(format!("The same parts as a picture: {}", args.out.join(PICTURE).display()));
    talk.say(format!("All of it, in a browser: {}", args.out.join(REPORT).display()));
    talk.say("Next: partwise fit YOURFILE --rank 10 --out results");
    Ok(outcome)
}

/// Whether a folder holds what an earlier demonstration wrote, and nothing else.
fn is_demo(folder: &Path) -> bool {
    let ours = ["W.csv", "H.csv", RUN, PICTURE, NAMES, REPORT];
    let Ok(mut entries) = std::fs::read_dir(folder) else { return false };
    let known = entries.all(|entry| {
        entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(|name| ours.contains(&name)))
    });
    let by_demo =
        std::fs::read_to_string(folder.join(RUN)).is_ok_and(|text| text.contains("\"input\": \"demo "));
    known && by_demo
}

/// Bytes of the program as a table.
fn table(name: &str, bytes: &[u8]) -> Result<Table, Failure> {
    let mut options = ReadOptions::default();
    options.precision = partwise_io::Precision::F64;
    Ok(read(Input::reader(name, bytes), &options)?)
}

/// Numbers of the program as a table, by way of a file in memory.
fn table_of(name: &str, x: Dense<'static, f64>) -> Result<Table, Failure> {
    let mut bytes = Vec::new();
    let matrix = partwise_io::AnyMatrix::F64(x.into());
    partwise_io::write_matrix_to(
        &mut bytes,
        partwise_io::Format::Npy,
        &matrix,
        partwise_io::Names::default(),
    )?;
    table(name, &bytes)
}
