//! `harden` and `unharden`: policies for every user of this computer, shown before they are
//! written.

use super::{
    exit, given_path, install,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    parts::{Part, Parts},
};
use crate::{
    EXIT_USAGE,
    launch::{self, Choices, Left, PolicyFile, PolicyPlace, Removal},
    problems, program,
    system::user,
};
use clap::Args;
use std::{
    fs,
    io::{self, IsTerminal as _, stdin},
    path::{Path, PathBuf},
};

/// Switch off requests that browsers make on their own, by policies for every user of this computer
#[derive(Args)]
#[command(after_help = "\
Shows each file first. What it costs: most of Chromium's components and Firefox's experiments are no
longer fetched; sign-in to Chromium, QUIC, prefetching and DNS over HTTPS are off. What Chromium \
calls
critical, lists of revoked certificates for one, it fetches all the same: only `open` stops that.
Chromium may open 256 connections through the relay, instead of 128 or at random more. No policy \
sets a
proxy, so the extension stays in control. A browser takes policies at its next start; \
chrome://policy
and about:policies list them.

Exit status: 0 done, 1 a file of somebody else's was left as it is, 64 nobody was there to say yes,
66 the folder of --root is not there, 73 a file cannot be written; the others are.")]
pub(super) struct Harden {
    #[command(flatten)]
    common: Common,
    /// Also switch Safe Browsing off. Cost: nothing warns of dangerous sites and downloads any more
    #[arg(long)]
    no_safe_browsing: bool,
    /// Also remove private windows, in which a Chromium's extension works only if it is allowed
    /// there
    #[arg(long)]
    no_private_windows: bool,
    /// Also for browsers that are not found on this computer
    #[arg(long)]
    all: bool,
}

