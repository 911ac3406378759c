//! Moves a new file to its path, and checks whether an open file is still at its path.

use std::{fs, io, path::Path};

/// Where an open file is now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// The file is at its path.
    Here,
    /// No file is at its path: it was moved or removed.
    Gone,
    /// Another file is at its path.
    Replaced,
}

/// Device and number of a file. Two files never have the same pair.
pub(crate) type FileId = (u64, u64);

/// `None` if the file does not exist, and on systems without such numbers.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let file = fs::metadata(path).ok()?;
        Some((file.dev(), file.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

pub(crate) fn compare(opened: Option<FileId>, path: &Path) -> Place {
    let Some(opened) = opened else {
        return Place::Here;
    };
    match file_id(path) {
        Some(found) if found == opened => Place::Here,
        Some(_) => Place::Replaced,
        None => match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::Gone,
            // An error of the disk says nothing about the file.
            Ok(_) | Err(_) => Place::Here,
        },
    }
}

/// Moves a finished file to a path where no file is yet. Also works on file systems without hard
/// links, such as CryFS and others in user space.
///
/// # Errors
/// `AlreadyExists` when anything is at the path; otherwise the system's error.
pub fn place_new(draft: &Path, path: &Path) -> io::Result<()> {
    if let Some(outcome) = rename_to_nothing(draft, path) {
        return outcome;
    }
    // Unlike a plain rename, this never replaces a file that another process made meanwhile.
    match fs::hard_link(draft, path) {
        Ok(()) => return fs::remove_file(draft),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // This file system has no hard links.
        Err(_) => {}
    }
    // Neither way is available. The remaining way has a gap between check and move, in which only
    // another process of the same user could make the same file. The daemon's lock prevents a
    // second daemon.
    match fs::symlink_metadata(path) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(draft, path),
        Err(error) => Err(error),
    }
}

/// `None` if this system or this file system cannot do it.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_to_nothing(draft: &Path, path: &Path) -> Option<io::Result<()>> {
    use rustix::{fs as rfs, io::Errno};
    let flags = rfs::RenameFlags::NOREPLACE;
    match rfs::renameat_with(rfs::CWD, draft, rfs::CWD, path, flags) {
        Ok(()) => Some(Ok(())),
        Err(Errno::EXIST) => Some(Err(Errno::EXIST.into())),
        // File systems in user space report an unknown operation in many ways. A full or read-only
        // disk will fail again with the next way.
        Err(_) => None,
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_to_nothing(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}
