//! Removes a home: entry by entry what Onionmeter made, and nothing else.
//!
//! Works on open folders. So if a folder is replaced by a link meanwhile, nothing behind the link
//! is removed.

use super::{
    layout::{self, Made},
    paths::Home,
};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{self as rfs, AtFlags, FileType, Mode, OFlags},
    io::Errno,
};
use std::{
    ffi::{CStr, OsStr},
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt as _,
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
        let root = rfs::open(self.root(), FOLDER, Mode::empty())?;
        let mut walk = Walk {
            mount: mount(&root)?,
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

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

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
    fn folder(&mut self, folder: &OwnedFd, path: &Path, listed: Listed) -> io::Result<bool> {
        let mut names = Vec::new();
        for entry in rfs::Dir::read_from(folder)? {
            let entry = entry?;
            if ![&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort();
        let mut empty = true;
        for name in &names {
            let path = path.join(OsStr::from_bytes(name.to_bytes()));
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
        folder: &OwnedFd,
        name: &CStr,
        path: &Path,
        listed: Listed,
    ) -> io::Result<bool> {
        let stat = rfs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let inner = match (listed, kind) {
            (Listed::All, FileType::Directory) => Some(Listed::All),
            // A link is removed, its target stays.
            (
                Listed::All,
                FileType::RegularFile | FileType::Socket | FileType::Symlink | FileType::Fifo,
            ) => None,
            (Listed::Only(list), _) => {
                let text = name.to_str().unwrap_or_default();
                match (Made::find(list, text), kind) {
                    // Removed last, by the caller.
                    (Some(Made::File(layout::MARKER)), FileType::RegularFile) => return Ok(true),
                    (
                        Some(Made::File(_) | Made::Files(_) | Made::Numbered(..)),
                        FileType::RegularFile | FileType::Socket,
                    ) => None,
                    (Some(Made::Links(_)), FileType::Symlink) => None,
                    (Some(Made::Folder(_, list)), FileType::Directory) => Some(Listed::Only(list)),
                    (Some(Made::Tree(_) | Made::Trees(_)), FileType::Directory) => {
                        Some(Listed::All)
                    }
                    (Some(made @ Made::TreeWith(..)), FileType::Directory) if made.fits(path) => {
                        Some(Listed::All)
                    }
                    _ => return Ok(self.stays(path)),
                }
            }
            (Listed::All, _) => return Ok(self.stays(path)),
        };
        let flags = match inner {
            None => AtFlags::empty(),
            Some(listed) => {
                let inside = rfs::openat(folder, name, FOLDER, Mode::empty())?;
                if mount(&inside)? != self.mount {
                    return Ok(self.stays(path));
                }
                if !self.folder(&inside, path, listed)? {
                    return Ok(false);
                }
                AtFlags::REMOVEDIR
            }
        };
        if self.mode == RunMode::Real {
            match rfs::unlinkat(folder, name, flags) {
                // It is gone already; Tor removes some of its own files, for example.
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        self.removal.removed += 1;
        Ok(true)
    }

    fn stays(&mut self, path: &Path) -> bool {
        self.removal.foreign.push(path.to_path_buf());
        false
    }
}

/// Identifies a mounted file system.
type Mount = u64;

/// The number of the mount. It also differs for a folder of the same disk that is mounted here.
#[cfg(target_os = "linux")]
fn mount(folder: impl AsFd) -> io::Result<Mount> {
    let flags = AtFlags::EMPTY_PATH;
    match rfs::statx(&folder, c"", flags, rfs::StatxFlags::MNT_ID) {
        Ok(stat) if stat.stx_mask & rfs::StatxFlags::MNT_ID.bits() != 0 => Ok(stat.stx_mnt_id),
        Ok(_) | Err(Errno::NOSYS | Errno::PERM) => Ok(rfs::fstat(folder)?.st_dev),
        Err(errno) => Err(errno.into()),
    }
}

/// The device of the disk.
#[cfg(not(target_os = "linux"))]
fn mount(folder: impl AsFd) -> io::Result<Mount> {
    let device = rfs::fstat(folder)?.st_dev;
    Ok(u64::try_from(device).unwrap_or_default())
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
        let done = home.remove(RunMode::Earnest).expect("removed");
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
