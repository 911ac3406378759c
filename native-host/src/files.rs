//! Files that are written as a whole or not at all, and private folders.

use crate::{
    shell_word::shell_word,
    system::{files as system, process, user},
};
use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Writes a file next to `path`, syncs it and renames it over `path`.
///
/// # Errors
/// Any failure on the way. `path` is then unchanged.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let (folder, temporary) = beside(path)?;
    let moved = || fs::rename(&temporary, path).map_err(|e| not_a_file(path).unwrap_or(e));
    let result = write_new(&temporary, content, mode).and_then(|()| moved());
    if result.is_err() {
        crate::ignore_because("it may never have been made", fs::remove_file(&temporary));
    }
    result.and_then(|()| system::sync_folder(&folder))
}

/// Like [`replace`], but never over an existing file.
///
/// # Errors
/// `AlreadyExists` when anything is at `path`; otherwise any failure on the way.
pub(crate) fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let (folder, temporary) = beside(path)?;
    let result = write_new(&temporary, content, mode)
        .and_then(|()| meter_ledger::place_new(&temporary, path));
    crate::ignore_because("it was moved away", fs::remove_file(&temporary));
    result.and_then(|()| system::sync_folder(&folder))
}

/// Largest file that is read. A file of ours or of a browser has some megabytes at most.
const TEXT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Opens a file for reading. A pipe or a device in its place is an error, because reading it could
/// wait or continue for ever.
///
/// # Errors
/// The error of the system, or the type of the thing that is not a file.
pub(crate) fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    let opened = system::open_at_once(options.read(true)).open(path);
    let file = opened.map_err(|error| not_a_file(path).unwrap_or(error))?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_a_file(path).unwrap_or_else(|| io::ErrorKind::Other.into())),
    }
}

/// Reads the text of a file that [`open`] opens.
///
/// # Errors
/// As [`open`]; `InvalidData` if it is not text or has more than [`TEXT_BYTES_MAX`] bytes.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = TEXT_BYTES_MAX.saturating_add(1);
    let bytes = open(path)?.take(limit).read_to_string(&mut text)?;
    match u64::try_from(bytes).is_ok_and(|bytes| bytes <= TEXT_BYTES_MAX) {
        true => Ok(text),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is too large",
        )),
    }
}

/// Whether anything is at the path: also a link that leads nowhere, and what may not be looked at.
pub(crate) fn is_there(path: &Path) -> bool {
    let found = path.symlink_metadata();
    !found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The error for a path that is not a file; `None` for a file, and if nothing is there. Follows
/// links.
pub(crate) fn not_a_file(path: &Path) -> Option<io::Error> {
    let found = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        // In a circle.
        Err(error) if system::is_of_a_link(&error) => {
            return Some(io::Error::other("it is a link that leads nowhere"));
        }
        Err(_) => return None,
    };
    let what = system::other_than_a_file(found)?;
    let kind = match found.is_dir() {
        true => io::ErrorKind::IsADirectory,
        false => io::ErrorKind::Other,
    };
    Some(io::Error::new(kind, format!("it is {what}, not a file")))
}

/// The first free name, with a number from 1 on; fills gaps. A link that leads nowhere is not a
/// free name.
///
/// # Errors
/// `AlreadyExists` when every number is taken.
pub(crate) fn first_free(name: impl Fn(u32) -> PathBuf) -> io::Result<PathBuf> {
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    let mut names = (1_u32..=u32::MAX).map(name);
    Ok(names.find(is_free).ok_or(io::ErrorKind::AlreadyExists)?)
}

/// The path for a book whose chain was ended; the book itself is at `book`.
///
/// # Errors
/// The errors of [`first_free`].
pub(crate) fn free_for_kept_book(book: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| book.with_file_name(format!("book.old-{number}.sqlite3"));
    let is_free = |path: &PathBuf| {
        let mut names = ["", "-wal", "-shm", "-journal"].iter().map(|end| {
            let mut name = path.clone().into_os_string();
            name.push(end);
            name
        });
        names.all(|name| fs::symlink_metadata(name).is_err())
    };
    let mut names = (1_u32..=u32::MAX).map(name);
    Ok(names.find(is_free).ok_or(io::ErrorKind::AlreadyExists)?)
}

