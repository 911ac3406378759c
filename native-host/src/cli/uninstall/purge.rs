//! `uninstall --purge`: removes what Onionmeter made in its home, after a question.

use super::undo::Undo;
use crate::{
    EXIT_USAGE,
    cli::{
        ask::Patience,
        exit, install,
        outcome::CommandError,
        output::Format,
        parts::{Part, Parts},
        print,
        question::asked,
    },
    home::{Home, Kind, Removal, RunMode},
    ipc,
    launch::{self, Use},
    lock::DaemonLock,
    problems,
    registration::Family,
};
use meter_ledger::Book;
use std::io::{IsTerminal as _, stdin};

/// Refuses while a Firefox runs that `open` started: its profile is in the home.
pub(super) fn refuse_under_a_browser(home: &Home) -> Result<(), CommandError> {
    match launch::use_of(Family::Firefox, &home.firefox()) {
        Use::Free => Ok(()),
        Use::WithFloor | Use::WithoutFloor(_) => Err(CommandError::Exit(
            EXIT_USAGE,
            "nothing was removed: the Firefox that `onionmeter open` started still runs on its \
                profile in this \
             folder; close it, then run this again"
                .to_owned(),
        )),
    }
}

/// Asks a person, or refuses if there is no terminal.
pub(super) fn confirm(home: &Home, format: Format) -> Result<(), CommandError> {
    let what = format!(
        "{} with {} and the key that signs them",
        home.root().display(),
        losses(home)
    );
    let refuse = |text: String| Err(CommandError::Exit(EXIT_USAGE, text));
    if format == Format::Json || !stdin().is_terminal() {
        let why = match format {
            Format::Json => "--json asks no questions",
            Format::Text => "there is no terminal for a question",
        };
        return refuse(format!(
            "nothing was removed: --purge would remove {what}, and {why}; add --yes, or look first \
                with --dry-run"
        ));
    }
    let question = format!("This removes {what}. There is no way back. Type yes to go on: ");
    match asked(&question)?.eq_ignore_ascii_case("yes") {
        true => Ok(()),
        false => refuse("nothing was removed".to_owned()),
    }
}

/// Describes what would be lost besides the key.
fn losses(home: &Home) -> String {
    let mut losses = vec![reports(home)];
    match kept_books(home) {
        0 => {}
        1 => losses.push("the book of an earlier chain".to_owned()),
        more => losses.push(format!("{more} books of earlier chains")),
    }
    if home.before_restore(1).is_dir() {
        losses.push("the keys and reports that `restore --replace` put aside".to_owned());
    }
    if home.firefox().join("user.js").is_file() {
        losses.push(
            "the Firefox profile of `onionmeter open`, bookmarks and passwords too".to_owned(),
        );
    }
    losses.join(", ")
}

/// Number of books that `new-chain` kept.
fn kept_books(home: &Home) -> usize {
    let is_kept = |name: &str| name.starts_with("book.old-") && name.ends_with(".sqlite3");
    let names = home.made();
    let names = names.iter().filter_map(|path| path.file_name()?.to_str());
    names.filter(|name| is_kept(name)).count()
}

/// Describes how many reports would be lost.
fn reports(home: &Home) -> String {
    if !home.book().is_file() {
        return "no reports".to_owned();
    }
    match Book::open_to_read(&home.book()).and_then(|book| book.audit()) {
        Ok(audit) if audit.reports == 0 => "no reports".to_owned(),
        Ok(audit) => print::counted(audit.reports, "signed report"),
        Err(error) => format!(
            "reports that cannot be counted ({})",
            problems::chain(&error)
        ),
    }
}

/// Removes Onionmeter's files in the home while no daemon uses it; `false` if a part that should be
/// removed stays.
pub(super) fn purge(undo: &mut Undo, home: &Home, kind: &Kind) -> Result<bool, CommandError> {
    let root = home.root().display();
    let stays = |parts: &mut Parts, outcome, why: String| {
        let part = Part::new("home", outcome).at(home.root()).because(&why);
        parts.tell(part, why);
        Ok(true)
    };
    match kind {
        Kind::Marked | Kind::Earlier => {}
        Kind::Missing => {
            let why = format!("There is no {root} to remove.");
            return stays(&mut undo.parts, "absent", why);
        }
        Kind::Empty | Kind::NotAFolder | Kind::Other { .. } => {
            let why = format!("{root} stays: nothing in it is certain to be Onionmeter's.");
            return stays(&mut undo.parts, "stays", why);
        }
    }
    // Counted before they are removed.
    let losses = losses(home);
    let lock = match undo.mode {
        RunMode::Real => hold(home)?,
        RunMode::DryRun => None,
    };
    let removal = home
        .remove(undo.mode)
        .map_err(|error| install::cannot(home.root(), &error))?;
    drop(lock);
    Ok(report(undo, home, &removal, &losses))
}

/// Why the folder itself stays; `None` if it goes.
fn root_stays(removal: &Removal) -> Option<String> {
    let foreign = || match removal.foreign.as_slice() {
        [] => None,
        [one] => Some(format!("it holds {}", one.display())),
        more => Some(format!("it holds {} things of others", more.len())),
    };
    let error = removal.root_stays.as_ref();
    error.map(ToString::to_string).or_else(foreign)
}

/// `false` if a part that should be removed stays.
fn report(undo: &mut Undo, home: &Home, removal: &Removal, losses: &str) -> bool {
    let mode = undo.mode;
    for path in &removal.foreign {
        let part = Part::new("foreign", "stays").at(path);
        let line = format!("stays: {} (Onionmeter did not make it)", path.display());
        undo.parts.tell(part, line);
    }
    for (path, error) in &removal.failed {
        let part = Part::new("file", "not_removed").at(path).because(error);
        let line = format!("NOT removed: {}: {error}", path.display());
        undo.parts.tell(part, line);
    }
    if !removal.failed.is_empty() {
        return false;
    }
    if let Some(why) = root_stays(removal) {
        undo.emptied(home.root(), losses, &why);
    } else {
        undo.gone("home", "Home", home.root(), &format!(", with {losses}"));
    }
    if mode == RunMode::Real && removal.root_stays.is_none() {
        let root = home.root().display();
        undo.parts.say(match removal.foreign.is_empty() {
            true => format!("Everything of Onionmeter is removed, key and reports too: {root}"),
            false => format!(
                "Key, reports and everything else of Onionmeter are removed; what is not its own \
                    stays in {root}."
            ),
        });
    }
    true
}

/// Takes the daemon's lock, so that no daemon starts while its files are removed. A browser that
/// still runs may have started one meanwhile.
fn hold(home: &Home) -> Result<Option<DaemonLock>, CommandError> {
    if !home.run().is_dir() {
        return Ok(None);
    }
    for _ in 0..3 {
        match DaemonLock::take(home) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) => Patience::default().wait(ipc::stop(home, ipc::Means::Asking))?,
            Err(error) => return Err(problems::unwritable(&error, &home.lock()).into()),
        };
    }
    Err(CommandError::Exit(
        exit::NO_ANSWER,
        format!(
            "the daemon of {} starts again and again; close the browsers, then run this again. Key \
                and reports are untouched",
            home.root().display()
        ),
    ))
}
