//! `uninstall`: undoes `install`, and with `--purge` removes what Onionmeter made in its home.

use super::{Failure, Outcome, block_on, exit, install};
use crate::{
    EXIT_USAGE,
    files::FolderError,
    home::{Home, HomeError, Kind, Mood, Removal},
    ipc,
    launch::{self, Use},
    lock::DaemonLock,
    problems,
    registration::{self, Family, Record, Removed, all_places},
};
use clap::Args;
use meter_ledger::Book;
use rustix::process::geteuid;
use std::{
    fs,
    io::{self, IsTerminal as _, Write, stdin, stdout},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Uninstall {
    /// Also remove key, reports and everything else that Onionmeter made; there is no way back
    #[arg(long)]
    purge: bool,
    /// Do not ask before --purge
    #[arg(long)]
    yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn uninstall(arguments: &Uninstall, home: &Home) -> Outcome {
    install::refuse_for_another()?;
    let kind = check(home)?;
    let mut out = stdout().lock();
    if arguments.purge && !arguments.dry_run && kind != Kind::Missing {
        refuse_under_a_browser(home)?;
        if !arguments.yes {
            confirm(home)?;
        }
    }
    let mood = if arguments.dry_run {
        Mood::Rehearsal
    } else {
        Mood::Earnest
    };
    if mood == Mood::Earnest {
        block_on(ipc::stop(home, ipc::Means::Asking))?;
    }
    let mut whole = unregister(&mut out, home, mood)?;
    if mood == Mood::Earnest {
        // A browser that still found the host may have had another started in the meantime.
        block_on(ipc::stop(home, ipc::Means::Asking))?;
    }
    if arguments.purge && whole {
        whole = purge(&mut out, home, mood, &kind)?;
    }
    match (mood, arguments.purge, whole) {
        (_, _, false) => {
            return Err(Failure::Exit(
                exit::CANNOT_WRITE,
                "not everything could be removed; the lines with NOT above say what and why"
                    .to_owned(),
            ));
        }
        (Mood::Rehearsal, ..) => writeln!(out, "Nothing was removed: this was a dry run.")?,
        (Mood::Earnest, true, _) => {}
        (Mood::Earnest, false, _) => writeln!(
            out,
            "Onionmeter is no longer registered. Key and reports stay in {}.",
            home.root().display()
        )?,
    }
    writeln!(
        out,
        "If the extension is still loaded, turn protection off in its popup before you remove it."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses to touch a folder that is not certain to be a home.
fn check(home: &Home) -> Result<Kind, Failure> {
    let refuse = |why: String| Failure::Exit(EXIT_USAGE, format!("nothing was removed: {why}"));
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
            "{root} is a link or a file, or cannot be read; name the folder itself by ONIONMETER_HOME"
        )));
    }
    let me = geteuid().as_raw();
    match fs::symlink_metadata(home.root()) {
        Ok(meta) if meta.uid() != me => {
            let path = home.root().to_path_buf();
            Err(refuse(FolderError::Owner { path, me }.to_string()))
        }
        _ => Ok(kind),
    }
}

/// A Firefox that `open` started has its profile in the home.
fn refuse_under_a_browser(home: &Home) -> Result<(), Failure> {
    match launch::use_of(Family::Firefox, &home.firefox()) {
        Use::Free => Ok(()),
        Use::WithFloor | Use::WithoutFloor(_) => Err(Failure::Exit(
            EXIT_USAGE,
            "nothing was removed: the Firefox that `onionmeter open` started still runs on its profile in this \
             folder; close it, then run this again"
                .to_owned(),
        )),
    }
}

/// Asks a person, or refuses where there is none.
fn confirm(home: &Home) -> Result<(), Failure> {
    let what = format!(
        "{} with {} and the key that signs them",
        home.root().display(),
        losses(home)
    );
    if !stdin().is_terminal() {
        return Err(Failure::Exit(
            EXIT_USAGE,
            format!(
                "nothing was removed: --purge would remove {what}, and nobody is there to be asked; add --yes, or look first with --dry-run"
            ),
        ));
    }
    let mut terminal = io::stderr().lock();
    write!(
        terminal,
        "This removes {what}. There is no way back. Type yes to go on: "
    )?;
    terminal.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Failure::Exit(EXIT_USAGE, "nothing was removed".to_owned()))
}

