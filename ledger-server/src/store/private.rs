//! The files of an SQLite database belong to their user alone, also outside of the data folder.

use super::{StoreError, StoreFault};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

const PRIVATE: u32 = 0o600;
/// What SQLite writes beside the file. It gives a new one the rights of the file.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Makes the file if it is not there, and takes the rights of others away if it is.
///
/// # Errors
/// When the file cannot be made.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    // With `EXCL`: to open the file and close it again would free SQLite's own locks on it.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(_) => Ok(()),
        Err(Errno::EXIST) => {
            mend(path);
            Ok(())
        }
        Err(errno) => Err(StoreFault::Open {
            path: path.to_owned(),
            why: io::Error::from(errno).to_string(),
        }
        .into()),
    }
}

fn mend(path: &Path) {
    let mut mended = Vec::new();
    for end in BESIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let file = PathBuf::from(name);
        let mode = fs::metadata(&file).map_or(PRIVATE, |about| about.permissions().mode());
        if mode & 0o077 != 0 {
            mended.push(fs::set_permissions(&file, Permissions::from_mode(PRIVATE)));
        }
    }
    let database = path.display();
    match mended.into_iter().collect::<io::Result<Vec<_>>>() {
        Ok(files) if files.is_empty() => {}
        Ok(_) => tracing::warn!(%database, "other users had rights on it; now it has mode 600"),
        Err(error) => tracing::warn!(
            %database,
            %error,
            "other users have rights on it; take them away with chmod 600"
        ),
    }
}
