//! Reasons why there is no local end.

use std::io;

use crate::ServerFault;

/// A SIP008 file with a hundred servers has about 30,000 bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 65_536;

/// The reason why there is no local end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UplinkError {
    /// The file must not be read.
    #[error("the file {0}")]
    File(FileFault),
    /// The content of the file is not a usable server.
    #[error("the server in the file cannot be used: {0}")]
    Server(ServerFault),
    /// The system cannot provide a thread, a port or a file.
    #[error("the system refused ({0})")]
    System(io::ErrorKind),
    /// The system cannot provide random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// The local end ended, and its port could not be opened again.
    #[error("it ended")]
    Ended,
}

/// The reason why the file is not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileFault {
    /// The file does not exist.
    #[error("is not there")]
    Missing,
    /// The path is a folder, a link or a pipe.
    #[error("is not a plain file")]
    NotAFile,
    /// The file belongs to another user.
    #[error("belongs to another user")]
    OtherOwner,
    /// Other users may read the file.
    #[error(
        "can be read by others (mode {mode:03o}); run `chmod 600` on it, and treat its password as \
         known to them"
    )]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// The file is longer than any list of servers.
    #[error("has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// It is no UTF-8, as some editors write it.
    #[error("is not text in UTF-8; save it as plain text in UTF-8")]
    NotText,
    /// The system lets this process open no more files.
    #[error("cannot be opened: the system allows no more open files")]
    NoMoreFiles,
    /// The system refused.
    #[error("cannot be read ({0})")]
    Io(io::ErrorKind),
}
