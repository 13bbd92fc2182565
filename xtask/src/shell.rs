//! Calls of other programs, from the root of the project.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a chore comes to.
pub(crate) type Done = Result<(), String>;

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

/// The cargo that called us.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// A program with arguments, to be run in the root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Says what it runs, and runs it.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Done {
    finish(command(program, arguments))
}

/// Says what it runs, and runs it.
pub(crate) fn finish(mut command: Command) -> Done {
    let shown: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // The name is enough: where the program lies does not matter.
    let line = shown.join(" ").replacen(&cargo(), "cargo", 1);
    say(&format!("$ {line}\n"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line}: {status}")),
        Err(error) => Err(format!("{line}: {error}")),
    }
}

/// Whether a command is there and answers.
pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = command(program, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Text on stderr.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Installs packages for this interpreter.
pub(crate) fn pip(python: &str, what: &[&str]) -> Done {
    run(python, &[&["-m", "pip", "install", "--quiet", "--disable-pip-version-check"], what].concat())
}

/// A path as a word of a command.
pub(crate) fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{}: a path that is no text", path.display()))
}
