//! The lock of the one process that serves a folder. The kernel frees it however that process ends.
//!
//! flock(2) keeps other processes out. A record lock (fcntl(2)) beside it names the holder, because
//! the kernel tells the process of a record lock only. The number in the file is for people.

use super::FolderError;
use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    io::Errno,
    process::{Flock, FlockType},
};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
};

/// Most bytes that are read of the file.
const READ_MAX: u64 = 4_096;

/// The folder is this process's own until this is dropped.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    pub(super) fn take(root: &Path) -> Result<Self, FolderError> {
        let path = root.join("ledger.lock");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR);
        let mut file = opened.map(File::from).map_err(|errno| match errno {
            Errno::LOOP => FolderError::Link {
                path: path.clone(),
                target: None,
            },
            Errno::ROFS | Errno::ACCESS | Errno::NOSPC => FolderError::ReadOnly {
                path: root.to_owned(),
                source: errno.into(),
            },
            other => failed(&path, other.into()),
        })?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(FolderError::InUse {
                    path: root.to_owned(),
                    holder: holder(&file),
                });
            }
            Err(errno) => return Err(failed(&path, errno.into())),
        }
        // The first lock is what keeps others out; without these two it only has no name.
        let named = rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive);
        let written = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if named.is_err() || written.is_err() {
            tracing::debug!("the lock of the data folder has no name");
        }
        Ok(Self { file })
    }

    /// Writes down one more address that this process tells people, for commands beside it.
    pub fn add_address(&mut self, address: &str) {
        if writeln!(self.file, "{address}").is_err() {
            tracing::debug!("the lock of the data folder has no address");
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A child that is between fork and exec holds this file, too. Without this, the folder
        // would seem to be in use until its exec.
        if rustix::fs::flock(&self.file, FlockOperation::Unlock).is_err() {
            tracing::debug!("the lock of the data folder is freed by the kernel");
        }
    }
}

/// The addresses that the process that holds the lock tells people. None where no process holds it,
/// or tells none.
pub(super) fn public_addresses(root: &Path) -> Vec<String> {
    read_addresses(root).unwrap_or_default()
}

fn read_addresses(root: &Path) -> Option<Vec<String>> {
    let path = root.join("ledger.lock");
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(&path, flags, Mode::empty()).ok()?);
    // To try the lock would keep a server out that starts just then.
    holder(&file)?;
    let mut text = String::new();
    file.take(READ_MAX).read_to_string(&mut text).ok()?;
    Some(text.lines().skip(1).map(str::to_owned).collect())
}

/// The process with the record lock, if the kernel can name it here.
fn holder(file: &File) -> Option<i32> {
    let asked = Flock::from(FlockType::WriteLock);
    let found = rustix::process::fcntl_getlk(file, &asked).ok().flatten()?;
    found.pid.map(rustix::process::Pid::as_raw_pid)
}

fn failed(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}
