//! Puts the files of a backup in the place of those that are there.
//!
//! The files are several, and a kill may come between any two of them. So the first step after
//! which anything changes is one rename ([`commit`]): before it, the old home is complete. After
//! it, [`finish`] does the rest, however often it is interrupted; the daemon and every command that
//! reads these files call it first.

use crate::{files, home::Home, lock::DaemonLock, system::files as system};
use meter_ledger::place_new;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// In the folder of a restore: what comes, and what was there.
const AFTER: &str = "after";
const BEFORE: &str = "before";

/// Files of SQLite, and what SQLite keeps beside them.
const BASES: [&str; 2] = ["book.sqlite3", "receipts.sqlite3"];
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];
const OF_KEY: [&str; 3] = ["key/device.key", "key/last-signed", "key/restored"];

/// Everything of this home that a restore replaces, by its path below the home.
///
/// # Errors
/// When the home cannot be read.
pub(crate) fn in_use(home: &Home) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(home.root())? {
        let name = entry?.file_name();
        let is_data = name.to_str().is_some_and(|name| {
            let rest = BASES.iter().find_map(|base| name.strip_prefix(base));
            rest.is_some_and(|rest| BESIDE.contains(&rest)) || name.starts_with("book.old-")
        });
        if is_data {
            found.push(PathBuf::from(name));
        }
    }
    let of_key = OF_KEY.iter().map(PathBuf::from);
    found.extend(of_key.filter(|name| home.root().join(name).symlink_metadata().is_ok()));
    found.sort();
    Ok(found)
}

/// The folder for the files that come, below the draft of a restore.
pub(crate) fn after(draft: &Path) -> PathBuf {
    draft.join(AFTER)
}

/// Decides for the new files, in one step.
///
/// # Errors
/// The error of the system. The old home is then untouched.
pub(crate) fn commit(home: &Home) -> io::Result<()> {
    fs::rename(home.restore_draft(), home.restore_ready())?;
    system::sync_folder(home.root())
}

/// Whether a restore was decided and is not finished.
pub(crate) fn is_decided(home: &Home) -> bool {
    is_there(&home.restore_ready()) || is_there(&home.restore_filling())
}

/// Finishes a restore that was decided, if there is one. The caller holds the daemon's lock.
/// Returns where the files are that were there before, if there were any.
///
/// # Errors
/// The error of the system. The next call goes on where this one stopped.
pub(crate) fn finish(home: &Home) -> io::Result<Option<PathBuf>> {
    finish_by(home, &mut || Ok(()))
}

/// Checks that [`finish`] would not stop at what somebody else put in its place. Changes nothing.
///
/// # Errors
/// What is in the way.
pub(crate) fn check(home: &Home) -> io::Result<()> {
    let (ready, filling) = (home.restore_ready(), home.restore_filling());
    if is_there(&ready) {
        check_ready(&ready)?;
    }
    match is_there(&filling) {
        true => home.check_copies(&filling),
        false => Ok(()),
    }
}

/// The same for a command that holds no lock. While a daemon runs there is nothing to finish: it
/// did that at its start.
///
/// # Errors
/// The errors of [`finish`].
pub(crate) fn finish_alone(home: &Home) -> io::Result<()> {
    if !is_decided(home) {
        return Ok(());
    }
    match DaemonLock::take(home)? {
        Some(_lock) => finish(home).map(drop),
        None => Ok(()),
    }
}

/// `step` is called before each change; a test stops there, as a kill would.
fn finish_by(home: &Home, step: &mut dyn FnMut() -> io::Result<()>) -> io::Result<Option<PathBuf>> {
    let (root, ready, filling) = (home.root(), home.restore_ready(), home.restore_filling());
    if is_there(&ready) {
        check_ready(&ready)?;
        let before = ready.join(BEFORE);
        for name in in_use(home)? {
            folder_for(&before.join(&name), step)?;
            step()?;
            place_new(&root.join(&name), &before.join(&name))?;
        }
        sync(&before)?;
        step()?;
        fs::rename(&ready, &filling)?;
        system::sync_folder(root)?;
    }
    if !is_there(&filling) {
        return Ok(None);
    }
    let after = after(&filling);
    for name in names(&after)? {
        folder_for(&root.join(&name), step)?;
        step()?;
        place_new(&after.join(&name), &root.join(&name))?;
    }
    sync(root)?;
    let aside = put_aside(home, &filling.join(BEFORE), step)?;
    step()?;
    home.remove_copies(&filling)?;
    system::sync_folder(root)?;
    Ok(aside)
}

/// Checks that a folder holds what comes. A folder of the same name that somebody else made, or a
/// part of one that another program copied here, must not have the home put aside.
fn check_ready(ready: &Path) -> io::Result<()> {
    let after = after(ready);
    let is_whole = ["book.sqlite3", "key/device.key"]
        .iter()
        .all(|name| after.join(name).is_file());
    match is_whole {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "{} is no whole restore of Onionmeter; move it away, then try again",
            ready.display()
        ))),
    }
}

