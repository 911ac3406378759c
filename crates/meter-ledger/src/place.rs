//! Where a file lies: moving a new one into its place, and whether it still lies there.

use std::{fs, io, path::Path};

/// Where the file of an open book is now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// At its path.
    Here,
    /// Nothing is at its path any more: it was moved or removed.
    Gone,
    /// Another file is at its path.
    Replaced,
}

/// Device and number of a file: two files never share them.
pub(crate) type FileId = (u64, u64);

/// `None` where the file is gone, and where the system has no such numbers.
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
            // A disk that does not answer tells nothing about the file.
            Ok(_) | Err(_) => Place::Here,
        },
    }
}

/// Moves a finished file to a place where nothing is yet. Works on file systems without hard links,
/// as CryFS and others in user space are.
///
/// # Errors
/// `AlreadyExists` when something is there, in whatever form; otherwise what the system said.
pub fn place_new(draft: &Path, path: &Path) -> io::Result<()> {
    if let Some(outcome) = rename_to_nothing(draft, path) {
        return outcome;
    }
    // Unlike a plain rename this never replaces what another process made in the meantime.
    match fs::hard_link(draft, path) {
        Ok(()) => return fs::remove_file(draft),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // No hard links here.
        Err(_) => {}
    }
    // Neither way exists: what remains has a gap between look and move, in which only another
    // process of the same user could make the same file. The daemon's lock keeps a second daemon
    // away.
    match fs::symlink_metadata(path) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(draft, path),
        Err(error) => Err(error),
    }
}

/// `None` where this system or this file system cannot do that.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_to_nothing(draft: &Path, path: &Path) -> Option<io::Result<()>> {
    use rustix::{fs as rfs, io::Errno};
    let flags = rfs::RenameFlags::NOREPLACE;
    match rfs::renameat_with(rfs::CWD, draft, rfs::CWD, path, flags) {
        Ok(()) => Some(Ok(())),
        Err(Errno::EXIST) => Some(Err(Errno::EXIST.into())),
        // File systems in user space have many words for what they do not know. A disk that is full
        // or read-only says so again at the next way.
        Err(_) => None,
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_to_nothing(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}
