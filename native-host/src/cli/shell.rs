//! `completions` and `man`: generated from the description of the command line that also parses it.

use super::{
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    when,
};
use crate::{EXIT_BUG, EXIT_USAGE, system::clock::Clock};
use clap::{Args, Command};
use clap_complete::Shell;

const COMPLETIONS_HELP: &str = "\
Examples:
  bash   mkdir -p ~/.local/share/bash-completion/completions
         onionmeter completions bash > ~/.local/share/bash-completion/completions/onionmeter
  zsh    onionmeter completions zsh > ~/.zfunc/_onionmeter      (a folder of your fpath)
  fish   onionmeter completions fish > ~/.config/fish/completions/onionmeter.fish

Exit status: 0 done, 64 an unknown shell.";

#[derive(Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const MAN_HELP: &str = "\
Examples:
  onionmeter man | man -l -                  read it
  onionmeter man tor start | man -l -        the page of one command
  mkdir -p ~/.local/share/man/man1
  onionmeter man > ~/.local/share/man/man1/onionmeter.1

Exit status: 0 done, 64 an unknown command.";

#[derive(Args)]
#[command(after_help = MAN_HELP)]
pub(super) struct Man {
    /// A command, for its own page
    command: Vec<String>,
}

pub(super) fn completions(
    arguments: &Completions,
    mut command: Command,
    format: Format,
) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "onionmeter", &mut script);
    let script = String::from_utf8_lossy(&script);
    Answer::new("completions", script.clone())
        .with("shell", arguments.shell.to_string())
        .with("script", script)
        .print(format)
}

pub(super) fn man(arguments: &Man, mut command: Command, format: Format) -> Outcome {
    // Sets full names ("onionmeter tor start") and the options that all commands share.
    command.build();
    for name in &arguments.command {
        let found = command.find_subcommand(name).cloned();
        let unknown = || {
            let message = format!("there is no command {name}; `onionmeter help` lists them");
            CommandError::Exit(EXIT_USAGE, message)
        };
        command = found.ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let title = command.get_display_name().unwrap_or("onionmeter");
    let title = title.replace(' ', "-").to_uppercase();
    // All five parts of the title line: readers take the version for the date where that is empty.
    let rendered = clap_mangen::Man::new(command)
        .title(title)
        .date(when::day(Clock::wall()))
        .source(concat!("onionmeter ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands")
        .render(&mut page);
    rendered.map_err(|error| CommandError::Exit(EXIT_BUG, format!("no manual page: {error}")))?;
    let page = String::from_utf8_lossy(&page);
    Answer::new("man", page.clone())
        .with("page", page)
        .print(format)
}
