//! `partwise images`: pictures become rows, and parts pictures.

use crate::args::{self, ImagesArgs, InitArg, LookArgs};
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::fit::{Destination, dry_run, planned, solve, stem};
use crate::given::GivenFiles;
use crate::output;
use crate::report;
use crate::source::{Read, Source};
use crate::talk::{self, Talk};
use partwise::data::Matrix;
use partwise::{Init, Spec};
use partwise_io::fitted::{AxisNames, PICTURE, PICTURES, Pictured, RECONSTRUCTION, RUN, TableFormat};
use partwise_io::pictures::{Found, Frame, PictureOptions, find};
use partwise_io::{AnyMatrix, fingerprint};
use partwise_report::{Shades, Size};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(args: &ImagesArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let Some(rank) = args.rank else { return only_matrix(args, talk) };
    let spec = spec(args, rank)?;
    spec.check()?;
    let given = GivenFiles::of(&args.init, &args.constraints, &args.penalties)?;
    let mut options = options(args);
    let found = find(&args.inputs, options.memory_limit)?;
    let out = out(args, rank);
    let folder = {
        let inputs: Vec<&Path> = found.files().chain(given.files()).collect();
        output::refuse_among(&out, &args.inputs, &inputs, "pictures")?;
        if let Some(file) = &args.matrix_out {
            output::may_write_x(file, args.force, &inputs)?;
        }
        output::create(&out, args.force, &inputs)?
    };
    let folder = (!args.dry_run).then_some(folder);

    let Pictures { x, mut source, frame, flat } = open(args, found, &options, talk)?;
    source.check(&spec)?;
    if let Some(file) = args.matrix_out.as_ref().filter(|_| !args.dry_run) {
        output::write_x(file, &AnyMatrix::F32(x.clone()), &source, talk)?;
    }
    let size = Size { by_columns: args.column_major, ..Size::new(frame.height, frame.width) };
    let shape = (source.facts.rows, source.facts.cols);
    let look = LookArgs { groups: args.groups.clone(), words: false };
    let look = report::look(args.report, &look, Some(size), &source.names, shape)?;
    let start = given.read::<f32>(spec.rank, &mut source)?;
    let (spec, plan) = planned(spec, &source, &start, talk)?;
    let Some(folder) = folder else {
        let e = TableFormat::from(args.format).extension();
        let files = format!("W.{e}, H.{e} and {RUN}");
        return dry_run::<f32>(&source, &plan, args.json, &files, &out).map(|()| Outcome::Done);
    };
    let chosen = &plan.spec;
    talk.say(format!("  loss {}, rule {}, init {}", chosen.loss, chosen.rule, chosen.init));
    // Of a matrix, the size is all that was said of it.
    options.resize &= !flat;
    let pictured = Pictured::new(frame, &options);
    let json = pictured.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
    let to = Destination {
        folder,
        format: args.format.into(),
        image: Some(size),
        beside: Some(if args.invert { Shades::Ink } else { Shades::Light }),
        json: args.json,
        strict: args.strict,
        timings: false,
        given: given.names(),
        others: vec![(PICTURES.into(), json)],
        report: look,
    };
    let (fit, outcome) = solve(x, &source, spec, &start, to, talk)?;
    if talk.says() && !args.json && std::io::stdout().is_terminal() {
        let (text, shown) = output::as_little_text(output::mosaic(&fit, size)?);
        talk::data(text.as_bytes())?;
        if shown < fit.spec.rank {
            talk.say(format!("These are the first {shown} of {} parts.", fit.spec.rank));
        }
    }
    talk.say(format!(
        "the parts: {}; pictures above their models, first typical ones and then the worst: {}",
        out.join(PICTURE).display(),
        out.join(RECONSTRUCTION).display()
    ));
    Ok(outcome)
}

