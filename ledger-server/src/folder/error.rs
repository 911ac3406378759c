//! Why a data folder is not used, and what to do.

use std::{io, path::PathBuf};

/// Why a data folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No folder is named and there is no home.
    #[error("HOME is not set to a folder: name the data folder with --data DIR")]
    NoHome,
    /// There is no folder.
    #[error(
        "there is no ledger in {path}: start one with: onionmeter-ledger serve --data {path}",
        path = .0.display()
    )]
    Absent(PathBuf),
    /// It cannot be made.
    #[error("cannot make the data folder {path}: {source}", path = .path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It cannot be read or written.
    #[error("cannot use {path}: {source}", path = .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(
        "nothing can be written in {path}: {source}. Mount its file system for writing, or name \
         another folder with --data DIR",
        path = .path.display()
    )]
    ReadOnly {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It is a link.
    #[error("{} is a link, not a folder: {}", .path.display(), mend_link(.target.as_ref()))]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads, if that is there.
        target: Option<PathBuf>,
    },
    /// It is a file or something else.
    #[error("{} is not a folder: name another one with --data DIR", .0.display())]
    NotAFolder(PathBuf),
    /// It belongs to another user.
    #[error(
        "{path} belongs to user {owner}, and this is user {me}: start onionmeter-ledger as its \
         owner, or run: chown -R {me} {path}",
        path = .path.display()
    )]
    OtherOwner {
        /// The folder.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
        /// The number of this user.
        me: u32,
    },
    /// Others may use it, or its owner may not.
    #[error(
        "{path} has mode {mode:03o}; only its owner may use it. Run: chmod 700 {path}",
        path = .path.display()
    )]
    Mode {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process has it.
    #[error(
        "another onionmeter-ledger uses {path}: {who}. Stop that one first, or name another folder \
         with --data DIR",
        path = .path.display(), who = named(*.holder)
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The number of the process, as the kernel says.
        holder: Option<i32>,
    },
}

fn mend_link(target: Option<&PathBuf>) -> String {
    target.map_or_else(
        || "it leads nowhere, so remove it".to_owned(),
        |target| format!("name the folder itself: --data {}", target.display()),
    )
}

fn named(holder: Option<i32>) -> String {
    match holder {
        Some(process) => format!("process {process} (end it with: kill {process})"),
        None => "a process that the kernel does not show here, for example in a container".into(),
    }
}
