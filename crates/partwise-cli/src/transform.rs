//! `partwise transform`

use crate::any::{Number, with_matrix};
use crate::args::{PrecisionArg, SourceArgs, TableFormat, TransformArgs};
use crate::failure::{Failure, Outcome};
use crate::model::Stored;
use crate::output::{component_names, is_same, table};
use crate::source::Source;
use crate::talk::{self, Talk, count, seconds};
use partwise::data::Matrix;
use partwise_io::{Names, Separator, write_table_to};
use std::time::Instant;

pub(crate) fn run(args: &TransformArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let stored = Stored::open(&args.model)?;
    let to = Target::of(args, &stored)?;
    let source = SourceArgs {
        key: args.key.clone(),
        // In the orientation and the precision of the fit.
        transpose: stored.record.transposed,
        precision: if stored.is_single() { PrecisionArg::F32 } else { PrecisionArg::F64 },
        header: args.header,
        row_names: args.row_names,
        memory_limit: args.memory_limit,
    };
    let (matrix, source) = Source::open(&args.input, &source)?;
    source.introduce(talk);
    with_matrix!(matrix, x => transform(&x, &source, &stored, args, &to, talk))
}

fn transform<T: Number>(
    x: &Matrix<'static, T>,
    source: &Source,
    stored: &Stored,
    args: &TransformArgs,
    to: &Target,
    talk: &Talk,
) -> Result<Outcome, Failure> {
    let (model, cols) = stored.model::<T>()?;
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
    if let (Some(ours), Some(theirs)) = (&cols, &source.names.cols)
        && let Some(j) = (0..ours.len().min(theirs.len())).find(|&j| ours[j] != theirs[j])
    {
        return Err(Failure::Data(format!(
            "{}: column {j} is '{}', but the model has '{}' there; put the columns into the order of the fit",
            source.name,
            theirs[j].escape_debug(),
            ours[j].escape_debug()
        )));
    }
    source.check(model.loss, model.least)?;
    let clock = Instant::now();
    let w = model.transform(x, args.threads)?;
    talk.say(format!(
        "{} solved in {}",
        count(w.rows() as u64, "row"),
        seconds(clock.elapsed().as_secs_f64())
    ));
    let components = component_names(w.rank());
    let names = Names { rows: source.names.rows.as_deref(), cols: Some(&components) };
    let (values, shape) = (w.to_row_major(), (w.rows(), w.rank()));
    match to {
        Target::Stdout => {
            let mut text = Vec::new();
            write_table_to(&mut text, &values, shape, names, Separator::Tab)?;
            talk::data(&text)?;
        }
        Target::File(format) => {
            table(&args.out, *format, &values, shape, names)?;
            talk.say(format!("wrote {}", args.out.display()));
        }
    }
    Ok(Outcome::Done)
}

/// Where W goes.
enum Target {
    Stdout,
    File(TableFormat),
}

impl Target {
    /// Refuses what cannot be written, before any work is done.
    fn of(args: &TransformArgs, stored: &Stored) -> Result<Target, Failure> {
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
        if is_same(out, &args.input) {
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

/// Refuses a file that exists, unless `force`.
pub(crate) fn may_write(path: &std::path::Path, force: bool) -> Result<(), Failure> {
    if !force && std::fs::symlink_metadata(path).is_ok() {
        return Err(Failure::File(partwise_io::Error::CannotCreate {
            path: path.display().to_string(),
            problem: "it exists; use --force to replace it, or another name".into(),
        }));
    }
    Ok(())
}
