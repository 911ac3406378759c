//! Files and folders that are this user's alone, and which file is which.

use super::user;
use rustix::{fs as rfs, io::Errno};
use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
        PermissionsExt as _,
    },
    path::Path,
    time::SystemTime,
};

/// Makes a folder that this user alone may enter, in a folder that is there.
///
/// # Errors
/// `AlreadyExists` where there is one; otherwise the system's.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(false)
        .mode(0o700)
        .create(path)
}

/// Makes a folder and those above it that are missing, as far as the umask lets others into them.
///
/// # Errors
/// The system's.
pub(crate) fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
}

/// Whether anybody but its owner may do anything with a file or folder.
pub(crate) fn is_open_to_others(meta: &Metadata) -> bool {
    meta.mode() & 0o077 != 0
}

/// Who may do what with a file, as chmod(1) has it.
pub(crate) fn mode(meta: &Metadata) -> u32 {
    meta.mode() & 0o7777
}

/// Sets who may do what with a file, as chmod(1) does.
///
/// # Errors
/// The system's.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The same for a file that is open.
///
/// # Errors
/// The system's.
pub(crate) fn set_mode_of(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Has files that are made get this mode, as far as the umask lets them.
pub(crate) fn make_with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    options.mode(mode)
}

/// Has what is opened be the thing at the path itself: follows no link, which is then an error, and
/// does not wait where somebody has put a pipe.
pub(crate) fn open_itself(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = rfs::OFlags::NOFOLLOW.union(rfs::OFlags::NONBLOCK);
    options.custom_flags(flags.bits().cast_signed())
}

/// Has opening follow links, and not wait for the other end of a pipe.
pub(crate) fn open_at_once(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(rfs::OFlags::NONBLOCK.bits().cast_signed())
}

/// Whether opening failed because there is a link, see [`open_itself`].
pub(crate) fn is_of_a_link(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Whether it is a socket with a place among the files.
pub(crate) fn is_socket(kind: FileType) -> bool {
    kind.is_socket()
}

/// What something is, in words, if it is no file.
pub(crate) fn other_than_a_file(kind: FileType) -> Option<&'static str> {
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

/// Makes a link at `link` that leads to `target`.
///
/// # Errors
/// The system's.
pub(crate) fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Makes sure that what was made, renamed or removed in a folder stays so.
///
/// # Errors
/// The system's.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Tells files apart, also those that have had the same name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            number: meta.ino(),
        }
    }
}

/// A file as it is now: another once it is replaced or written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    file: FileId,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Stamp {
    /// `None` where there is no file that can be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        Some(Self {
            file: FileId::of(&meta),
            bytes: meta.len(),
            changed: meta.modified().ok(),
        })
    }
}

/// Whether this user owns a file or folder.
pub(crate) fn is_ours(meta: &Metadata) -> bool {
    user::owner(meta) == user::effective()
}
