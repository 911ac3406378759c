//! `install`: copies the program, writes a manifest for every browser, makes a command.

use super::{
    ask::Patience,
    daemon_version, exit, given_path, leftovers,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    parts::{Part, Parts},
    turn,
};
use crate::{
    home::{self, Home, HomeError},
    launch::{self, Launcher},
    problems,
    registration::{
        self, Command, ManifestState, Place, Presence, ProgramError, Reach, Record, Removed, Trial,
        all_places,
    },
};
use clap::Args;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

#[derive(Args)]
pub(super) struct Install {
    /// Also register with the browser that keeps its data in this folder: the --user-data-dir of a
    /// Chromium-family browser, or the folder that a Firefox-family browser uses instead of
    /// ~/.mozilla
    #[arg(long, value_name = "DIR", value_parser = given_path::parser())]
    browser_dir: Vec<PathBuf>,
}

/// The result for one browser.
enum Done {
    /// It is registered, now or already before.
    Registered {
        /// A word for programs.
        outcome: &'static str,
        /// The text for the list.
        how: String,
    },
    /// The browser cannot start the program, for a reason outside of Onionmeter.
    Limited(String),
    /// It could not be done.
    Failed(String),
}

pub(super) fn install(arguments: &Install, home: &Home, format: Format) -> Outcome {
    let usage = |error: &dyn std::error::Error| CommandError::usage(error);
    refuse_for_another()?;
    // Everything that can be refused is refused before anything is made.
    home.check().map_err(|error| usage(&error))?;
    registration::place_for_program(home).map_err(|error| usage(&error))?;
    let named: Result<Vec<_>, _> = arguments
        .browser_dir
        .iter()
        .map(|folder| registration::named(folder))
        .collect();
    let named = named.map_err(|error| usage(&error))?;
    let _turn = turn::begin(home, format)?;
    let mut parts = Parts::new(format);
    let mut record = match Record::load(home) {
        Ok(record) => record,
        Err(error) => {
            let why = format!("{} was unreadable ({error})", home.registered().display());
            let part = Part::new("list", "begun_anew").at(&home.registered());
            let line = format!("{why} and is begun anew.");
            parts.tell(part.because(why), line);
            Record::default()
        }
    };
    for place in &named {
        record.add(place);
    }
    // They may have the place on the disk that the program needs.
    let mut whole = leftovers::clear(&mut parts, &record, home);
    let program = match registration::put_program(home) {
        Ok(program) => program,
        Err(error) => return parts.end(Answer::new("registered", "").failed(not_put(&error))),
    };
    list_ahead(&record, home);
    let (found, registered) = register(&mut parts, &mut record, &program);
    whole &= registered;
    if let Err(error) = record.save(home) {
        whole = false;
        let at = home.registered();
        let part = Part::new("list", "not_written").at(&at).because(&error);
        parts.tell(part, format_args!("NOT written: {}: {error}", at.display()));
    }
    whole &= command(&mut parts, &program, home);
    whole &= started(&mut parts, &program)?;
    if let Some(daemon) =
        Patience::default().wait(async { Ok(daemon_version::replace(home, &program).await) })?
    {
        let part = Part::new("daemon", daemon.outcome).because(&daemon.text);
        parts.tell(part, format_args!("Daemon:  {}", daemon.text));
    }
    whole &= launcher(&mut parts, &program);
    note_paths(&mut record, &program, home);
    parts.end(ended(format, whole, found))
}

/// Notes where the command's link and the launcher are: `uninstall` may run with other variables.
fn note_paths(record: &mut Record, program: &Path, home: &Home) {
    let programs = [program.to_path_buf()];
    record.command = registration::command_of(&programs, record.command.as_deref());
    record.launcher = launch::launcher_of(program, record.launcher.as_deref());
    crate::ignore_because(
        "then only the usual places are looked at",
        record.save(home),
    );
}

fn not_put(error: &ProgramError) -> CommandError {
    match error {
        ProgramError::Write(path, cause) => CommandError::cannot_write(path, cause),
        _ => CommandError::usage(error),
    }
}

fn ended(format: Format, whole: bool, found: bool) -> Answer {
    let answer = Answer::new("registered", "");
    if !whole {
        return answer.failed(not_whole("done", format));
    }
    if !found {
        return answer.failed(CommandError::Exit(
            exit::NO_BROWSER,
            "no browser of this user was found; start one once, or name its folder with \
                --browser-dir, and run \
             this again"
                .to_owned(),
        ));
    }
    answer
}

