//! The lock of a home's daemon, and the process that holds it; and locks of commands that wait for
//! each other.
//!
//! The daemon has three locks, which the kernel frees in whatever way the daemon ends: flock(2) on
//! `run/daemon.lock`, which older daemons use, too; flock(2) on the home folder, which stays when
//! somebody removes `run/`; and a record lock (fcntl(2)) on the file, because for that one the
//! kernel tells its holder.

use crate::{
    home::Home,
    system::{
        files::{self, FileId},
        lock,
        process::{Kind, Process},
    },
};
use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// A lock held by a daemon.
pub(crate) struct DaemonLock {
    file: File,
    root: File,
}

/// The state of a home's lock, according to the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lock {
    /// No daemon runs.
    Free,
    /// A process holds it; `None` if the kernel does not tell which.
    Held(Option<Process>),
}

/// A client that looks takes the lock for an instant; a starting daemon must not give up because of
/// that.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// How often a lock is tried that another command holds.
const TURN_EVERY: Duration = Duration::from_millis(10);

impl DaemonLock {
    /// Takes the lock; `None` when another process holds it.
    ///
    /// # Errors
    /// When the file cannot be made, or the system supports no locks there.
    pub(crate) fn take(home: &Home) -> io::Result<Option<Self>> {
        for _ in 0..TRIES {
            if let Some(lock) = Self::try_take(home)? {
                return Ok(Some(lock));
            }
            if matches!(look(home)?, Lock::Held(Some(holder)) if holder.kind() == Kind::Daemon) {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }

    fn try_take(home: &Home) -> io::Result<Option<Self>> {
        let root = File::open(home.root())?;
        // Some network file systems cannot lock folders; then the file must be enough.
        if let Ok(false) = lock::take(&root) {
            return Ok(None);
        }
        let file = take_file(home)?;
        Ok(file.map(|file| Self { file, root }))
    }

    /// Makes the file again after it was removed, and takes it; `false` when another process has
    /// it.
    ///
    /// # Errors
    /// The errors of [`Self::take`].
    pub(crate) fn take_again(&mut self, home: &Home) -> io::Result<bool> {
        let Some(file) = take_file(home)? else {
            return Ok(false);
        };
        self.file = file;
        Ok(true)
    }

    /// Whether the home is still where it was.
    pub(crate) fn is_home_in_place(&self, home: &Home) -> bool {
        is_same(&self.root, home.root())
    }

    /// Whether the file at the path is still this one.
    pub(crate) fn is_in_place(&self, home: &Home) -> bool {
        is_same(&self.file, &home.lock())
    }
}

/// Locks a file, which is made where it is missing, and waits for others that have the lock; `None`
/// if they have it for longer than `patience`. Dropping the file frees it.
///
/// # Errors
/// The file cannot be made, or the file system has no locks.
pub(crate) fn in_turn(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    taken_in_turn(patience, || {
        let file = open_or_make(path)?;
        // The one before may have removed the file.
        Ok((lock::take(&file)? && is_same(&file, path)).then_some(file))
    })
}

/// The same with a file that is there.
///
/// # Errors
/// `NotFound` if it is not, or no longer.
pub(crate) fn file_in_turn(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    taken_in_turn(patience, || {
        let mut options = File::options();
        options.write(true);
        let opened = files::open_itself(&mut options).open(path);
        let file = opened.map_err(|error| in_the_way(path, error))?;
        Ok((lock::take(&file)? && is_same(&file, path)).then_some(file))
    })
}

/// Makes the file of a lock where it is missing.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    open_or_make(path).map(drop)
}

/// The same with a folder that is there.
///
/// # Errors
/// It cannot be opened, or the file system has no locks for folders.
pub(crate) fn folder_in_turn(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    taken_in_turn(patience, || {
        let folder = File::open(path)?;
        Ok(lock::take(&folder)?.then_some(folder))
    })
}

fn taken_in_turn(
    patience: Duration,
    take: impl Fn() -> io::Result<Option<File>>,
) -> io::Result<Option<File>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(lock) = take()? {
            return Ok(Some(lock));
        }
        if waited >= patience {
            return Ok(None);
        }
        thread::sleep(TURN_EVERY);
        waited += TURN_EVERY;
    }
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    files::make_with_mode(&mut options, 0o600);
    let opened = files::open_itself(&mut options).open(path);
    opened.map_err(|error| in_the_way(path, error))
}

fn take_file(home: &Home) -> io::Result<Option<File>> {
    let mut file = open_or_make(&home.lock())?;
    if !lock::take(&file)? {
        return Ok(None);
    }
    lock::name(&file);
    // For people and scripts that look for the process. Our code does not read it, and a full disk
    // is no reason not to run.
    let written = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    crate::ignore_because("the lock needs no content", written);
    Ok(Some(file))
}

