//! Removes a home: entry by entry what Onionmeter made, and nothing else.
//!
//! Works on open folders. So if a folder is replaced by a link meanwhile, nothing behind the link
//! is removed.

use super::{
    layout::{self, Made},
    paths::Home,
};
use crate::system::open_folder::{Kind, Mount, OpenFolder};
use std::{
    ffi::OsStr,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The result of a removal, real or simulated.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// Files, sockets and folders that were removed.
    pub(crate) removed: usize,
    /// What stays because Onionmeter did not make it.
    pub(crate) foreign: Vec<PathBuf>,
    /// What was made by Onionmeter and could not be removed.
    pub(crate) failed: Vec<(PathBuf, io::Error)>,
    /// Why the folder itself stays although nothing is left in it: a disk is mounted there, or the
    /// folder above is somebody else's.
    pub(crate) root_stays: Option<io::Error>,
}

/// Whether to remove, or only to simulate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RunMode {
    /// Remove.
    Real,
    /// Say what would be removed.
    DryRun,
}

impl Home {
    /// Removes the home, or says what would be removed. The folder is removed if nothing is left in
    /// it. The mark is removed last, so that an interrupted removal can be repeated.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(crate) fn remove(&self, mode: RunMode) -> io::Result<Removal> {
        let root = OpenFolder::open(self.root())?;
        let mut walk = Walk {
            mount: root.mount()?,
            mode,
            removal: Removal::default(),
        };
        walk.folder(&root, self.root(), Listed::Only(layout::HOME))?;
        let mut removal = walk.removal;
        if !removal.failed.is_empty() {
            return Ok(removal);
        }
        let marker = self.mark_file();
        if marker.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            removal.removed += 1;
            if mode == RunMode::Real {
                std::fs::remove_file(marker)?;
            }
        }
        if removal.foreign.is_empty() {
            removal.removed += 1;
            if mode == RunMode::Real
                && let Err(error) = std::fs::remove_dir(self.root())
            {
                removal.removed -= 1;
                match error.kind() {
                    ErrorKind::ResourceBusy
                    | ErrorKind::PermissionDenied
                    | ErrorKind::ReadOnlyFilesystem => removal.root_stays = Some(error),
                    _ => removal.failed.push((self.root().to_path_buf(), error)),
                }
            }
        }
        Ok(removal)
    }
}