/// Remove the policies that `harden` wrote
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 done, 1 a file that was changed was left as it is, 64 nobody was \
        there to say yes, 66 the folder of --root is not there, 73 a file cannot be removed; the \
        others are."
)]
pub(super) struct Unharden {
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Common {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Folder to use as /, for images of other systems
    #[arg(long, value_name = "DIR", default_value = "/", value_parser = given_path::parser())]
    root: PathBuf,
}

pub(super) fn harden(arguments: &Harden, format: Format) -> Outcome {
    let choices = Choices {
        no_safe_browsing: arguments.no_safe_browsing,
        no_private_windows: arguments.no_private_windows,
    };
    refuse_missing(&arguments.common.root)?;
    let places = launch::places(&arguments.common.root).into_iter();
    let places: Vec<_> = places
        .filter(|place| place.present || arguments.all)
        .collect();
    if places.is_empty() {
        let text =
            "none of the browsers that take policies is installed; --all writes for all of them";
        return Err(CommandError::Exit(EXIT_USAGE, text.to_owned()));
    }
    let mut parts = Parts::new(format);
    let mut theirs = false;
    let mut due = Vec::new();
    for place in &places {
        let file = PolicyFile::new(place, choices);
        let text = file.text();
        match launch::state_of_policies(place.family, &place.file) {
            Left::Nothing | Left::Ours => {
                parts.say(format_args!(
                    "{}: {}\n{text}",
                    place.title,
                    place.file.display()
                ));
                due.push((place, file));
            }
            Left::Theirs | Left::Changed => {
                theirs = true;
                left_to_the_person(&mut parts, place, &text);
            }
        }
    }
    let shown: Vec<_> = due.iter().map(|(place, _)| *place).collect();
    let goes_on = go_on(&arguments.common, &mut parts, &shown, "Write")?;
    let (mut is_any_written, mut whole) = (false, true);
    for (place, file) in due {
        let text = file.text();
        let part = |outcome| policies(place, outcome).content(&text);
        if !goes_on {
            parts.record(part("would_be_written"));
            continue;
        }
        match file.write(&place.file) {
            Ok(()) => {
                is_any_written = true;
                parts.tell(part("written"), line(place, "written"));
            }
            Err(error) => {
                whole = false;
                not_done(&mut parts, place, "not_written", "NOT written", &error);
            }
        }
    }
    if is_any_written {
        parts.say("Restart the browsers. `onionmeter unharden` takes the files away again.");
    }
    let failure = (!whole).then(|| install::not_whole("written", format));
    parts.end(ended("hardened", theirs, failure, &arguments.common))
}

/// Says that one file could not be written or removed; the others still are.
fn not_done(parts: &mut Parts, place: &PolicyPlace, outcome: &str, word: &str, error: &io::Error) {
    let why = problems::chain(error);
    let line = format!("{}: {why}", line(place, word));
    parts.tell(policies(place, outcome).because(why), line);
}

/// Shows what a person must add to a file that Onionmeter did not write.
fn left_to_the_person(parts: &mut Parts, place: &PolicyPlace, text: &str) {
    let why = "is not as Onionmeter wrote it, so it stays as it is";
    let part = policies(place, "stays")
        .content(text)
        .because(format_args!("{} {why}", place.file.display()));
    parts.tell(
        part,
        format_args!(
            "{}: {} {why}.\nTo harden this browser add by hand:\n{text}",
            place.title,
            place.file.display()
        ),
    );
}

pub(super) fn unharden(arguments: &Unharden, format: Format) -> Outcome {
    refuse_missing(&arguments.common.root)?;
    let mut parts = Parts::new(format);
    let mut kept = false;
    let mut due = Vec::new();
    for place in launch::places(&arguments.common.root) {
        let path = place.file.display();
        match launch::state_of_policies(place.family, &place.file) {
            Left::Ours => {
                parts.say(format_args!("{}: {path}", place.title));
                due.push(place);
            }
            Left::Changed => {
                kept = true;
                let text = "was changed since Onionmeter wrote it, so it stays; remove it by hand";
                let part = policies(&place, "stays").because(format_args!("{path} {text}"));
                parts.tell(part, format_args!("{}: {path} {text}", place.title));
            }
            Left::Nothing | Left::Theirs => {}
        }
    }
    if due.is_empty() {
        parts.say("There are no policies of Onionmeter's to remove.");
    }
    let shown: Vec<_> = due.iter().collect();
    let goes_on = go_on(&arguments.common, &mut parts, &shown, "Remove")?;
    let mut whole = true;
    for place in &due {
        if !goes_on {
            parts.record(policies(place, "would_be_removed"));
            continue;
        }
        match launch::remove_policies(place.family, &place.file) {
            Ok(Removal::Removed) => {
                parts.tell(policies(place, "removed"), line(place, "removed"));
            }
            Ok(Removal::Kept(_)) => {}
            Err(error) => {
                whole = false;
                not_done(&mut parts, place, "not_removed", "NOT removed", &error);
            }
        }
    }
    let failure = (!whole).then(|| install::not_whole("removed", format));
    parts.end(ended("unhardened", kept, failure, &arguments.common))
}

/// Refuses a folder that is not there: no browser reads what a mistyped name would make.
fn refuse_missing(root: &Path) -> Result<(), CommandError> {
    let why = match fs::metadata(root) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "it is not a folder".to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            "there is no such folder".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let text = format!(
        "nothing was done: --root {}: {why}; name the folder that is / of the other system",
        root.display()
    );
    Err(CommandError::Exit(exit::NO_INPUT, text))
}

fn policies(place: &PolicyPlace, outcome: &str) -> Part {
    Part::new("policies", outcome)
        .name(place.title)
        .at(&place.file)
}

fn line(place: &PolicyPlace, outcome: &str) -> String {
    format!("{}: {outcome}  {}", place.title, place.file.display())
}

/// If a file stays unchanged because somebody else wrote or changed it, the exit status says so.
fn ended(done: &str, is_any_kept: bool, failure: Option<CommandError>, common: &Common) -> Answer {
    if let Some(failure) = failure {
        return Answer::new(done, "").failed(failure);
    }
    match (is_any_kept, common.dry_run) {
        (true, _) => Answer::new("kept", "").exit(exit::CHECK),
        (false, true) => Answer::new("shown", ""),
        (false, false) => Answer::new(done, ""),
    }
}

/// Whether to continue: not in a dry run, not if another user must do it, and not without a yes.
fn go_on(
    common: &Common,
    parts: &mut Parts,
    places: &[&PolicyPlace],
    verb: &str,
) -> Result<bool, CommandError> {
    if common.dry_run || places.is_empty() {
        return Ok(false);
    }
    if common.root == Path::new("/") && !user::is_root() {
        let line: Vec<_> = std::env::args_os().skip(1).collect();
        let line: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
        let program = program::program().unwrap_or_else(|_| "onionmeter".into());
        let text = format!(
            "these files are root's; run: sudo {} {}",
            program.display(),
            line.join(" ")
        );
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    if common.yes {
        return Ok(true);
    }
    parts.shown()?;
    let format = parts.format();
    if format == Format::Json || !stdin().is_terminal() {
        let why = match format {
            Format::Json => "--json asks no questions",
            Format::Text => "there is no terminal for a question",
        };
        let text = format!("nothing was done: {why}; add --yes, or look first with --dry-run");
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    let files = match places.len() {
        1 => "this file",
        _ => "these files",
    };
    let answer = super::question::asked(&format!("{verb} {files}? [y/N] "))?;
    Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
}
