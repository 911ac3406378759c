//! By whose rights this process acts, and whose a file is.

use std::fs::Metadata;

/// The number of the user by whose rights this process acts.
pub(crate) fn effective() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The number of the user who started this process.
pub(crate) fn real() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    effective() == ROOT
}

/// The number of the user who may do everything.
pub(crate) const ROOT: u32 = 0;

/// The number of the user whose a file or folder is.
pub(crate) fn owner(meta: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(meta)
}