impl Home {
    /// Removes a folder of copies, with all that Onionmeter made in it.
    ///
    /// # Errors
    /// Somebody else's file is in it, or it is no such folder: that stays and is named. Or the
    /// error of the system.
    pub(crate) fn remove_copies(&self, path: &Path) -> io::Result<()> {
        self.empty_copies(path)?;
        match std::fs::remove_dir(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The same, but the folder itself stays.
    ///
    /// # Errors
    /// The errors of [`Self::remove_copies`].
    pub(crate) fn empty_copies(&self, path: &Path) -> io::Result<()> {
        self.walk_copies(path, RunMode::Real)
    }

    /// Checks that nobody else's file is in a folder of copies. Changes nothing.
    ///
    /// # Errors
    /// The errors of [`Self::remove_copies`].
    pub(crate) fn check_copies(&self, path: &Path) -> io::Result<()> {
        self.walk_copies(path, RunMode::DryRun)
    }

    fn walk_copies(&self, path: &Path, mode: RunMode) -> io::Result<()> {
        let name = path.strip_prefix(self.root()).ok().and_then(Path::to_str);
        let name = name.unwrap_or_default();
        let made = Made::find(layout::HOME, name);
        let Some(Made::Copies(_, list) | Made::NumberedCopies(_, list)) = made else {
            return Err(not_ours(path));
        };
        let meta = match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if !meta.is_dir() {
            return Err(not_ours(path));
        }
        let folder = OpenFolder::open(path)?;
        let mut walk = Walk {
            mount: folder.mount()?,
            mode,
            removal: Removal::default(),
        };
        walk.folder(&folder, path, Listed::Only(list))?;
        if let Some((path, error)) = walk.removal.failed.into_iter().next() {
            let text = format!("{}: {error}", path.display());
            return Err(io::Error::new(error.kind(), text));
        }
        match walk.removal.foreign.first() {
            Some(path) => Err(not_ours(path)),
            None => Ok(()),
        }
    }
}

fn not_ours(path: &Path) -> io::Error {
    let path = path.display();
    io::Error::other(format!(
        "Onionmeter did not make {path}; move it away, then try again"
    ))
}

/// What may be removed from a folder.
#[derive(Clone, Copy)]
enum Listed {
    Only(&'static [Made]),
    /// Everything.
    All,
}

struct Walk {
    mount: Mount,
    mode: RunMode,
    removal: Removal,
}

impl Walk {
    /// Empties a folder; `true` when nothing is left in it.
    fn folder(&mut self, folder: &OpenFolder, path: &Path, listed: Listed) -> io::Result<bool> {
        let mut empty = true;
        for name in &folder.names()? {
            let path = path.join(name);
            match self.entry(folder, name, &path, listed) {
                Ok(gone) => empty &= gone,
                Err(error) => {
                    empty = false;
                    self.removal.failed.push((path, error));
                }
            }
        }
        Ok(empty)
    }

    fn entry(
        &mut self,
        folder: &OpenFolder,
        name: &OsStr,
        path: &Path,
        listed: Listed,
    ) -> io::Result<bool> {
        let kind = folder.kind(name)?;
        let inner = match (listed, kind) {
            (Listed::All, Kind::Folder) => Some(Listed::All),
            // A link is removed, its target stays.
            (Listed::All, Kind::File | Kind::Socket | Kind::Link | Kind::Pipe) => None,
            (Listed::Only(list), _) => {
                let text = name.to_str().unwrap_or_default();
                match (Made::find(list, text), kind) {
                    // Removed last, by the caller.
                    (Some(Made::File(layout::MARKER)), Kind::File) => return Ok(true),
                    (
                        Some(Made::File(_) | Made::Files(_) | Made::Numbered(..)),
                        Kind::File | Kind::Socket,
                    ) => None,
                    (Some(Made::Links(_)), Kind::Link) => None,
                    (
                        Some(
                            Made::Folder(_, list)
                            | Made::Copies(_, list)
                            | Made::NumberedCopies(_, list),
                        ),
                        Kind::Folder,
                    ) => Some(Listed::Only(list)),
                    (Some(Made::Tree(_) | Made::Trees(_)), Kind::Folder) => Some(Listed::All),
                    (Some(made @ Made::TreeWith(..)), Kind::Folder) if made.fits(path) => {
                        Some(Listed::All)
                    }
                    _ => return Ok(self.stays(path)),
                }
            }
            (Listed::All, _) => return Ok(self.stays(path)),
        };
        if let Some(listed) = inner {
            let inside = folder.inside(name)?;
            if inside.mount()? != self.mount {
                return Ok(self.stays(path));
            }
            if !self.folder(&inside, path, listed)? {
                return Ok(false);
            }
        }
        // An entry that is already gone is no error: Tor removes some of its own files.
        match (self.mode, inner) {
            (RunMode::DryRun, _) => {}
            (RunMode::Real, None) => folder.remove(name)?,
            (RunMode::Real, Some(_)) => folder.remove_folder(name)?,
        }
        self.removal.removed += 1;
        Ok(true)
    }

    fn stays(&mut self, path: &Path) -> bool {
        self.removal.foreign.push(path.to_path_buf());
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        (folder, home)
    }

    #[test]
    fn what_onionmeter_made_goes_and_the_folder_with_it() {
        let (_folder, home) = home();
        for file in [
            "config.toml",
            "book.sqlite3",
            "key/device.key",
            "tor/cached-certs",
            "relay-port",
        ] {
            fs::write(home.root().join(file), "x").expect("written");
        }
        fs::create_dir_all(home.root().join("arti/state/a/b")).expect("made");
        symlink("/bin/true", home.root().join("tor/transport-obfs4")).expect("a link");
        let rehearsed = home.remove(RunMode::DryRun).expect("looked");
        assert!(
            rehearsed.foreign.is_empty() && rehearsed.failed.is_empty(),
            "{rehearsed:?}"
        );
        assert!(home.root().join("key/device.key").is_file(), "only looked");
        let done = home.remove(RunMode::Real).expect("removed");
        assert_eq!(done.removed, rehearsed.removed, "as was rehearsed");
        assert!(!home.root().try_exists().expect("readable"));
    }

    #[test]
    fn what_only_has_a_name_like_one_of_ours_stays() {
        let (_folder, home) = home();
        let theirs = [
            "book.old-summer.sqlite3",
            "book.old-1.zip",
            "firefox/thesis",
            "arti/state.old-mine/x",
        ];
        let ours = [
            "book.old-1.sqlite3",
            "book.old-1.sqlite3-wal",
            "arti/state.old-1/x",
        ];
        for file in theirs.into_iter().chain(ours) {
            let file = home.root().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, "x").expect("written");
        }
        let done = home.remove(RunMode::Real).expect("removed");
        assert!(done.failed.is_empty(), "{done:?}");
        for file in theirs {
            assert!(home.root().join(file).is_file(), "{file} is theirs");
        }
        for file in ours {
            let path = home.root().join(file);
            assert!(fs::symlink_metadata(path).is_err(), "{file} is ours");
        }
    }

    #[test]
    fn a_folder_of_copies_is_removed_and_what_a_person_put_there_is_not() {
        let (_folder, home) = home();
        let (backup, restore) = (home.backup_draft(), home.restore_filling());
        for file in [
            backup.join("book.sqlite3-journal"),
            backup.join("book.old-1.sqlite3"),
            restore.join("after/key/device.key.new-12-0"),
            restore.join("before/receipts.sqlite3"),
        ] {
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, "x").expect("written");
        }
        let thesis = restore.join("after/thesis");
        fs::write(&thesis, "mine").expect("written");
        for path in [&backup, &home.restore_draft()] {
            home.remove_copies(path).expect("removed, or was not there");
            assert!(fs::symlink_metadata(path).is_err(), "{}", path.display());
        }
        let error = home.remove_copies(&restore).expect_err("mine").to_string();
        assert!(error.contains("after/thesis"), "{error}");
        assert!(thesis.is_file() && !restore.join("before").is_dir());
        let done = home.remove(RunMode::Real).expect("removed");
        assert_eq!(done.foreign, [thesis], "a purge leaves it, too");
    }

    #[test]
    fn what_has_the_name_of_a_folder_of_copies_is_named() {
        let (_folder, home) = home();
        fs::write(home.backup_draft(), "mine").expect("written");
        symlink("/etc", home.restore_draft()).expect("a link");
        for path in [home.backup_draft(), home.restore_draft(), home.key()] {
            let error = home.remove_copies(&path).expect_err("not ours").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
        assert!(home.backup_draft().is_file() && home.restore_draft().is_symlink());
    }

    #[test]
    fn what_somebody_else_put_there_stays_and_is_named() {
        let (folder, home) = home();
        let documents = folder.path().join("documents");
        fs::create_dir(&documents).expect("made");
        fs::write(documents.join("letter"), "dear").expect("written");
        symlink(&documents, home.root().join("arti")).expect("a link in place of a folder");
        symlink(&documents, home.root().join("tor/keys")).expect("a link");
        let notes = [
            "notes.txt",
            "key/device.key.bak",
            "tor/notes.txt",
            "log/a b",
        ];
        for file in notes {
            fs::write(home.root().join(file), "mine").expect("written");
        }
        fs::create_dir(home.root().join("config.toml")).expect("a folder with a file's name");
        let done = home.remove(RunMode::Real).expect("removed");
        assert!(done.failed.is_empty(), "{done:?}");
        for file in notes.into_iter().chain(["arti", "tor/keys", "config.toml"]) {
            let path = home.root().join(file);
            assert!(done.foreign.contains(&path), "{file} is named: {done:?}");
            assert!(fs::symlink_metadata(path).is_ok(), "{file} is there");
        }
        assert!(documents.join("letter").is_file(), "no link was followed");
        assert!(!home.root().join("run").try_exists().expect("readable"));
    }
}
