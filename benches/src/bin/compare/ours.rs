//! The program `partwise`, as it is called here.

use crate::THREADS;
use crate::peer::start_files;
use crate::problem::Problem;
use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::child::answer;
use partwise_benches::program;
pub(crate) use partwise_benches::program::Run;
use partwise_io::write_npy;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `partwise` beside this one.
pub(crate) struct Ours {
    program: PathBuf,
}

impl Ours {
    /// The program in the folder of this one.
    pub(crate) fn beside() -> Outcome<Ours> {
        Ok(Ours { program: program::beside()? })
    }

    /// A fit with all options as they are by default.
    pub(crate) fn fit(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<Run> {
        answer(self.call(x, problem.rank, problem.loss, room))
    }

    /// A fit in double precision from the pair that scikit-learn starts from.
    pub(crate) fn fit_from(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<Run> {
        let (w, h) = start_files(room);
        let mut command = self.call(x, problem.rank, problem.loss, room);
        let mut files = w.into_os_string();
        files.push(",");
        files.push(h);
        command.arg("--init").arg(files).args(["--precision", "f64"]);
        answer(command)
    }

    /// The fit of a matrix of one entry, whose memory is the program's own.
    pub(crate) fn smallest(&self, loss: Loss, room: &Path) -> Outcome<Run> {
        let x = room.join("smallest.npy");
        write_npy(&x, &[1.0], (1, 1))?;
        answer(self.call(&x, 1, loss, room))
    }

    fn call(&self, x: &Path, rank: usize, loss: Loss, room: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("fit").arg(x).args(["--rank", &rank.to_string(), "--loss", &loss.to_string()]);
        command.args(["--threads", &THREADS.to_string(), "--json", "--quiet", "--force", "--out"]);
        command.arg(folder(room));
        command
    }
}

pub(crate) fn folder(room: &Path) -> PathBuf {
    room.join("fit")
}