fn put_aside(
    home: &Home,
    before: &Path,
    step: &mut dyn FnMut() -> io::Result<()>,
) -> io::Result<Option<PathBuf>> {
    if !is_there(before) {
        return Ok(None);
    }
    let aside = files::first_free(|number| home.before_restore(number))?;
    step()?;
    fs::rename(before, &aside)?;
    Ok(Some(aside))
}

/// The files in a folder and in its folder `key`.
fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for below in ["", "key"] {
        let inside = folder.join(below);
        if !is_there(&inside) {
            continue;
        }
        for entry in fs::read_dir(inside)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(Path::new(below).join(entry.file_name()));
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Makes the folder of a file, and the one above it.
fn folder_for(path: &Path, step: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
    let folders: Vec<_> = path.ancestors().skip(1).take(2).collect();
    for folder in folders.into_iter().rev().filter(|folder| !is_there(folder)) {
        step()?;
        system::make_private_folder(folder)?;
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    for folder in [folder, &folder.join("key")] {
        if is_there(folder) {
            system::sync_folder(folder)?;
        }
    }
    Ok(())
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const OLD: [&str; 5] = [
        "book.sqlite3",
        "book.sqlite3-wal",
        "book.old-1.sqlite3",
        "key/device.key",
        "key/last-signed",
    ];
    const NEW: [&str; 4] = [
        "book.sqlite3",
        "receipts.sqlite3",
        "key/device.key",
        "key/restored",
    ];

    fn home_with(old: &[&str]) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        for name in old {
            fs::write(home.root().join(name), format!("old {name}")).expect("written");
        }
        fs::write(home.config(), "a setting").expect("written");
        let after = after(&home.restore_draft());
        fs::create_dir_all(after.join("key")).expect("made");
        for name in NEW {
            fs::write(after.join(name), format!("new {name}")).expect("written");
        }
        (folder, home)
    }

    /// All that a restore is about, in the home and in what was put aside.
    fn content(root: &Path) -> BTreeMap<PathBuf, String> {
        let home = Home::at(root.to_path_buf());
        let names = in_use(&home).expect("readable");
        let read = |name: PathBuf| {
            let text = fs::read_to_string(root.join(&name)).expect("a file");
            (name, text)
        };
        names.into_iter().map(read).collect()
    }

    fn expected(names: &[&str], age: &str) -> BTreeMap<PathBuf, String> {
        let pair = |name: &&str| (PathBuf::from(name), format!("{age} {name}"));
        names.iter().map(pair).collect()
    }

    #[test]
    fn a_kill_before_any_step_leaves_the_old_home_or_the_new_one_and_loses_nothing() {
        let mut steps = 0;
        loop {
            let (_folder, home) = home_with(&OLD);
            assert_eq!(content(home.root()), expected(&OLD, "old"), "untouched");
            assert_eq!(finish(&home).expect("nothing to do"), None);
            commit(&home).expect("decided");
            let mut left = steps;
            let stopped = finish_by(&home, &mut || {
                let killed = || io::Error::other("killed");
                left = i32::checked_sub(left, 1)
                    .filter(|left| *left >= 0)
                    .ok_or_else(killed)?;
                Ok(())
            });
            let is_whole = stopped.is_ok();
            // The next start.
            finish_alone(&home).expect("finished");
            assert_eq!(content(home.root()), expected(&NEW, "new"), "{steps}");
            let aside = home.before_restore(1);
            assert_eq!(content(&aside), expected(&OLD, "old"), "{steps}");
            for path in [
                home.restore_draft(),
                home.restore_ready(),
                home.restore_filling(),
            ] {
                assert!(!is_there(&path), "{}", path.display());
            }
            assert!(!is_there(&home.before_restore(2)), "{steps}");
            assert_eq!(
                fs::read_to_string(home.config()).expect("kept"),
                "a setting"
            );
            if is_whole {
                break;
            }
            steps += 1;
        }
        assert!(steps > 10, "{steps} steps were tried");
    }

    #[test]
    fn a_folder_that_only_has_the_name_of_a_restore_moves_and_removes_nothing() {
        let (_folder, home) = home_with(&OLD);
        for folder in [home.restore_ready(), home.restore_filling()] {
            fs::create_dir(&folder).expect("made");
            fs::write(folder.join("thesis"), "mine").expect("written");
            let error = finish_alone(&home).expect_err("not a restore").to_string();
            assert!(error.contains("move it away"), "{error}");
            assert!(folder.join("thesis").is_file());
            assert_eq!(content(home.root()), expected(&OLD, "old"), "untouched");
            fs::remove_dir_all(&folder).expect("moved away");
        }
        finish_alone(&home).expect("nothing is in the way");
    }

    #[test]
    fn an_empty_home_has_nothing_to_put_aside() {
        let (_folder, home) = home_with(&[]);
        commit(&home).expect("decided");
        assert_eq!(finish(&home).expect("finished"), None);
        assert_eq!(content(home.root()), expected(&NEW, "new"));
    }
}
