//! A folder that is open: what is done in it by name stays in it, whatever its path leads to by
//! then.

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

/// Follows no link: what is opened is the folder itself.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open folder.
pub(crate) struct OpenFolder(OwnedFd);

/// What something in a folder is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A file with bytes.
    File,
    /// A folder.
    Folder,
    /// A link, wherever it leads.
    Link,
    /// A socket.
    Socket,
    /// A pipe with a name.
    Pipe,
    /// A device, or what the system has beside.
    Other,
}

/// Tells disks apart by where they are mounted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mount(u64);

impl OpenFolder {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// The system's; a link is one.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rfs::open(path, FOLDER, Mode::empty())?))
    }

    /// Opens a folder in it.
    ///
    /// # Errors
    /// The system's; a link is one.
    pub(crate) fn inside(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(rfs::openat(&self.0, name, FOLDER, Mode::empty())?))
    }

    /// The names in it, sorted.
    ///
    /// # Errors
    /// The system's.
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

    /// What something in it is.
    ///
    /// # Errors
    /// The system's.
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

    /// Removes something in it that is no folder. What is gone already is no error.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name, AtFlags::empty())
    }

    /// Removes an empty folder in it. One that is gone already is no error.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, name: &OsStr, flags: AtFlags) -> io::Result<()> {
        match rfs::unlinkat(&self.0, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Where its disk is mounted, which tells a folder that is mounted from itself elsewhere, too.
    ///
    /// # Errors
    /// The system's.
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

    /// Which disk it is on.
    ///
    /// # Errors
    /// The system's.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn mount(&self) -> io::Result<Mount> {
        let device = rfs::fstat(&self.0)?.st_dev;
        Ok(Mount(u64::try_from(device).unwrap_or_default()))
    }
}
