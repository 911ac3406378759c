//! Why there is no usable home, with what to do about it.

use super::{
    owner::Owner,
    paths::{HOME_VARIABLE, SOCKET_PATH_MAX},
};
use crate::files::FolderError;
use std::{io, path::PathBuf};

/// Why there is no usable home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A variable holds a relative path.
    #[error("{from} is {path}; it must be an absolute path, one that begins with \
        /", path = .path.display())]
    Relative {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// A path that no manifest can hold.
    #[error(
        "{from} is {path:?}, which is not text on one line; set {HOME_VARIABLE} to a folder whose \
            path is"
    )]
    NotText {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// A path that goes up again.
    #[error("{from} is {path}; write it without `..`", path = .path.display())]
    Dots {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// Neither `ONIONMETER_HOME` nor `HOME` is set.
    #[error("neither {HOME_VARIABLE} nor HOME is set; set one of them")]
    Unset,
    /// A Unix socket's path would be too long.
    #[error("{path} is too long: at most {SOCKET_PATH_MAX} bytes fit a socket's path; set \
        {HOME_VARIABLE} to a shorter one", path = .0.display())]
    TooLong(PathBuf),
    /// A folder that is for everything.
    #[error("{path} is {what}; set {HOME_VARIABLE} to a folder for Onionmeter alone, for example \
        {path}/onionmeter", path = .path.display())]
    NotOfItsOwn {
        /// The folder.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A folder that is used for something else.
    #[error("{root} holds other things, {name:?} for one; set {HOME_VARIABLE} to a new or an empty \
        folder", root = .root.display())]
    Occupied {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// A home of an earlier version with other things in it.
    #[error("{root} holds a home of Onionmeter and other things, {name:?} for one; move those \
        elsewhere, or run `touch {root}/.onionmeter` if all of it may stay \
        together", root = .root.display())]
    Mixed {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// Root acts in the home of somebody else.
    #[error("you are root, and {path} would be made in a folder of {owner} ({folder}); run this as \
        {owner}, without \
        sudo", path = .path.display(), owner = .owner.name(), folder = .owner.folder.display())]
    OfAnother {
        /// The home.
        path: PathBuf,
        /// Whose it would be.
        owner: Owner,
    },
    /// A folder is not ours alone.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder above cannot be made.
    #[error("{path} cannot be made; set {HOME_VARIABLE} to a folder that you may \
        write", path = .0.display())]
    Parent(PathBuf, #[source] io::Error),
}