/// What would be lost beside the key, in words.
fn losses(home: &Home) -> String {
    let mut losses = vec![reports(home)];
    match kept_books(home) {
        0 => {}
        1 => losses.push("the book of an earlier chain".to_owned()),
        more => losses.push(format!("{more} books of earlier chains")),
    }
    if home.firefox().is_dir() {
        losses.push(
            "the Firefox profile of `onionmeter open`, bookmarks and passwords too".to_owned(),
        );
    }
    losses.join(", ")
}

/// The books that `new-chain` put aside.
fn kept_books(home: &Home) -> usize {
    let entries = fs::read_dir(home.root()).into_iter().flatten().flatten();
    let is_kept = |name: &str| name.starts_with("book.old-") && name.ends_with(".sqlite3");
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_kept))
        .count()
}

/// How many reports would be lost, in words.
fn reports(home: &Home) -> String {
    if !home.book().is_file() {
        return "no reports".to_owned();
    }
    match Book::open_to_read(&home.book()).and_then(|book| book.audit()) {
        Ok(audit) if audit.reports == 0 => "no reports".to_owned(),
        Ok(audit) if audit.reports == 1 => "1 signed report".to_owned(),
        Ok(audit) => format!("{} signed reports", audit.reports),
        Err(error) => format!(
            "reports that cannot be counted ({})",
            problems::chain(&error)
        ),
    }
}

/// Removes manifests, link and program; `false` when something of it stays that should not.
fn unregister(out: &mut impl Write, home: &Home, mood: Mood) -> Result<bool, Failure> {
    let mut record = match Record::load(home) {
        Ok(record) => record,
        Err(error) => {
            let at = home.registered();
            writeln!(
                out,
                "{} is unreadable ({error}); the usual places are looked through.",
                at.display()
            )?;
            Record::default()
        }
    };
    let programs = registration::own_programs(home);
    let spelled = registration::spelled(&programs, &all_places(&record));
    let mut whole = true;
    let places = all_places(&record);
    let width = install::width(&places);
    let mut seen: Vec<&Path> = Vec::new();
    for place in &places {
        let at = place.manifest.display();
        // Browsers of several sandboxes share one.
        if seen.contains(&place.manifest.as_path()) {
            continue;
        }
        seen.push(&place.manifest);
        match taken_off(&place.manifest, &programs, mood) {
            Ok(Removed::Nothing) => {}
            Ok(Removed::Gone) => writeln!(out, "{:width$}  {}  {at}", place.name, word(mood))?,
            Ok(Removed::OfAnother(other)) => {
                writeln!(
                    out,
                    "{:width$}  stays    {at}: it is for {}",
                    place.name,
                    other.display()
                )?;
            }
            Err(error) => {
                whole = false;
                writeln!(out, "{:width$}  NOT removed  {at}: {error}", place.name)?;
                continue;
            }
        }
        record.forget(&place.manifest);
    }
    whole &= remove_program(out, home, &spelled, mood)?;
    if mood == Mood::Rehearsal {
        return Ok(whole);
    }
    let listed = if whole {
        gone(fs::remove_file(home.registered()))
    } else if home.registered().is_file() {
        // What is left is found again by the next `uninstall`.
        record.save(home)
    } else {
        Ok(())
    };
    listed.map_err(|error| install::cannot(&home.registered(), &error))?;
    Ok(whole)
}

fn taken_off(manifest: &Path, programs: &[PathBuf], mood: Mood) -> io::Result<Removed> {
    match mood {
        Mood::Earnest => registration::remove(manifest, programs),
        Mood::Rehearsal => registration::would_remove(manifest, programs),
    }
}

const fn word(mood: Mood) -> &'static str {
    match mood {
        Mood::Earnest => "removed",
        Mood::Rehearsal => "would be removed",
    }
}

