//! `partwise`: non-negative matrix factorization of the file you hold.
//!
//! stdout is data, stderr is talk. Exit codes are those of [`failure`].
#![forbid(unsafe_code)]

mod any;
mod args;
mod catalogue;
mod cnmf;
mod consensus;
mod convert;
mod counting;
mod demo;
mod explain;
mod failure;
mod fit;
mod given;
mod images;
mod inspect;
mod matched;
mod output;
mod progress;
mod rank;
mod report;
mod score;
mod signals;
mod signatures;
mod source;
mod summary;
mod talk;
mod texts;
mod top;
mod topics;
mod transform;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use failure::{Failure, Outcome};
use std::process::ExitCode;
use talk::Talk;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0, mistakes to stderr with 2; a closed pipe is no reason to complain.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    signals::listen();
    match run(cli) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(Failure::ClosedPipe) => ExitCode::from(failure::CLOSED_PIPE),
        Err(failure) => {
            talk::error(&failure::without_foreign(&failure.to_string(), has));
            ExitCode::from(failure.code())
        }
    }
}

/// Whether the command that runs has an option.
fn has(option: &str) -> bool {
    let cli = Cli::command();
    let running = std::env::args().skip(1).find_map(|word| cli.find_subcommand(word).cloned());
    running.is_none_or(|command| command.get_arguments().any(|argument| argument.get_long() == Some(option)))
}

fn run(cli: Cli) -> Result<Outcome, Failure> {
    match cli.command {
        Command::Fit(args) => fit::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Rank(args) => rank::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Topics(args) => topics::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Transform(args) => transform::run(&args, &Talk::new(args.talk.level(), false)),
        Command::Report(args) => report::run(&args, &Talk::new(args.talk.level(), false)),
        Command::Consensus(args) => consensus::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Images(args) => images::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Signatures(args) => signatures::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Top(args) => top::run(&args),
        Command::Match(args) => matched::run(&args, &Talk::new(args.talk.level(), args.json)),
        Command::Inspect(args) => inspect::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Convert(args) => convert::run(&args, &Talk::new(args.talk.level(), false)),
        Command::Demo(args) => demo::run(&args, &Talk::new(args.talk.level(), false)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "partwise", &mut script);
            talk::data(&script)?;
            Ok(Outcome::Done)
        }
    }
}