/// The failure when some parts could not be done; the parts above it say which.
pub(super) fn not_whole(what: &str, format: Format) -> CommandError {
    let which = match format {
        Format::Text => "the lines with NOT above say what and why",
        Format::Json => "`parts` says what and why",
    };
    CommandError::Exit(
        exit::CANNOT_WRITE,
        format!("not everything could be {what}; {which}"),
    )
}

/// Refuses when root acts for another user: that user would get folders that they cannot write.
pub(super) fn refuse_for_another() -> Result<(), CommandError> {
    match home::of_user().and_then(|user| Some((home::acted_for(&user)?, user))) {
        Some((owner, path)) => Err(CommandError::usage(&HomeError::OfAnother { path, owner })),
        None => Ok(()),
    }
}

/// Lists every browser that exists, before its manifest is written: an interrupted `install` leaves
/// no manifest that `uninstall` does not find.
fn list_ahead(record: &Record, home: &Home) {
    let mut expected = record.clone();
    let places = all_places(record).into_iter();
    for place in places.filter(|place| place.is_present() && place.reach != Reach::Closed) {
        expected.add(&place);
    }
    crate::ignore_because(
        "the list is written again, and told then",
        expected.save(home),
    );
}

/// Registers with every browser that exists. Returns whether there is any, and `false` if one of
/// them failed.
fn register(parts: &mut Parts, record: &mut Record, program: &Path) -> (bool, bool) {
    let (mut found, mut whole) = (false, true);
    let places = all_places(record);
    let width = width(&places);
    for place in places {
        let Some(done) = put(&place, program) else {
            // A manifest shared with a browser in a sandbox stays in the record for the other
            // browsers.
            if place.reach == Reach::Direct {
                record.forget(&place.manifest);
            }
            continue;
        };
        found = true;
        let (name, at) = (&place.name, place.manifest.display());
        let part = |outcome| Part::new("browser", outcome).name(name).at(&place.manifest);
        match done {
            Done::Registered { outcome, how } => {
                record.add(&place);
                let limit = registration::limit(place.reach);
                let part = match &limit {
                    Some(limit) => part(outcome).because(limit),
                    None => part(outcome),
                };
                parts.tell(part, format_args!("{name:width$}  {how:18}  {at}"));
                if let Some(limit) = limit {
                    parts.say(format_args!("{:width$}  {limit}", ""));
                }
            }
            Done::Limited(why) => {
                let part = part("not_possible").because(&why);
                parts.tell(part, format_args!("{name:width$}  NOT possible: {why}"));
            }
            Done::Failed(why) => {
                whole = false;
                let part = part("not_registered").because(&why);
                parts.tell(
                    part,
                    format_args!("{name:width$}  NOT registered      {at}: {why}"),
                );
            }
        }
    }
    (found, whole)
}

/// The width of the column with the names.
pub(super) fn width(places: &[Place]) -> usize {
    let there = places
        .iter()
        .filter(|place| place.presence != Presence::Absent);
    there
        .map(|place| place.name.chars().count())
        .max()
        .unwrap_or_default()
        .max(12)
}

/// Registers with one browser; `None` if the browser does not exist.
fn put(place: &Place, program: &Path) -> Option<Done> {
    if let Presence::Unusable(why) = &place.presence {
        return Some(Done::Failed(why.clone()));
    }
    if place.reach == Reach::Closed {
        return closed(place, program);
    }
    let before = registration::inspect(&place.manifest, place.family, program);
    let done = |outcome, how: &str| Done::Registered {
        outcome,
        how: how.to_owned(),
    };
    let done = match (place.is_present(), before) {
        // The browser's folder does not exist, and is not made for it.
        (false, _) => return None,
        (true, ManifestState::Current) => {
            return Some(done("already_registered", "already registered"));
        }
        (true, ManifestState::Absent) => done("registered", "registered"),
        (true, ManifestState::Another(other)) => done(
            "taken_over",
            &format!("taken over from {}", other.display()),
        ),
        (
            true,
            ManifestState::Stale | ManifestState::ProgramMissing(_) | ManifestState::Broken(_),
        ) => done("repaired", "repaired"),
    };
    Some(
        match registration::write(&place.manifest, place.family, program) {
            Ok(()) => done,
            Err(error) => Done::Failed(error.to_string()),
        },
    )
}

