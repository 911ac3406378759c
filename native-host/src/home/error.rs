//! Reasons why there is no usable home, with the remedy.

use super::{
    owner::Owner,
    paths::{HOME_PATH_MAX, HOME_VARIABLE, SOCKET_PATH_MAX},
};
use crate::{files::FolderError, shell_word::shell_word};
use std::{io, path::PathBuf};

/// The reason why there is no usable home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A variable contains a relative path.
    #[error("{from} is {path}; it must be an absolute path, one that begins with \
        /", path = .path.display())]
    Relative {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// The path cannot be written into a manifest.
    #[error(
        "{from} is {path:?}, which is not text on one line; set {HOME_VARIABLE} to a folder with \
            another path"
    )]
    NotText {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// The path contains `..`.
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
    #[error("{path} is too long: it has {len} bytes, and at most {HOME_PATH_MAX} bytes leave room \
        for the sockets below it, whose paths have at most {SOCKET_PATH_MAX}; set {HOME_VARIABLE} \
        to a shorter one", path = .0.display(), len = .0.as_os_str().len())]
    TooLong(PathBuf),
    /// The folder is one that several programs share.
    #[error("{path} is {what}; set {HOME_VARIABLE} to a folder for Onionmeter alone, for example \
        {example}", path = .path.display(), example = .example.display())]
    NotOfItsOwn {
        /// The folder.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// A path that can be used instead.
        example: PathBuf,
    },
    /// A file.
    #[error("{path} is a file, not a folder; set {HOME_VARIABLE} to a folder for Onionmeter \
        alone", path = .0.display())]
    NotAFolder(PathBuf),
    /// A link to a folder.
    #[error("{path} is a link, and a home is never used through one; set {HOME_VARIABLE} to \
        {target}, then run `onionmeter \
        install`", path = .path.display(), target = .target.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A link that leads nowhere or in a circle.
    #[error("{path} is a link that leads nowhere; bring back what it leads to, such as a disk that \
        is not mounted, or set {HOME_VARIABLE} to another folder", path = .0.display())]
    DeadLink(PathBuf),
    /// The folder is used for something else.
    #[error("{root} holds other things, {name:?} for one; set {HOME_VARIABLE} to a new or an empty \
        folder", root = .root.display())]
    Occupied {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// The folder is a home of an earlier version and contains other things.
    #[error("{root} holds a home of Onionmeter and other things, {name:?} for one; move those \
        elsewhere, or run `touch {mark}` if all of it may stay \
        together", root = .root.display(), mark = shell_word(&.root.join(".onionmeter")))]
    Mixed {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// Root acts in the home of another user.
    #[error("you are root, and {path} would be made in a folder of {owner} ({folder}); run this as \
        {owner}, without \
        sudo", path = .path.display(), owner = .owner.name(), folder = .owner.folder.display())]
    OfAnother {
        /// The home, or the profile of a browser.
        path: PathBuf,
        /// The user who owns that folder.
        owner: Owner,
    },
    /// A folder is not private.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder above cannot be made.
    #[error("{path} cannot be made; set {HOME_VARIABLE} to a folder that you may \
        write", path = .0.display())]
    Parent(PathBuf, #[source] io::Error),
}
