//! Locks on files, and their holders. The kernel frees a lock however its holder ends.
//!
//! flock(2) excludes other processes. A record lock (fcntl(2)) beside it names the holder: the
//! kernel reports the process of a record lock, and not that of flock(2).

use super::{
    files::FileId,
    process::{self, Process},
};
use rustix::{
    fs::{self as rfs, FlockOperation},
    io::Errno,
};
use std::{fs::File, io, path::Path};

/// Locks an open file or folder until it is closed; `false` if another process has the lock.
///
/// # Errors
/// The file system has no locks.
pub(crate) fn take(file: &File) -> io::Result<bool> {
    match rfs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Names this process as the holder of a lock that [`take`] took.
pub(crate) fn name(file: &File) {
    // On other systems the two kinds may be one, and the second lock would conflict with the first.
    #[cfg(target_os = "linux")]
    crate::ignore_because(
        "without it the lock holds as well; it then has no name",
        rfs::fcntl_lock(file, FlockOperation::NonBlockingLockExclusive),
    );
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// Whether the lock of a file is free. Takes a shared lock for an instant.
///
/// # Errors
/// The file system has no locks.
pub(crate) fn is_free(file: &File) -> io::Result<bool> {
    match rfs::flock(file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            rfs::flock(file, FlockOperation::Unlock)?;
            Ok(true)
        }
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// The process that named itself as holder, see [`name`]. Outer `None`: no process did. Inner
/// `None`: the process is in another container and has no number here.
///
/// # Errors
/// The file system has no record locks.
pub(crate) fn named_holder(file: &File) -> io::Result<Option<Option<Process>>> {
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
pub(crate) fn holder(file: &File, path: &Path) -> Option<Process> {
    let meant = FileId::of(&file.metadata().ok()?);
    let name = path.file_name()?;
    process::eldest(|process| {
        let folder = format!("/proc/{}", process.number());
        let files = std::fs::read_dir(format!("{folder}/fd")).into_iter();
        files.flatten().flatten().any(|entry| {
            // Compares the name first: a file on a network folder that does not answer must not be
            // touched further.
            let link = std::fs::read_link(entry.path());
            let is_named = link.is_ok_and(|link| link.file_name() == Some(name));
            let is_meant =
                || std::fs::metadata(entry.path()).is_ok_and(|meta| FileId::of(&meta) == meant);
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