/// The books of ended chains beside the book at `book`, in no particular order.
pub(crate) fn kept_books(book: &Path) -> Vec<PathBuf> {
    let is_kept = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name
            .and_then(|name| name.strip_prefix("book.old-"))
            .and_then(|rest| rest.strip_suffix(".sqlite3"));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let entries = book.parent().and_then(|folder| fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().flatten();
    paths.map(|entry| entry.path()).filter(is_kept).collect()
}

/// Makes a folder and those above it, for everybody to read and for us alone to write, whatever the
/// umask allows: programs are started by what lies there.
///
/// # Errors
/// Any failure on the way.
pub(crate) fn folders(path: &Path) -> io::Result<()> {
    system::make_folders(path, 0o755)
}

fn beside(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
    let folder = path.parent().ok_or_else(no_name)?.to_path_buf();
    let mut name = path.file_name().ok_or_else(no_name)?.to_os_string();
    // Unique in this process and among running processes, so two writers never share a file.
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".new-{}-{write}", std::process::id()));
    let temporary = folder.join(name);
    Ok((folder, temporary))
}

/// The files that interrupted writes of `path` left beside it, without those of processes that run:
/// they may still be written.
pub(crate) fn leftovers(path: &Path) -> Vec<PathBuf> {
    let Some(own) = path.file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let is_leftover = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let writer = name.to_str().and_then(|name| writer(name, own));
        writer.is_some_and(|number| !process::runs(number))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter(is_leftover)
        .map(|entry| entry.path())
        .collect()
}

/// The number of the process that writes `own` in a file of this name, as [`beside`] makes it.
fn writer(name: &str, own: &str) -> Option<i32> {
    let (process, write) = name
        .strip_prefix(own)?
        .strip_prefix(".new-")?
        .split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(process) || write.is_empty() || !is_number(write) {
        return None;
    }
    process.parse().ok()
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // A leftover of an ended process with our number may be removed.
    crate::ignore_because("there is usually none", fs::remove_file(path));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = system::make_with_mode(&mut options, mode).open(path)?;
    file.write_all(content)?;
    // The umask reduces the mode given at creation.
    system::set_mode_of(&file, mode)?;
    file.sync_all()
}

/// The reason why a folder is not private.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made or read.
    #[error("{path} cannot be used", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is a file or a link.
    #[error("{path} is not a folder; move it away", path = .0.display())]
    NotAFolder(PathBuf),
    /// It belongs to somebody else.
    #[error("{path} belongs to another user; \
        {remedy}", path = .path.display(), remedy = give_to(*.me, .path))]
    Owner {
        /// The folder.
        path: PathBuf,
        /// The user number that should own it.
        me: u32,
    },
    /// Others may enter it.
    #[error("{path} is open to other users; run `chmod 700 {word}`", path = .0.display(),
        word = shell_word(.0))]
    Mode(PathBuf),
}

/// How to return a folder to its user. Root is told to act as that user instead of taking the
/// folder.
fn give_to(me: u32, path: &Path) -> String {
    if me == 0 {
        "run this as that user, not as root".to_owned()
    } else {
        format!("run `sudo chown -R {me} {}`", shell_word(path))
    }
}

/// Makes a folder with mode 0700, or checks that only this user has access to an existing one.
///
/// # Errors
/// When it cannot be made, or is not a folder of ours with mode 0700.
pub(crate) fn private_folder(path: &Path) -> Result<(), FolderError> {
    let io = |error| FolderError::Io(path.to_path_buf(), error);
    match system::make_private_folder(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let meta = fs::symlink_metadata(path).map_err(io)?;
    if !meta.is_dir() {
        return Err(FolderError::NotAFolder(path.to_path_buf()));
    }
    if !system::is_ours(&meta) {
        return Err(FolderError::Owner {
            path: path.to_path_buf(),
            me: user::effective(),
        });
    }
    if system::is_open_to_others(&meta) {
        return Err(FolderError::Mode(path.to_path_buf()));
    }
    Ok(())
}