/// Removes a manifest inside a sandbox that points to a program outside of it; earlier versions
/// wrote such manifests.
fn closed(place: &Place, program: &Path) -> Option<Done> {
    let removed = registration::remove(&place.manifest, &[program.to_path_buf()]);
    crate::ignore_because(
        "it is of no use to that browser",
        removed.map(|_: Removed| ()),
    );
    place
        .is_present()
        .then(|| registration::limit(place.reach).map(Done::Limited))
        .flatten()
}

/// Makes the command and says what to type; `false` if the link could not be made.
fn command(parts: &mut Parts, program: &Path, home: &Home) -> bool {
    let at = program.display();
    let part = |outcome, link: &Path| Part::new("command", outcome).at(link);
    match registration::put_command(program, home) {
        Command::NotNeeded => {}
        Command::Here(link) => in_path(parts, part("made", &link), &link, ""),
        Command::Mended { link, from } => {
            let before = format!("it led to {} until now", from.display());
            let part = part("mended", &link).because(&before);
            in_path(parts, part, &link, &format!("\n         {before}"));
        }
        Command::Taken { link, what } => {
            let why = format!("{} is {what}, and stays as it is", link.display());
            let part = part("stays", &link).because(&why);
            parts.tell(part, format_args!("Command: {at}\n         {why}"));
        }
        Command::Failed(link, error) => {
            let part = part("not_made", &link).because(&error);
            let link = link.display();
            parts.tell(
                part,
                format_args!("Command: {at}\n         NOT made: the link {link}: {error}"),
            );
            return false;
        }
    }
    true
}

/// Names the link, and what is missing before it can be typed.
fn in_path(parts: &mut Parts, part: Part, link: &Path, more: &str) {
    parts.tell(part, format_args!("Command: {}{more}", link.display()));
    let Some(folder) = link.parent() else {
        return;
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let real = |folder: &Path| fs::canonicalize(folder).ok();
    if !env::split_paths(&path)
        .any(|known| real(&known).is_some_and(|known| Some(known) == real(folder)))
    {
        parts.say(format_args!(
            "         to type `onionmeter` alone: export PATH=\"{}:$PATH\"",
            folder.display()
        ));
    }
}

/// Makes the entry in the desktop's menu, if there is a browser that it could start.
fn launcher(parts: &mut Parts, program: &Path) -> bool {
    if launch::find(None).is_none() {
        return true;
    }
    match launch::put_launcher(program) {
        Ok(Launcher::There(path)) => {
            let part = Part::new("launcher", "made").at(&path);
            let line = format!("Launcher: {} (onionmeter open)", path.display());
            parts.tell(part, line);
        }
        Ok(Launcher::OfAnother(path)) => {
            let why = "a file that Onionmeter did not put there, and stays as it is";
            let part = Part::new("launcher", "stays").at(&path).because(why);
            parts.tell(part, format_args!("Launcher: {} is {why}", path.display()));
        }
        Ok(Launcher::None) => {}
        Err(error) => {
            let part = Part::new("launcher", "not_made").because(&error);
            parts.tell(part, format_args!("Launcher: NOT made: {error}"));
            return false;
        }
    }
    true
}

/// Starts the program once, as browsers do.
fn started(parts: &mut Parts, program: &Path) -> Result<bool, CommandError> {
    let at = program.display();
    parts.say(format_args!("Program: {at}"));
    let part = |outcome| Part::new("program", outcome).at(program);
    let family = registration::Family::Chromium;
    let why = match Patience::default()
        .wait(async { Ok(registration::try_host(program, family, program).await) })?
    {
        Trial::Answers => {
            parts.record(part("starts"));
            return Ok(true);
        }
        Trial::Repairable(what) => what,
        Trial::Fails { what, remedy } => format!("{what}; {remedy}"),
    };
    let part = part("does_not_start").because(&why);
    let line = format!("         browsers can NOT start it: {why}");
    parts.tell(part, line);
    Ok(false)
}

/// An error with its causes, and the file that it is about.
pub(super) fn cannot(path: &Path, error: &dyn std::error::Error) -> CommandError {
    CommandError::Exit(
        exit::CANNOT_WRITE,
        format!("{}: {}", path.display(), problems::chain(error)),
    )
}
