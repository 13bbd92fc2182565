//! The options of a fit of pictures.

use super::{
    ConstraintArgs, EffortArgs, FormatArg, InitArg, ModelArgs, PenaltyArgs, RANK, TalkArgs, doc, duration,
    init,
};
use bytesize::ByteSize;
use clap::Args;
use partwise_report::Size;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  partwise images faces/ --rank 49 --report
  partwise images scans/ --rank 20 --size 32x32 --invert --out strokes
  partwise images faces/ --matrix-out faces.npy && partwise rank faces.npy --ranks 10,20,40,80
  partwise images t10k-images-idx3-ubyte.gz --rank 20 --loss kl --out clothes
  partwise images X.npy --rank 49 --size 19x19 --transpose --column-major    pictures in the columns of a matrix
  partwise transform clothes new-pictures/ --out usage.tsv

Colour becomes grey. Values go from 0, black, to 1, white, and parts are what is bright; --invert makes it what is dark:
ink on paper. The folder has W, H and run.json as that of `fit`, the parts in parts.png, some pictures beside their
model in reconstruction.png, and in images.json how pictures became rows.";

#[derive(Debug, Args)]
pub(crate) struct ImagesArgs {
    /// Folders with pictures in them and below (.png, .jpg, .jpeg, .pgm, .ppm, .pnm, .pbm), pictures, or stacks of pictures:
    /// .npy (pictures, height, width) or idx, each also .gz; - is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Number of parts. Without it, and with --matrix-out, only the matrix is written.
    #[arg(short = 'k', long, aliases = RANK)]
    pub(crate) rank: Option<usize>,
    /// The folder that the results go to [default: NAME-rankK here, with the name of the first input].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Height and width: pictures of other sizes are resized to it, each pixel the mean of its area. For a .npy whose rows
    /// are pictures, their size.
    #[arg(long, value_name = "HxW", help_heading = "Pictures")]
    pub(crate) size: Option<Size>,
    /// Take dark as 1 and bright as 0: for ink on paper.
    #[arg(long, help_heading = "Pictures")]
    pub(crate) invert: bool,
    /// The columns of a .npy are pictures, and not its rows.
    #[arg(long, help_heading = "Pictures")]
    pub(crate) transpose: bool,
    /// Pixels stand column by column in X, as MATLAB and R have them.
    #[arg(long, help_heading = "Pictures")]
    pub(crate) column_major: bool,
    /// Leave out files of a folder that cannot be read, and pictures of another size than most, and count them.
    #[arg(long, help_heading = "Pictures")]
    pub(crate) skip_bad: bool,
    /// Write X too, a row for each picture: .npy, .npz, .mtx, .csv or .tsv; for `rank`, and for what `fit` can do beside.
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub(crate) matrix_out: Option<PathBuf>,
    /// Memory to take at most, such as 4GB [default: 80 % of the machine's].
    #[arg(long, value_name = "SIZE", help_heading = "Pictures")]
    pub(crate) memory_limit: Option<ByteSize>,

    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[arg(long, value_parser = init, help = format!("{}. Files as for `fit`", doc("init")),
          default_value = "auto", help_heading = "Model")]
    pub(crate) init: InitArg,
    #[arg(long, value_name = "N", help = doc("restarts"), default_value_t = 1, help_heading = "Model")]
    pub(crate) restarts: usize,
    #[command(flatten)]
    pub(crate) penalties: PenaltyArgs,
    #[command(flatten)]
    pub(crate) constraints: ConstraintArgs,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[arg(long, value_name = "TIME", value_parser = duration, help = doc("time_limit"), help_heading = "Effort")]
    pub(crate) time_limit: Option<f64>,

    /// Format of W and H. Names of pictures stand in .csv and .tsv, and beside .npy in names.json.
    #[arg(long, value_enum, default_value_t = FormatArg::Npy, help_heading = "Output")]
    pub(crate) format: FormatArg,
    /// Write report.html too: the fit to look at, in one file.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    /// Labels of the pictures, for the report: one a line, in their order, or lines of a picture's name and its label.
    #[arg(long, value_name = "FILE", help_heading = "Output", requires = "report")]
    pub(crate) groups: Option<PathBuf>,
    /// Replace the files of an earlier fit in DIR.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Read the pictures and say what would be done, but do not do it.
    #[arg(short = 'n', long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    /// Exit with code 4 if the fit ends before convergence; its factors are written all the same.
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
    /// Print run.json to standard output, and nothing else.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}
