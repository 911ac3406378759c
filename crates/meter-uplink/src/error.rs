//! Why there is no local end, in one value.

use std::io;

use crate::BadServer;

/// A SIP008 file of a hundred servers has about 30,000 bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 65_536;

/// Why there is no local end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UplinkError {
    /// The file is not one to be read.
    #[error("the file {0}")]
    File(FileFault),
    /// What is in it is no server.
    #[error("the server in the file cannot be used: {0}")]
    Server(BadServer),
    /// The system has no thread, port or file to give.
    #[error("the system refused ({0})")]
    System(io::ErrorKind),
    /// The system has no random bytes to give.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// It ended, and its port could not be had again.
    #[error("it ended")]
    Ended,
}

/// Why the file is not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileFault {
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// It is a folder, a link or a pipe.
    #[error("is not a plain file")]
    NotAFile,
    /// It belongs to somebody else.
    #[error("belongs to another user")]
    OtherOwner,
    /// Others may read it.
    #[error(
        "can be read by others (mode {mode:03o}); run `chmod 600` on it, and treat its password as \
         known to them"
    )]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// No list of servers is this long.
    #[error("has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// The system refused, or it is not text.
    #[error("cannot be read ({0})")]
    Io(io::ErrorKind),
}
