//! `partwise convert`

use crate::args::ConvertArgs;
use crate::counting::Counting;
use crate::failure::{Failure, Outcome};
use crate::output::{is_same, may_write};
use crate::source::Source;
use crate::talk::Talk;
use partwise_io::{Names, write_matrix};

pub(crate) fn run(args: &ConvertArgs, talk: &Talk) -> Result<Outcome, Failure> {
    let mut inputs = [args.input.as_path()].into_iter().chain(args.source.files());
    if let Some(input) = inputs.find(|input| is_same(input, &args.output)) {
        return Err(Failure::Usage(format!(
            "the new file would replace the input '{}'; choose another name",
            input.display()
        )));
    }
    may_write(&args.output, args.force)?;
    let (matrix, source) = Source::open(&args.input, &args.source, Counting::none())?;
    source.introduce(talk);
    let names = Names { rows: source.names.rows.as_deref(), cols: source.names.cols.as_deref() };
    for note in write_matrix(&args.output, &matrix, names)? {
        talk.say(format!("  {note}"));
    }
    talk.say(format!("wrote {}", args.output.display()));
    Ok(Outcome::Done)
}
