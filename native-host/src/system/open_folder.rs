//! An open folder. Calls on it act on that folder, even if its path leads to another one by then.

use rustix::{
    fd::OwnedFd,
    fs::{self as rfs, AtFlags, FileType, Mode, OFlags},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::Path,
};

/// A link is not followed.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open folder.
pub(crate) struct OpenFolder(OwnedFd);

/// Kind of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A file with bytes.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A named pipe.
    Pipe,
    /// A device, or a kind that only some systems have.
    Other,
}

/// Identity of a mount.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mount(u64);

impl OpenFolder {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// The error of the system; a link is an error.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rfs::open(path, FOLDER, Mode::empty())?))
    }

    /// Opens a folder in this one.
    ///
    /// # Errors
    /// The error of the system; a link is an error.
    pub(crate) fn inside(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(rfs::openat(&self.0, name, FOLDER, Mode::empty())?))
    }

    /// The names of all entries, sorted.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rfs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if ![&b"."[..], b".."].contains(&name) {
                names.push(OsString::from_vec(name.to_vec()));
            }
        }
        names.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        Ok(names)
    }

    /// Kind of an entry.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn kind(&self, name: &OsStr) -> io::Result<Kind> {
        let stat = rfs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            FileType::Socket => Kind::Socket,
            FileType::Fifo => Kind::Pipe,
            _ => Kind::Other,
        })
    }

    /// Removes an entry that is not a folder. A missing entry is no error.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name, AtFlags::empty())
    }

    /// Removes an empty folder in this one. A missing folder is no error.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, name: &OsStr, flags: AtFlags) -> io::Result<()> {
        match rfs::unlinkat(&self.0, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The mount that the folder is on. Differs also for a folder of the same disk that is mounted
    /// a second time.
    ///
    /// # Errors
    /// The error of the system.
    #[cfg(target_os = "linux")]
    pub(crate) fn mount(&self) -> io::Result<Mount> {
        let flags = AtFlags::EMPTY_PATH;
        let number = match rfs::statx(&self.0, c"", flags, rfs::StatxFlags::MNT_ID) {
            Ok(stat) if stat.stx_mask & rfs::StatxFlags::MNT_ID.bits() != 0 => stat.stx_mnt_id,
            // Linux before 5.8, or a sandbox that does not know the question.
            Ok(_) | Err(Errno::NOSYS | Errno::PERM) => rfs::fstat(&self.0)?.st_dev,
            Err(errno) => return Err(errno.into()),
        };
        Ok(Mount(number))
    }

    /// The disk that the folder is on.
    ///
    /// # Errors
    /// The error of the system.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn mount(&self) -> io::Result<Mount> {
        let device = rfs::fstat(&self.0)?.st_dev;
        Ok(Mount(u64::try_from(device).unwrap_or_default()))
    }
}
