//! `uninstall`: undoes `install`; with `--purge` it also removes what Onionmeter made in its home.
//!
//! One list contains everything to remove, for both modes: `--dry-run` says for the same things
//! that they would be removed.

mod purge;
mod undo;

use super::{
    ask::Patience,
    install, leftovers,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    parts::{Part, Parts},
    turn,
};
use crate::{
    EXIT_USAGE,
    files::FolderError,
    home::{Home, HomeError, Kind, RunMode},
    ipc, launch, problems,
    registration::{self, Record, Removed, all_places},
    system::user,
};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
};
use undo::Undo;

#[derive(Args)]
pub(super) struct Uninstall {
    /// Also remove key, reports and everything else that Onionmeter made; this cannot be undone
    #[arg(long)]
    purge: bool,
    /// Do not ask before --purge
    #[arg(long)]
    yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn uninstall(arguments: &Uninstall, home: &Home, format: Format) -> Outcome {
    install::refuse_for_another()?;
    let kind = check(home)?;
    if arguments.purge && !arguments.dry_run && kind != Kind::Missing {
        purge::refuse_under_a_browser(home)?;
        if !arguments.yes {
            purge::confirm(home, format)?;
        }
    }
    let mode = if arguments.dry_run {
        RunMode::DryRun
    } else {
        RunMode::Real
    };
    let mut turn = None;
    if mode == RunMode::Real {
        turn = Some(turn::take(home, format)?);
        Patience::default().wait(ipc::stop(home, ipc::Means::Asking))?;
    }
    // Another one, whose turn was before, may have purged it.
    let kind = check(home)?;
    let parts = Parts::new(format);
    let mut undo = Undo {
        parts,
        mode,
        others: false,
    };
    let mut whole = unregister(&mut undo, home)?;
    if mode == RunMode::Real {
        // A browser that still found the host may have started another daemon meanwhile.
        Patience::default().wait(ipc::stop(home, ipc::Means::Asking))?;
    }
    if arguments.purge && whole {
        let above = turn.as_ref().map(|turn| turn.lock_above(home, format));
        let _above = above.transpose()?;
        whole = purge::purge(&mut undo, home, &kind)?;
    }
    let gone = match undo.others {
        true => "This copy is no longer registered; another one still is.",
        false => "Onionmeter is no longer registered.",
    };
    let parts = undo.parts;
    if !whole {
        let failure = install::not_whole("removed", format);
        return parts.end(Answer::new("removed", "").failed(failure));
    }
    let state = match mode {
        RunMode::DryRun => "shown",
        RunMode::Real => "removed",
    };
    let mut text = match (mode, arguments.purge) {
        (RunMode::DryRun, _) => "Nothing was removed: this was a dry run.\n".to_owned(),
        (RunMode::Real, true) => String::new(),
        (RunMode::Real, false) => format!("{gone}{}\n", kept(home)),
    };
    text +=
        "If the extension is still loaded, turn protection off in its popup before you remove it.";
    parts.end(Answer::new(state, text))
}

/// A sentence that names key and book where they stay in the home; empty without both.
fn kept(home: &Home) -> String {
    let what = match (home.key().is_file(), home.book().is_file()) {
        (true, true) => "The key and the book of reports stay",
        (true, false) => "The key stays",
        (false, true) => "The book of reports stays",
        (false, false) => return String::new(),
    };
    format!(" {what} in {}.", home.root().display())
}

/// Refuses to touch a folder unless it is certainly a home.
fn check(home: &Home) -> Result<Kind, CommandError> {
    let refuse =
        |why: String| CommandError::Exit(EXIT_USAGE, format!("nothing was removed: {why}"));
    let root = home.root().display();
    match home.check() {
        Ok(()) => {}
        Err(HomeError::Occupied { name, .. }) => {
            return Err(refuse(format!(
                "{root} is no home of Onionmeter: it holds {name:?} and no file `.onionmeter`"
            )));
        }
        Err(error) => return Err(refuse(problems::chain(&error))),
    }
    let kind = home.kind();
    if kind == Kind::NotAFolder {
        return Err(refuse(format!(
            "{root} cannot be read; see whose it is (`ls -ld`), and run this as that user"
        )));
    }
    let me = user::effective();
    match fs::symlink_metadata(home.root()) {
        Ok(meta) if user::owner(&meta) != me => {
            let path = home.root().to_path_buf();
            Err(refuse(FolderError::Owner { path, me }.to_string()))
        }
        _ => Ok(kind),
    }
}

/// Removes manifests, link and program; `false` if a part that should be removed stays.
fn unregister(undo: &mut Undo, home: &Home) -> Result<bool, CommandError> {
    let list = home.registered();
    let mut record = match Record::load(home) {
        Ok(record) => record,
        Err(error) => {
            let why = format!("{} is unreadable ({error})", list.display());
            let line = format!("{why}; the usual places are looked through.");
            let part = Part::new("list", "unreadable").at(&list).because(why);
            undo.parts.tell(part, line);
            Record::default()
        }
    };
    let programs = registration::own_programs(home);
    let spelled = registration::spelled(&programs, &all_places(&record));
    let mut whole = take_leftovers(undo, home, &record);
    whole &= take_manifests(undo, &mut record, &programs);
    whole &= take_program(undo, home, &record, &spelled);
    if whole {
        if list.is_file() {
            whole = undo.take("list", "List", &list, || fs::remove_file(&list));
        }
    } else if undo.mode == RunMode::Real && list.is_file() {
        // The next `uninstall` finds what remains.
        record
            .save(home)
            .map_err(|error| install::cannot(&list, &error))?;
    }
    Ok(whole)
}

/// Removes what interrupted commands left; `false` if some of it stays.
fn take_leftovers(undo: &mut Undo, home: &Home, record: &Record) -> bool {
    let mut whole = true;
    for path in leftovers::found(home, record) {
        whole &= undo.take("leftover", "Leftover", &path, || fs::remove_file(&path));
    }
    whole
}

/// Removes the manifests; `false` if one that should be removed stays.
fn take_manifests(undo: &mut Undo, record: &mut Record, programs: &[PathBuf]) -> bool {
    let mut whole = true;
    let places = all_places(record);
    let width = install::width(&places);
    let mut seen: Vec<&Path> = Vec::new();
    for place in &places {
        let at = place.manifest.as_path();
        // Browsers of several sandboxes share one manifest.
        if seen.contains(&at) {
            continue;
        }
        seen.push(at);
        let name = format!("{:width$}", place.name);
        let taken_off = match undo.mode {
            RunMode::Real => registration::remove(at, programs),
            RunMode::DryRun => registration::would_remove(at, programs),
        };
        match taken_off {
            Ok(Removed::Nothing) => {}
            Ok(Removed::Gone) => undo.gone("browser", &name, at, ""),
            Ok(Removed::OfAnother(other)) => {
                let why = format!("it is for {}", other.display());
                let line = format!("{name}  stays    {}: {why}", at.display());
                let part = Part::new("browser", "stays").name(&place.name).at(at);
                undo.parts.tell(part.because(why), line);
                undo.others = true;
            }
            Err(error) => {
                whole = false;
                undo.fails("browser", &name, at, &error);
                continue;
            }
        }
        record.forget(at);
    }
    whole
}

/// Removes the command's link, the launcher and the program; link and launcher name the program.
fn take_program(undo: &mut Undo, home: &Home, record: &Record, programs: &[PathBuf]) -> bool {
    let mut whole = true;
    if let Some(link) = registration::command_of(programs, record.command.as_deref()) {
        whole &= undo.take("command", "Command", &link, || {
            registration::remove_command(&link)
        });
    }
    let launcher = programs
        .iter()
        .find_map(|program| launch::launcher_of(program, record.launcher.as_deref()));
    if let Some(path) = launcher {
        whole &= undo.take("launcher", "Launcher", &path, || fs::remove_file(&path));
    }
    let program = home.program();
    if program.symlink_metadata().is_ok() {
        whole &= undo.take("program", "Program", &program, || fs::remove_file(&program));
    }
    if undo.mode == RunMode::Real
        && let Some(folder) = program.parent()
    {
        crate::ignore_because("somebody put more there", fs::remove_dir(folder));
    }
    whole
}
