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
                    // An `install` that waited for its turn has begun.
                    ErrorKind::DirectoryNotEmpty
                    | ErrorKind::ResourceBusy
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
mod tests;