/// Writes X, and nothing else.
fn only_matrix(args: &ImagesArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let Some(file) = &args.matrix_out else {
        return Err(Failure::Usage(
            "--rank is needed, the number of parts; with --matrix-out X.npy in its place the matrix is written, and \
             `partwise rank X.npy` helps to find one"
                .into(),
        ));
    };
    let options = options(args);
    let found = find(&args.inputs, options.memory_limit)?;
    output::may_write_x(file, args.force, &found.files().collect::<Vec<_>>())?;
    let Pictures { x, source, .. } = open(args, found, &options, talk)?;
    if !args.dry_run {
        output::write_x(file, &AnyMatrix::F32(x), &source, talk)?;
    }
    Ok(Outcome::Done)
}

/// Reads the pictures, and says how they are taken.
fn open(args: &ImagesArgs, found: Found, options: &PictureOptions, talk: &Talk) -> Result<Pictures, Failure> {
    let name = args.inputs.iter().map(|input| input.display().to_string()).collect::<Vec<_>>().join(", ");
    let mut read = Pictures::read(found, options, name, Counting::none())?;
    if args.transpose && !read.flat {
        return Err(Failure::Usage(
            "--transpose is for a .npy with two dimensions whose columns are pictures; leave it out".into(),
        ));
    }
    // A matrix says by itself what is transposed; its pictures are rows here already.
    read.source.transposed = args.transpose;
    read.source.introduce(talk);
    if args.column_major && !read.flat {
        talk.say("  pixels stand column by column in the rows of X");
    }
    Ok(read)
}

/// Pictures as X, with what is known of them.
pub(crate) struct Pictures {
    pub(crate) x: Matrix<'static, f32>,
    pub(crate) source: Source,
    pub(crate) frame: Frame,
    /// Whether they were the rows or columns of a matrix.
    pub(crate) flat: bool,
}

impl Pictures {
    pub(crate) fn read(
        found: Found,
        options: &PictureOptions,
        name: String,
        counting: Counting,
    ) -> Result<Pictures, Failure> {
        let began = Instant::now();
        let pictures = found.read(options)?;
        let (frame, flat) = (pictures.frame, pictures.flat);
        let matrix = AnyMatrix::F32(pictures.matrix);
        let read = Read {
            fingerprint: fingerprint(&matrix),
            matrix,
            names: AxisNames { rows: pictures.names, ..AxisNames::default() },
            format: pictures.format,
            stored_as: pictures.stored_as,
            notes: pictures.notes,
        };
        match Source::of(read, name, false, counting, options.memory_limit, began)? {
            (AnyMatrix::F32(x), source) => Ok(Pictures { x, source, frame, flat }),
            _ => Err(Failure::Internal("pictures were read in double precision".into())),
        }
    }
}

fn options(args: &ImagesArgs) -> PictureOptions {
    let mut options = PictureOptions::default();
    options.size = args.size.map(|size| Frame { height: size.height, width: size.width });
    options.resize = args.size.is_some();
    options.by_columns = args.column_major;
    options.invert = args.invert;
    options.transpose = args.transpose;
    options.skip_bad = args.skip_bad;
    if let Some(limit) = args.memory_limit {
        options.memory_limit = limit.as_u64();
    }
    options
}

fn spec(args: &ImagesArgs, rank: usize) -> Result<Spec, Failure> {
    let mut spec = args::spec(&args.model, &args.effort, &args.penalties, &args.constraints)?;
    (spec.rank, spec.restarts, spec.time_limit) = (rank, args.restarts, args.time_limit);
    spec.init = match args.init {
        InitArg::Named(init) => init,
        InitArg::Files { .. } => Init::Auto,
    };
    Ok(spec)
}

/// Where results go: if nothing is said, into a folder here with the name of the pictures and the rank.
fn out(args: &ImagesArgs, rank: usize) -> PathBuf {
    args.out.clone().unwrap_or_else(|| {
        let name = match args.inputs.first() {
            Some(folder) if folder.is_dir() => {
                // `.` and `..` have names too.
                let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
                folder.file_name().map_or("images".into(), |name| name.to_string_lossy().into_owned())
            }
            Some(file) => stem(file),
            None => "images".into(),
        };
        PathBuf::from(format!("{name}-rank{rank}"))
    })
}
