//! What can be wrong with one of Tor's folders.

use std::io;

use rustix::io::Errno;

/// What is wrong with a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FolderFault {
    /// The path is a file or a symbolic link.
    #[error("is not a folder")]
    NotAFolder,
    /// The folder belongs to another user.
    #[error("belongs to another user")]
    OtherOwner,
    /// Other users may enter the folder.
    #[error("is open to others (mode {mode:o}): it must be 700")]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// The system lets this process open no more files.
    #[error("cannot be made or read: the system allows no more open files")]
    NoMoreFiles,
    /// The system refused the access.
    #[error("cannot be made or read ({kind})")]
    Io {
        /// The system's error.
        kind: io::ErrorKind,
    },
    /// Tor itself could not use the folder.
    #[error("was refused by tor")]
    RefusedByTor,
}

impl FolderFault {
    /// The fault behind an error of the system.
    pub(crate) fn of(error: &io::Error) -> Self {
        match no_more_files(error) {
            true => Self::NoMoreFiles,
            false => Self::Io { kind: error.kind() },
        }
    }
}

/// Whether this process, or the whole system, may open no more files. Such an error says nothing
/// about the file or program in question.
#[must_use]
pub fn no_more_files(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_are_told_from_what_is_wrong_with_a_file() {
        for errno in [Errno::MFILE, Errno::NFILE] {
            assert!(no_more_files(&errno.into()), "{errno}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::LOOP, Errno::ROFS] {
            assert!(!no_more_files(&errno.into()), "{errno}");
        }
        assert!(!no_more_files(&io::ErrorKind::Other.into()));
    }
}
