//! `install`: the program in its place, a manifest for every browser, a command to type.

use super::{Failure, Outcome, block_on, exit, succession};
use crate::{
    home::{self, Home, HomeError},
    launch, problems,
    registration::{
        self, Command, ManifestState, Place, Presence, Reach, Record, Removed, Trial, all_places,
    },
};
use clap::Args;
use std::{
    env, fs,
    io::{self, Write, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Install {
    /// Also register with the browser that keeps its data in this folder: the --user-data-dir of a
    /// Chromium-family browser, or what a Firefox-family browser has instead of ~/.mozilla
    #[arg(long, value_name = "DIR")]
    browser_dir: Vec<PathBuf>,
}

/// What came of one place.
enum Done {
    /// It was so already, or is so now; with a word for the list.
    Registered(String),
    /// The browser cannot start the program, for a reason that is not ours.
    Limited(String),
    /// It could not be done.
    Failed(String),
}

pub(super) fn install(arguments: &Install, home: &Home) -> Outcome {
    let usage = |error: &dyn std::error::Error| Failure::usage(error);
    refuse_for_another()?;
    // Whatever can be refused is refused before anything is made.
    home.check().map_err(|error| usage(&error))?;
    registration::place_for_program(home).map_err(|error| usage(&error))?;
    let named: Result<Vec<_>, _> = arguments
        .browser_dir
        .iter()
        .map(|folder| registration::named(folder))
        .collect();
    let named = named.map_err(|error| usage(&error))?;
    home.prepare().map_err(|error| usage(&error))?;
    let program = registration::put_program(home).map_err(|error| usage(&error))?;

    let mut out = stdout().lock();
    let mut record = match Record::load(home) {
        Ok(record) => record,
        Err(error) => {
            let at = home.registered();
            writeln!(
                out,
                "{} was unreadable ({error}) and is begun anew.",
                at.display()
            )?;
            Record::default()
        }
    };
    for place in &named {
        record.add(place);
    }
    let (found, mut whole) = register(&mut out, &mut record, &program)?;
    if let Err(error) = record.save(home) {
        whole = false;
        writeln!(out, "NOT written: {}: {error}", home.registered().display())?;
    }
    whole &= command(&mut out, &program, home)?;
    whole &= started(&mut out, &program)?;
    if let Some(told) = block_on(async { Ok(succession::succeed(home, &program).await) })? {
        writeln!(out, "Daemon:  {told}")?;
    }
    whole &= launcher(&mut out, &program)?;
    if !whole {
        return Err(Failure::Exit(
            exit::CANNOT_WRITE,
            "not everything could be done; the lines with NOT above say what and why".to_owned(),
        ));
    }
    if !found {
        return Err(Failure::Exit(
            exit::NO_BROWSER,
            "no browser of this user was found; start one once, or name its folder with --browser-dir, and run \
             this again"
                .to_owned(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Root has browsers of its own at most; those of another user would be left with folders that this user
/// cannot write.
pub(super) fn refuse_for_another() -> Result<(), Failure> {
    let user = env::home_dir().filter(|home| home.is_absolute());
    match user.and_then(|user| Some((home::acted_for(&user)?, user))) {
        Some((owner, path)) => Err(Failure::usage(&HomeError::OfAnother { path, owner })),
        None => Ok(()),
    }
}

/// Registers with every browser that is there. Whether there is any; and `false` when one of them could not
/// be.
fn register(out: &mut impl Write, record: &mut Record, program: &Path) -> io::Result<(bool, bool)> {
    let (mut found, mut whole) = (false, true);
    let places = all_places(record);
    let width = width(&places);
    for place in places {
        let Some(done) = put(&place, program) else {
            // A manifest that is shared with a browser in a sandbox stays on the list for the others.
            if place.reach == Reach::Direct {
                record.forget(&place.manifest);
            }
            continue;
        };
        found = true;
        let at = place.manifest.display();
        match done {
            Done::Registered(how) => {
                record.add(&place);
                writeln!(out, "{:width$}  {how:18}  {at}", place.name)?;
                if let Some(limit) = registration::limit(place.reach) {
                    writeln!(out, "{:width$}  {limit}", "")?;
                }
            }
            Done::Limited(why) => writeln!(out, "{:width$}  NOT possible: {why}", place.name)?,
            Done::Failed(why) => {
                whole = false;
                writeln!(
                    out,
                    "{:width$}  NOT registered      {at}: {why}",
                    place.name
                )?;
            }
        }
    }
    Ok((found, whole))
}

/// The column of the names.
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

/// Registers with one browser; `None` where there is none.
fn put(place: &Place, program: &Path) -> Option<Done> {
    if let Presence::Unusable(why) = &place.presence {
        return Some(Done::Failed(why.clone()));
    }
    if place.reach == Reach::Closed {
        return closed(place, program);
    }
    let before = registration::inspect(&place.manifest, place.family, program);
    let done = match (place.is_present(), before) {
        // The browser's folder is gone, and is not made again for it.
        (false, _) => return None,
        (true, ManifestState::Current) => {
            return Some(Done::Registered("already registered".to_owned()));
        }
        (true, ManifestState::Absent) => "registered".to_owned(),
        (true, ManifestState::Another(other)) => format!("taken over from {}", other.display()),
        (
            true,
            ManifestState::Stale | ManifestState::ProgramMissing(_) | ManifestState::Broken(_),
        ) => "repaired".to_owned(),
    };
    Some(
        match registration::write(&place.manifest, place.family, program) {
            Ok(()) => Done::Registered(done),
            Err(error) => Done::Failed(error.to_string()),
        },
    )
}

/// A manifest inside of a sandbox points to what is outside of it; earlier versions wrote such.
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

/// Makes the command and says what to type; `false` when the link could not be made.
fn command(out: &mut impl Write, program: &Path, home: &Home) -> io::Result<bool> {
    let at = program.display();
    match registration::put_command(program, home) {
        Command::NotNeeded => {}
        Command::Here(link) => in_path(out, &link)?,
        Command::Mended { link, from } => {
            in_path(out, &link)?;
            writeln!(out, "         it led to {} until now", from.display())?;
        }
        Command::Taken { link, what } => {
            writeln!(out, "Command: {at}")?;
            writeln!(
                out,
                "         {} is {what}, and stays as it is",
                link.display()
            )?;
        }
        Command::Failed(link, error) => {
            writeln!(out, "Command: {at}")?;
            writeln!(
                out,
                "         NOT made: the link {}: {error}",
                link.display()
            )?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Names the link, and what is missing until it can be typed.
fn in_path(out: &mut impl Write, link: &Path) -> io::Result<()> {
    writeln!(out, "Command: {}", link.display())?;
    let Some(folder) = link.parent() else {
        return Ok(());
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let real = |folder: &Path| fs::canonicalize(folder).ok();
    if !env::split_paths(&path)
        .any(|known| real(&known).is_some_and(|known| Some(known) == real(folder)))
    {
        writeln!(
            out,
            "         to type `onionmeter` alone: export PATH=\"{}:$PATH\"",
            folder.display()
        )?;
    }
    Ok(())
}

/// For the desktop's menu, where there is a browser that it could start.
fn launcher(out: &mut impl Write, program: &Path) -> io::Result<bool> {
    if launch::find(None).is_none() {
        return Ok(true);
    }
    match launch::put_launcher(program) {
        Ok(Some(path)) => writeln!(out, "Launcher: {} (onionmeter open)", path.display())?,
        Ok(None) => {}
        Err(error) => {
            writeln!(out, "Launcher: NOT made: {error}")?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Starts the program once, as browsers will.
fn started(out: &mut impl Write, program: &Path) -> Result<bool, Failure> {
    let at = program.display();
    writeln!(out, "Program: {at}")?;
    let family = registration::Family::Chromium;
    let why = match block_on(async { Ok(registration::try_host(program, family, program).await) })?
    {
        Trial::Answers => return Ok(true),
        Trial::Repairable(what) => what,
        Trial::Fails { what, remedy } => format!("{what}; {remedy}"),
    };
    writeln!(out, "         browsers can NOT start it: {why}")?;
    Ok(false)
}

/// An error with its causes, beside the file it is about.
pub(super) fn cannot(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::Exit(
        exit::CANNOT_WRITE,
        format!("{}: {}", path.display(), problems::chain(error)),
    )
}
