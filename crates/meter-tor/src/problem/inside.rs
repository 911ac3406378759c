//! What can be wrong inside Tor's data folder.

use std::path::Path;

/// What is wrong with a file or folder in Tor's data folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InsideFault {
    /// Other users may write to it, or enter it.
    OpenToOthers,
    /// It belongs to another user than this one.
    OtherOwner {
        /// This user's number.
        me: u32,
    },
    /// It is ours, and its mode keeps us out.
    ShutToUs,
}

impl InsideFault {
    /// Says what is wrong and how to repair it.
    pub(super) fn says(self, path: &Path) -> String {
        let mode = if path.is_dir() { "700" } else { "600" };
        let path = path.display();
        match self {
            Self::OpenToOthers => format!("is open to other users; run `chmod {mode} {path}`"),
            Self::OtherOwner { me } => {
                format!("belongs to another user; run `sudo chown -R {me} {path}`")
            }
            Self::ShutToUs => format!("keeps you out by its mode; run `chmod {mode} {path}`"),
        }
    }
}
