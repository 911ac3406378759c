//! The lock of a home's daemon, and the process that holds it.
//!
//! Three locks, which the kernel frees in whatever way the daemon ends: flock(2) on
//! `run/daemon.lock`, which older daemons use, too; flock(2) on the home folder, which stays when
//! somebody removes `run/`; and a record lock (fcntl(2)) on the file, because for that one the
//! kernel tells its holder.

use crate::{
    home::Home,
    system::process::{Kind, Process},
};
use rustix::{
    fs::{self as rfs, FlockOperation},
    io::Errno,
};
use std::{
    fs::{File, Metadata},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
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
        if let Err(Errno::WOULDBLOCK) = rfs::flock(&root, FlockOperation::NonBlockingLockExclusive)
        {
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
    pub(crate) fn is_at_home(&self, home: &Home) -> bool {
        is_same(&self.root, home.root())
    }

    /// Whether the file at the path is still this one.
    pub(crate) fn is_in_place(&self, home: &Home) -> bool {
        is_same(&self.file, &home.lock())
    }
}

fn take_file(home: &Home) -> io::Result<Option<File>> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(plain())
        .open(home.lock())
        .map_err(|error| in_the_way(&home.lock(), error))?;
    match rfs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    }
    // On other systems the two kinds may be one, and the second lock would conflict with the first.
    #[cfg(target_os = "linux")]
    crate::ignore_because(
        "without it the lock holds as well; it then has no name",
        rfs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive),
    );
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
        if let Some(holder) = record_holder(&file)? {
            return Ok(Lock::Held(holder));
        }
        if !is_free(&file)? {
            return Ok(Lock::Held(flock_holder(&file, &home.lock())));
        }
    }
    let Some(root) = open(home.root())? else {
        return Ok(Lock::Free);
    };
    Ok(match is_free(&root) {
        Ok(true) | Err(_) => Lock::Free,
        Ok(false) => Lock::Held(flock_holder(&root, home.root())),
    })
}

/// Which of the two is locked, to name it.
pub(crate) fn held_at(home: &Home) -> PathBuf {
    let (file, root) = (home.lock(), home.root().to_path_buf());
    let is_record_held = || {
        let file = open(&home.lock()).ok().flatten();
        file.is_some_and(|file| !matches!(record_holder(&file), Ok(None)))
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
    keeps_out(&path).then(|| flock_holder(&file, &path))
}

/// Whether a lock of any kind is there that a daemon would meet. Taken for an instant.
fn keeps_out(path: &Path) -> bool {
    let file = open(path).ok().flatten();
    file.is_some_and(|file| {
        let taken = rfs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        matches!(taken, Err(Errno::WOULDBLOCK))
    })
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::options().read(true).custom_flags(plain()).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names the thing that is in the place of the lock's file.
fn in_the_way(lock: &Path, error: io::Error) -> io::Error {
    let is_link = std::fs::symlink_metadata(lock).is_ok_and(|meta| meta.is_symlink());
    let what = match is_link {
        true => io::Error::other("it is a link, not a file"),
        false => match crate::files::not_a_file(lock) {
            Some(what) => what,
            None => return error,
        },
    };
    io::Error::other(format!("{what}; remove it, nothing of yours is in it"))
}

/// Follows no link, and does not wait if the path is a pipe.
const fn plain() -> i32 {
    let flags = rfs::OFlags::NOFOLLOW.union(rfs::OFlags::NONBLOCK);
    flags.bits().cast_signed()
}

/// Whether there is no flock(2) lock. Takes a shared lock and releases it at once.
fn is_free(file: &File) -> io::Result<bool> {
    match rfs::flock(file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            rfs::flock(file, FlockOperation::Unlock)?;
            Ok(true)
        }
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// The outer `None`: no process holds a record lock.
fn record_holder(file: &File) -> io::Result<Option<Option<Process>>> {
    use nix::{
        fcntl::{FcntlArg, fcntl},
        libc,
    };
    let mut lock = libc::flock {
        l_type: small(libc::F_WRLCK),
        l_whence: small(libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_GETLK(&mut lock))?;
    if lock.l_type == small(libc::F_UNLCK) {
        return Ok(None);
    }
    Ok(Some(Process::from_kernel(lock.l_pid)))
}

/// The types of these constants differ between systems.
fn small(constant: impl TryInto<i16>) -> i16 {
    constant.try_into().ok().expect("a small constant")
}

/// The process that has this file open with a flock(2) lock on it, as far as the kernel shows us
/// other processes' files: `lock:` lines in /proc/PID/fdinfo.
fn flock_holder(file: &File, path: &Path) -> Option<Process> {
    let meant = file.metadata().ok()?;
    let name = path.file_name()?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut processes = numbers.filter_map(Process::from_kernel);
    processes.find(|process| {
        let folder = format!("/proc/{}", process.number());
        let files = std::fs::read_dir(format!("{folder}/fd")).into_iter();
        files.flatten().flatten().any(|entry| {
            // Compares the name first: a file on a network folder that does not answer must not be
            // touched further.
            let link = std::fs::read_link(entry.path());
            let is_named = link.is_ok_and(|link| link.file_name() == Some(name));
            let is_meant =
                || std::fs::metadata(entry.path()).is_ok_and(|meta| is_one(&meta, &meant));
            let has_lock = || {
                let info = format!("{folder}/fdinfo/{}", entry.file_name().display());
                let text = std::fs::read_to_string(info).unwrap_or_default();
                text.lines()
                    .any(|line| line.starts_with("lock:") && line.contains("FLOCK"))
            };
            is_named && is_meant() && has_lock()
        })
    })
}

fn is_same(file: &File, path: &Path) -> bool {
    let (ours, there) = (file.metadata(), std::fs::symlink_metadata(path));
    matches!((ours, there), (Ok(ours), Ok(there)) if is_one(&ours, &there))
}

fn is_one(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
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
        assert!(lock.is_in_place(&home) && lock.is_at_home(&home));
        drop(lock);
        assert!(DaemonLock::try_take(&home).expect("locks").is_some());
    }

    #[test]
    fn without_its_run_folder_a_daemon_still_keeps_a_second_one_out() {
        let (_folder, home) = home();
        let mut lock = DaemonLock::take(&home).expect("locks").expect("free");
        std::fs::remove_dir_all(home.run()).expect("ours");
        assert!(!lock.is_in_place(&home) && lock.is_at_home(&home));
        home.prepare().expect("made again");
        assert!(matches!(look(&home).expect("readable"), Lock::Held(_)));
        assert!(DaemonLock::try_take(&home).expect("locks").is_none());
        assert!(lock.take_again(&home).expect("locks"));
        assert!(lock.is_in_place(&home));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_holds_a_lock_of_another_kind_is_found_too() {
        let (_folder, home) = home();
        let file = File::create(home.lock()).expect("ours");
        rfs::flock(&file, FlockOperation::LockExclusive).expect("free");
        assert_eq!(look(&home).expect("readable"), Lock::Held(me()));
    }
}
