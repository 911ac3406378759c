//! `status`: shows the state of everything, once or again at each change.

mod picture;
mod watch;
mod words;

use super::{
    ask,
    ask::Patience,
    clock, daemon_version, exit,
    outcome::Outcome,
    output::{Answer, Format},
    settings,
};
use crate::{home::Home, ipc, program, versions::Daemon};
use clap::Args;
use meter_wire::{Request, Success};

pub(super) use words::{sentence, state, tor};

const HELP: &str = "\
Examples:
  onionmeter status
  onionmeter status --watch                     again whenever something changes, until Ctrl-C
  onionmeter status --check && curl --socks5-hostname 127.0.0.1:9149 https://example.com
  onionmeter status --json | jq -r .state       ready, connecting, not_running, ...

Exit status: 0 the daemon answered (with --check: it is ready), 1 with --check: it is not ready,
3 it does not run, 7 it does not answer, 124 not within --timeout.

Ready means: relay open, Tor usable, nothing in the way. What the browser does with it, only the
browser knows: its badge says so.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Print nothing; the exit status tells: 0 only if everything is ready
    #[arg(long)]
    check: bool,
    /// Continue: a terminal is redrawn at each change, a pipe or file gets a line for each
    #[arg(long, short, conflicts_with = "check")]
    watch: bool,
    #[command(flatten)]
    patience: Patience,
}

/// Never starts the daemon: a look must not change anything.
pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    if arguments.watch {
        return watch::run(arguments.patience, home, format);
    }
    let seen = arguments.patience.wait(async {
        let answered = ipc::Connection::attach_and_ask(home, &Request::Status).await?;
        let Some((mut daemon, answer)) = answered else {
            return Ok(None);
        };
        let Success::Status(status) = answer else {
            return Err(ipc::unexpected());
        };
        let about = Daemon::of(&daemon, &program::program().unwrap_or_default());
        let differences = daemon_version::differences(&about);
        let in_force = ask::settings(&mut daemon).await;
        let notes = settings::note(home, in_force.as_ref()) + &notices(&differences);
        Ok(Some((*status, notes)))
    })?;
    let (status, notes) = seen.unzip();
    let mut notes = notes.unwrap_or_else(|| settings::note(home, None));
    if let Some(clock) = clock::note(home) {
        notes += &format!("Notice   {clock}\n");
    }
    let answer = picture::answer(status.as_ref(), home, &notes);
    match (arguments.check, &status) {
        (false, _) => answer.print(format),
        (true, Some(status)) if state(status) != "ready" => check(answer.exit(exit::CHECK), format),
        (true, _) => check(answer, format),
    }
}

/// Only programs that asked for an object get one.
fn check(answer: Answer, format: Format) -> Outcome {
    match format {
        Format::Json => answer.print(format),
        Format::Text => answer.silent().print(format),
    }
}

fn notices(differences: &[String]) -> String {
    let lines = differences
        .iter()
        .map(|difference| format!("Notice   {difference}\n"));
    lines.collect()
}