/// Finds the holder of a home's lock. Takes the lock for an instant if it is free.
///
/// # Errors
/// When the home cannot be read.
pub(crate) fn look(home: &Home) -> io::Result<Lock> {
    let file = open(&home.lock()).map_err(|error| in_the_way(&home.lock(), error))?;
    if let Some(file) = file {
        if let Some(holder) = lock::named_holder(&file)? {
            return Ok(Lock::Held(holder));
        }
        if !lock::is_free(&file)? {
            return Ok(Lock::Held(lock::holder(&file, &home.lock())));
        }
    }
    let Some(root) = open(home.root())? else {
        return Ok(Lock::Free);
    };
    Ok(match lock::is_free(&root) {
        Ok(true) | Err(_) => Lock::Free,
        Ok(false) => Lock::Held(lock::holder(&root, home.root())),
    })
}

/// Which of the two is locked, to name it.
pub(crate) fn held_at(home: &Home) -> PathBuf {
    let (file, root) = (home.lock(), home.root().to_path_buf());
    let is_record_held = || {
        let file = open(&home.lock()).ok().flatten();
        file.is_some_and(|file| !matches!(lock::named_holder(&file), Ok(None)))
    };
    match !keeps_out(&file) && keeps_out(&root) && !is_record_held() {
        true => root,
        false => file,
    }
}

/// Whether somebody holds a lock that lets others look and no daemon in, as a backup may; by whom
/// is in the inner one.
pub(crate) fn shared(home: &Home) -> Option<Option<Process>> {
    let path = held_at(home);
    let file = open(&path).ok().flatten()?;
    keeps_out(&path).then(|| lock::holder(&file, &path))
}

/// Who holds a lock, in words for the person who has to end that program.
pub(crate) fn held_by(path: &Path) -> String {
    let file = open(path).ok().flatten();
    let holder = file.and_then(|file| lock::holder(&file, path));
    let who = holder.map_or_else(|| "another program".to_owned(), |one| one.to_string());
    format!("{} is locked by {who}", path.display())
}

/// Whether a lock of any kind is there that a daemon would meet. Taken for an instant.
fn keeps_out(path: &Path) -> bool {
    let file = open(path).ok().flatten();
    file.is_some_and(|file| matches!(lock::take(&file), Ok(false)))
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match files::open_itself(File::options().read(true)).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names the thing that is in the place of a lock's file, if that is why it cannot be opened.
pub(crate) fn in_the_way(lock: &Path, error: io::Error) -> io::Error {
    what_is_in_the_way(lock).map_or(error, |what| {
        io::Error::other(format!("{what}; move it away, a new one is made"))
    })
}

/// What is in the place of a lock's file; `None` for a file, and if nothing is there.
pub(crate) fn what_is_in_the_way(lock: &Path) -> Option<io::Error> {
    match std::fs::symlink_metadata(lock).is_ok_and(|meta| meta.is_symlink()) {
        true => Some(io::Error::other("it is a link, not a file")),
        false => crate::files::not_a_file(lock),
    }
}

fn is_same(file: &File, path: &Path) -> bool {
    let (ours, there) = (file.metadata(), std::fs::symlink_metadata(path));
    matches!((ours, there), (Ok(ours), Ok(there)) if FileId::of(&ours) == FileId::of(&there))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        (folder, home)
    }

    fn me() -> Option<Process> {
        Process::from_kernel(i32::try_from(std::process::id()).expect("small"))
    }

    #[test]
    fn a_home_without_a_daemon_is_free_also_where_it_does_not_exist() {
        let (_folder, home) = home();
        assert_eq!(look(&home).expect("readable"), Lock::Free);
        std::fs::write(home.lock(), "1\n").expect("ours");
        assert_eq!(
            look(&home).expect("readable"),
            Lock::Free,
            "a number is no lock"
        );
        let nowhere = Home::at(PathBuf::from("/nowhere/home"));
        assert_eq!(look(&nowhere).expect("nothing to read"), Lock::Free);
    }

    #[test]
    fn one_has_it_at_a_time_and_it_is_free_afterwards() {
        let (_folder, home) = home();
        let lock = DaemonLock::take(&home).expect("locks").expect("free");
        assert!(DaemonLock::try_take(&home).expect("locks").is_none());
        assert!(lock.is_in_place(&home) && lock.is_home_in_place(&home));
        drop(lock);
        assert!(DaemonLock::try_take(&home).expect("locks").is_some());
    }

    #[test]
    fn without_its_run_folder_a_daemon_still_keeps_a_second_one_out() {
        let (_folder, home) = home();
        let mut lock = DaemonLock::take(&home).expect("locks").expect("free");
        std::fs::remove_dir_all(home.run()).expect("ours");
        assert!(!lock.is_in_place(&home) && lock.is_home_in_place(&home));
        home.prepare().expect("made again");
        assert!(matches!(look(&home).expect("readable"), Lock::Held(_)));
        assert!(DaemonLock::try_take(&home).expect("locks").is_none());
        assert!(lock.take_again(&home).expect("locks"));
        assert!(lock.is_in_place(&home));
    }

    /// As the kernel of Linux tells.
    #[test]
    fn who_holds_a_lock_of_another_kind_is_found_too() {
        let (_folder, home) = home();
        let file = File::create(home.lock()).expect("ours");
        assert!(lock::take(&file).expect("locks"));
        assert_eq!(look(&home).expect("readable"), Lock::Held(me()));
    }
}
