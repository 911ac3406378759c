//! Locks on files that the kernel frees however their holder ends, and who holds one.
//!
//! flock(2) keeps others out. A record lock (fcntl(2)) beside it has a name: of that one the kernel
//! tells whose it is.

use super::{files::FileId, process::Process};
use rustix::{
    fs::{self as rfs, FlockOperation},
    io::Errno,
};
use std::{fs::File, io, path::Path};

/// Locks an open file or folder for as long as it is open; `false` when another has it.
///
/// # Errors
/// The system has no locks there.
pub(crate) fn take(file: &File) -> io::Result<bool> {
    match rfs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Has the kernel tell whose the lock on this file is, which [`take`] took.
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

/// Whether nobody has a file's lock. Taken shared and given back at once.
///
/// # Errors
/// The system has no locks there.
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

/// Who named a file's lock as theirs, see [`name`]. The outer `None`: nobody did; the inner: a
/// process that has no number here.
///
/// # Errors
/// The system has no such locks there.
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
