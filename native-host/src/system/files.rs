//! Private files and folders, and identity of files.

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

/// Makes one folder that only this user may enter. Its parent must exist.
///
/// # Errors
/// `AlreadyExists` if something is at the path; otherwise the error of the system.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(false)
        .mode(0o700)
        .create(path)?;
    // The umask may have taken away our own rights.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Makes a folder and the missing ones above it, with these permission bits less what the umask
/// takes away from others: without our own rights, nothing could be made in them.
///
/// # Errors
/// The error of the system.
pub(crate) fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    let is_missing = |folder: &&Path| {
        let found = fs::symlink_metadata(folder);
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let missing: Vec<_> = path.ancestors().take_while(is_missing).collect();
    for folder in missing.into_iter().rev() {
        match fs::DirBuilder::new().mode(mode).create(folder) {
            Ok(()) => {}
            // Another process has just made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        let given = fs::metadata(folder)?.mode() & 0o777;
        if given & 0o700 != 0o700 {
            fs::set_permissions(folder, fs::Permissions::from_mode(given | 0o700))?;
        }
    }
    // If something else is there, this says so.
    fs::DirBuilder::new().recursive(true).create(path)
}

/// Whether other users than the owner have any right on a file or folder.
pub(crate) fn is_open_to_others(meta: &Metadata) -> bool {
    meta.mode() & 0o077 != 0
}

/// Checks that this user may make files in a folder, without making one.
///
/// # Errors
/// The reason why not: the folder's mode, or a disk that is read-only.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    let rights = rfs::Access::WRITE_OK.union(rfs::Access::EXEC_OK);
    rfs::accessat(rfs::CWD, folder, rights, rfs::AtFlags::EACCESS).map_err(io::Error::from)
}

/// Whether a thing is marked so that not even its owner can change or replace it: `chattr +i` and
/// `chattr +a`. The system then refuses whatever its mode allows.
#[cfg(target_os = "linux")]
pub(crate) fn is_frozen(path: &Path) -> bool {
    let marks = rfs::StatxAttributes::IMMUTABLE.union(rfs::StatxAttributes::APPEND);
    let flags = rfs::AtFlags::SYMLINK_NOFOLLOW;
    let stat = rfs::statx(rfs::CWD, path, flags, rfs::StatxFlags::TYPE);
    stat.is_ok_and(|stat| stat.stx_attributes.intersects(marks))
}

/// The seam for other systems.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_frozen(_path: &Path) -> bool {
    false
}

/// Permission bits, as chmod(1) writes them.
pub(crate) fn mode(meta: &Metadata) -> u32 {
    meta.mode() & 0o7777
}

/// Sets the permission bits of a path.
///
/// # Errors
/// The error of the system.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Sets the permission bits of an open file.
///
/// # Errors
/// The error of the system.
pub(crate) fn set_mode_of(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Gives a new file these permission bits, less what the umask takes away.
pub(crate) fn make_with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    options.mode(mode)
}

/// Opens what is at the path itself. A link there is an error ([`is_of_a_link`]), and opening a
/// pipe does not wait for its other end.
pub(crate) fn open_itself(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = rfs::OFlags::NOFOLLOW.union(rfs::OFlags::NONBLOCK);
    options.custom_flags(flags.bits().cast_signed())
}

/// Opens what is at the path, following links. Opening a pipe does not wait for its other end.
pub(crate) fn open_at_once(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(rfs::OFlags::NONBLOCK.bits().cast_signed())
}

/// Whether opening failed because a link is at the path, see [`open_itself`].
pub(crate) fn is_of_a_link(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Whether a path is a socket.
pub(crate) fn is_socket(kind: FileType) -> bool {
    kind.is_socket()
}

/// The kind of something that is not a file, in words; `None` for a file.
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
/// The error of the system.
pub(crate) fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Writes the names in a folder to the disk: what was made, renamed or removed there is then
/// final.
///
/// # Errors
/// The error of the system.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Identity of a file, independent of its name.
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

/// Identity and content of a file as far as the system tells: changes when the file is replaced or
/// written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    file: FileId,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Stamp {
    /// `None` if the file is missing or cannot be examined.
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
