//! `harden` and `unharden`: policies for every user of this computer, shown before they are written.

use super::{Failure, Outcome};
use crate::{
    EXIT_USAGE,
    launch::{self, Choices, Left, PolicyFile, PolicyPlace, Removal},
    problems,
};
use clap::Args;
use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _, stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Switch off what browsers ask on their own, by policies for every user of this computer
#[derive(Args)]
#[command(after_help = "\
Shows each file first. What it costs: most of Chromium's components and Firefox's experiments are no
longer fetched; sign-in to Chromium, QUIC, prefetching and DNS over HTTPS are off. What Chromium calls
critical, lists of revoked certificates for one, it fetches all the same: only `open` stops that. No policy sets a proxy, so the extension stays in control. A browser takes
policies at its next start; chrome://policy and about:policies list them.

Exit status: 0 done, 1 a file of somebody else's was left as it is, 64 a file cannot be read or written,
or nobody was there to say yes.")]
pub(super) struct Harden {
    #[command(flatten)]
    common: Common,
    /// Also switch Safe Browsing off. Cost: no warning of dangerous sites and downloads any more
    #[arg(long)]
    no_safe_browsing: bool,
    /// Also take private windows away, in which a Chromium's extension works only if it is let in
    #[arg(long)]
    no_private_windows: bool,
    /// Also for browsers that are not found here
    #[arg(long)]
    all: bool,
}

/// Remove the policies that `harden` wrote
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 done, 1 a file that was changed was left as it is, 64 a file cannot be read or removed."
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
    /// The folder that stands for /, for images of other systems
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

pub(super) fn harden(arguments: &Harden) -> Outcome {
    let choices = Choices {
        no_safe_browsing: arguments.no_safe_browsing,
        no_private_windows: arguments.no_private_windows,
    };
    let places = launch::places(&arguments.common.root).into_iter();
    let places: Vec<_> = places
        .filter(|place| place.present || arguments.all)
        .collect();
    if places.is_empty() {
        let text =
            "none of the browsers that take policies is installed; --all writes for all of them";
        return Err(Failure::Exit(EXIT_USAGE, text.to_owned()));
    }
    let mut out = stdout().lock();
    let mut theirs = false;
    let mut due = Vec::new();
    for place in &places {
        let path = place.file.display();
        match launch::state_of_policies(place.family, &place.file) {
            Left::Nothing | Left::Ours => {
                let file = PolicyFile::new(place, choices);
                writeln!(out, "{}: {path}\n{}", place.title, file.text())?;
                due.push((place, file));
            }
            Left::Theirs | Left::Changed => {
                theirs = true;
                writeln!(
                    out,
                    "{}: {path} is not as Onionmeter wrote it, so it stays as it is.\nTo harden this \
                     browser add by hand:\n{}",
                    place.title,
                    PolicyFile::new(place, choices).text()
                )?;
            }
        }
    }
    let status = ExitCode::from(u8::from(theirs));
    if !go_on(
        &arguments.common,
        &due.iter().map(|(place, _)| *place).collect::<Vec<_>>(),
        "Write",
    )? {
        return Ok(status);
    }
    for (place, file) in due {
        file.write(&place.file)
            .map_err(|error| cannot(&place.file, &error))?;
        writeln!(out, "{}: written  {}", place.title, place.file.display())?;
    }
    writeln!(
        out,
        "Restart the browsers. `onionmeter unharden` takes the files away again."
    )?;
    Ok(status)
}

pub(super) fn unharden(arguments: &Unharden) -> Outcome {
    let mut out = stdout().lock();
    let mut kept = false;
    let mut due = Vec::new();
    for place in launch::places(&arguments.common.root) {
        let path = place.file.display();
        match launch::state_of_policies(place.family, &place.file) {
            Left::Ours => {
                writeln!(out, "{}: {path}", place.title)?;
                due.push(place);
            }
            Left::Changed => {
                kept = true;
                let text = "was changed since Onionmeter wrote it, so it stays; remove it by hand";
                writeln!(out, "{}: {path} {text}", place.title)?;
            }
            Left::Nothing | Left::Theirs => {}
        }
    }
    if due.is_empty() {
        writeln!(out, "There are no policies of Onionmeter's to remove.")?;
        return Ok(ExitCode::from(u8::from(kept)));
    }
    if go_on(&arguments.common, &due.iter().collect::<Vec<_>>(), "Remove")? {
        for place in due {
            let removed = launch::remove_policies(place.family, &place.file)
                .map_err(|error| cannot(&place.file, &error))?;
            if removed == Removal::Removed {
                writeln!(out, "{}: removed  {}", place.title, place.file.display())?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(kept)))
}

/// Whether it is to be done: not on a dry run, not where another user must, and not without a yes.
fn go_on(common: &Common, places: &[&PolicyPlace], verb: &str) -> Result<bool, Failure> {
    if common.dry_run || places.is_empty() {
        return Ok(false);
    }
    if common.root == Path::new("/") && !rustix::process::geteuid().is_root() {
        let line: Vec<_> = std::env::args_os().skip(1).collect();
        let line: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
        let program = super::this_program()?;
        let text = format!(
            "these files are root's; run: sudo {} {}",
            program.display(),
            line.join(" ")
        );
        return Err(Failure::Exit(EXIT_USAGE, text));
    }
    if common.yes {
        return Ok(true);
    }
    if !stdin().is_terminal() {
        let text = "nothing was done: nobody can be asked here; add --yes".to_owned();
        return Err(Failure::Exit(EXIT_USAGE, text));
    }
    let mut out = io::stderr().lock();
    let files = match places.len() {
        1 => "this file",
        _ => "these files",
    };
    write!(out, "{verb} {files}? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::Exit(
        EXIT_USAGE,
        format!("{}: {}", path.display(), problems::chain(error)),
    )
}