fn remove_program(
    out: &mut impl Write,
    home: &Home,
    programs: &[PathBuf],
    mood: Mood,
) -> io::Result<bool> {
    if mood == Mood::Rehearsal {
        if home.program().is_file() {
            writeln!(
                out,
                "{:12}  {}  {}",
                "Program",
                word(mood),
                home.program().display()
            )?;
        }
        return Ok(true);
    }
    let mut whole = true;
    if let Err((link, error)) = registration::remove_command(programs) {
        whole = false;
        writeln!(
            out,
            "{:12}  NOT removed  {}: {error}",
            "Command",
            link.display()
        )?;
    }
    for program in programs {
        match launch::remove_launcher(program) {
            Ok(None) => {}
            Ok(Some(path)) => writeln!(out, "{:12}  removed  {}", "Launcher", path.display())?,
            Err(error) => {
                whole = false;
                writeln!(out, "{:12}  NOT removed: {error}", "Launcher")?;
            }
        }
    }
    if let Err(error) = gone(fs::remove_file(home.program())) {
        whole = false;
        let at = home.program();
        writeln!(
            out,
            "{:12}  NOT removed  {}: {error}",
            "Program",
            at.display()
        )?;
    }
    if let Some(folder) = home.program().parent() {
        crate::ignore_because("somebody put more there", fs::remove_dir(folder));
    }
    Ok(whole)
}

/// Removes what is Onionmeter's in the home, with no daemon in it meanwhile.
fn purge(out: &mut impl Write, home: &Home, mood: Mood, kind: &Kind) -> Result<bool, Failure> {
    let root = home.root().display();
    match kind {
        Kind::Marked | Kind::Earlier => {}
        Kind::Missing => {
            writeln!(out, "There is no {root} to remove.")?;
            return Ok(true);
        }
        Kind::Empty | Kind::NotAFolder | Kind::Other { .. } => {
            writeln!(
                out,
                "{root} stays: nothing in it is certain to be Onionmeter's."
            )?;
            return Ok(true);
        }
    }
    if mood == Mood::Rehearsal {
        writeln!(
            out,
            "{:12}  {}  {root}, with {}",
            "Home",
            word(mood),
            losses(home)
        )?;
    }
    let lock = match mood {
        Mood::Earnest => hold(home)?,
        Mood::Rehearsal => None,
    };
    let removal = home
        .remove(mood)
        .map_err(|error| install::cannot(home.root(), &error))?;
    drop(lock);
    told(out, home, mood, &removal)
}

fn told(out: &mut impl Write, home: &Home, mood: Mood, removal: &Removal) -> Result<bool, Failure> {
    for path in &removal.foreign {
        writeln!(
            out,
            "stays: {} (Onionmeter did not make it)",
            path.display()
        )?;
    }
    for (path, error) in &removal.failed {
        writeln!(out, "NOT removed: {}: {error}", path.display())?;
    }
    if mood == Mood::Earnest && removal.failed.is_empty() {
        let root = home.root().display();
        if removal.foreign.is_empty() {
            writeln!(
                out,
                "Everything of Onionmeter is removed, key and reports too: {root}"
            )?;
        } else {
            writeln!(
                out,
                "Key, reports and everything else of Onionmeter are removed; what is not its own stays in {root}."
            )?;
        }
    }
    Ok(removal.failed.is_empty())
}

/// Takes the daemon's lock, so that no daemon starts while its files go. A browser that still runs may have
/// started one in the meantime.
fn hold(home: &Home) -> Result<Option<DaemonLock>, Failure> {
    if !home.run().is_dir() {
        return Ok(None);
    }
    for _ in 0..3 {
        match DaemonLock::take(home) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) => block_on(ipc::stop(home, ipc::Means::Asking))?,
            Err(error) => return Err(install::cannot(&home.lock(), &error)),
        };
    }
    Err(Failure::Exit(
        exit::NO_ANSWER,
        format!(
            "the daemon of {} starts again and again; close the browsers, then run this again. Key and reports are untouched",
            home.root().display()
        ),
    ))
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
