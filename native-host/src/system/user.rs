//! Users: of this process and of files.

use std::fs::Metadata;

/// The number of the effective user of this process.
pub(crate) fn effective() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The number of the real user of this process, who started it.
pub(crate) fn real() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    effective() == ROOT
}

/// The number of root.
pub(crate) const ROOT: u32 = 0;

/// The number of the user who owns a file or folder.
pub(crate) fn owner(meta: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(meta)
}
