//! Everything that Onionmeter makes in its home, as data. What is not listed here was not made by
//! Onionmeter, and stays.
//!
//! A part that makes another file adds it here. Tests purge a used home and fail if this was
//! forgotten.

use super::paths::Home;
use crate::system::files::is_socket;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One thing that is made, by its name in its folder.
#[derive(Debug)]
pub(super) enum Made {
    /// A file or socket. Also matches the leftover of an interrupted write.
    File(&'static str),
    /// Files with names that begin like this.
    Files(&'static str),
    /// Files with names that begin like this, continue with a number and end in one of these ways.
    Numbered(&'static str, &'static [&'static str]),
    /// Links with names that begin like this. Their targets stay.
    Links(&'static str),
    /// A folder and what is made in it.
    Folder(&'static str, &'static [Self]),
    /// A folder that belongs to one program: its files, folders and links.
    Tree(&'static str),
    /// The same, recognised by a file in it: a folder of this name may belong to somebody else.
    TreeWith(&'static str, &'static str),
    /// Such folders with names that begin like this and end with a number.
    Trees(&'static str),
    /// A folder of copies of what the home has elsewhere: nobody looks for files of the home there.
    Copies(&'static str, &'static [Self]),
    /// Such folders with names that begin like this and end with a number.
    NumberedCopies(&'static str, &'static [Self]),
}

use Made::{Copies, File, Files, Folder, Links, Numbered, NumberedCopies, Tree, TreeWith, Trees};

/// The name of `Home::mark_file`.
pub(super) const MARKER: &str = ".onionmeter";

/// Files that only Onionmeter makes: each proves that a folder without [`MARKER`] is a home of an
/// earlier version.
pub(super) const PROOFS: &[&str] = &[
    "key/device.key",
    "book.sqlite3",
    "registered.json",
    "run/daemon.lock",
];

/// Everything in a home.
pub(super) const HOME: &[Made] = &[
    File(MARKER),
    File("config.toml"),
    File("registered.json"),
    File("relay-port"),
    File("http-token"),
    File("shadowsocks-server"),
    File("book.sqlite3"),
    File("book.sqlite3.new"),
    File("book.sqlite3.new-journal"),
    // meter-ledger writes it to find out why a disk accepts nothing.
    File("book.sqlite3.probe"),
    File("book.sqlite3-journal"),
    File("book.sqlite3-shm"),
    File("book.sqlite3-wal"),
    File("receipts.sqlite3"),
    File("receipts.sqlite3.new"),
    File("receipts.sqlite3.new-journal"),
    File("receipts.sqlite3.probe"),
    File("receipts.sqlite3-journal"),
    File("receipts.sqlite3-shm"),
    File("receipts.sqlite3-wal"),
    Folder("bin", &[File("onionmeter")]),
    // Books of ended chains.
    Numbered("book.old-", BOOK_ENDS),
    Folder("key", KEY),
    // Backups that are made or put back, and what was here before.
    Copies("backup.new", COPIED),
    Copies("restore.new", RESTORE),
    Copies("restore.ready", RESTORE),
    Copies("restore.filling", RESTORE),
    NumberedCopies("before-restore-", COPIED),
    Folder("log", &[File("onionmeter.log"), File("onionmeter.old.log")]),
    Folder(
        "run",
        &[
            File("daemon.lock"),
            File("daemon.sock"),
            File("settings.lock"),
            File("registration.lock"),
            Folder("tor", RUN_TOR),
        ],
    ),
    Folder("tor", TOR),
    // A browser's profile, links included. `open` puts the floor there before the first start.
    TreeWith("firefox", "user.js"),
    Folder("arti", &[Tree("cache"), Tree("state"), Trees("state.old-")]),
];

const KEY: &[Made] = &[
    File("device.key"),
    // Keys that sign no more.
    Numbered("device.old-", &[".key"]),
    File("last-signed"),
    File("restored"),
];

/// What a backup copies, with all that SQLite and an interrupted write leave beside it.
const COPIED: &[Made] = &[
    Files("book.sqlite3"),
    Files("book.old-"),
    Files("receipts.sqlite3"),
    Folder("key", KEY),
];

/// What comes, and what was there before.
const RESTORE: &[Made] = &[Folder("after", COPIED), Folder("before", COPIED)];

const BOOK_ENDS: &[&str] = &[
    ".sqlite3",
    ".sqlite3-journal",
    ".sqlite3-shm",
    ".sqlite3-wal",
];

/// `Paths` of meter-tor's managed Tor, and the socket of the embedded one.
const RUN_TOR: &[Made] = &[
    File("socks"),
    File("control"),
    File("cookie"),
    // A Tor that is ended while it begins leaves what it was writing.
    File("cookie.tmp"),
    File("torrc-defaults"),
];

/// A client's data folder (tor(1), "FILES").
const TOR: &[Made] = &[
    Files("cached-"),
    Files("unverified-"),
    File("state"),
    File("state.tmp"),
    File("lock"),
    File("control_auth_cookie"),
    File("control_auth_cookie.tmp"),
    // meter-tor makes these links for programs of bridges whose paths a torrc cannot contain.
    Links("transport-"),
    Tree("diff-cache"),
    Tree("keys"),
    Tree("pt_state"),
];

impl Home {
    /// All existing things that Onionmeter makes in its home, of any owner. For a folder that
    /// belongs to one program, only the folder.
    pub(crate) fn made(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        add_made(self.root(), HOME, &mut found);
        found
    }
}

fn add_made(folder: &Path, list: &'static [Made], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(made) = name.to_str().and_then(|name| Made::find(list, name)) else {
            continue;
        };
        found.push(entry.path());
        match made {
            Folder(_, inner) if made.fits(&entry.path()) => add_made(&entry.path(), inner, found),
            Folder(..) | File(_) | Files(_) | Numbered(..) | Links(_) | Tree(_) | TreeWith(..)
            | Trees(_) | Copies(..) | NumberedCopies(..) => {}
        }
    }
}

impl Made {
    /// Finds the entry for a name.
    pub(super) fn find(list: &'static [Self], name: &str) -> Option<&'static Self> {
        list.iter().find(|made| made.is_called(name))
    }

    /// Whether the thing at `path` is of this kind.
    pub(super) fn fits(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|meta| {
            let kind = meta.file_type();
            match self {
                Self::File(_) | Self::Files(_) | Self::Numbered(..) => {
                    kind.is_file() || is_socket(kind)
                }
                Self::Links(_) => kind.is_symlink(),
                Self::TreeWith(_, sign) => kind.is_dir() && path.join(sign).is_file(),
                Self::Folder(..)
                | Self::Tree(_)
                | Self::Trees(_)
                | Self::Copies(..)
                | Self::NumberedCopies(..) => kind.is_dir(),
            }
        })
    }

    fn is_called(&self, name: &str) -> bool {
        match self {
            Self::File(own) => name == *own || is_half_written(name, own),
            Self::Files(begin) | Self::Links(begin) => name.starts_with(begin),
            Self::Numbered(begin, ends) => ends.iter().any(|end| {
                let rest = name.strip_prefix(begin);
                rest.and_then(|rest| rest.strip_suffix(end))
                    .is_some_and(is_number)
            }),
            Self::Trees(begin) | Self::NumberedCopies(begin, _) => {
                name.strip_prefix(begin).is_some_and(is_number)
            }
            Self::Folder(own, _)
            | Self::Copies(own, _)
            | Self::Tree(own)
            | Self::TreeWith(own, _) => name == *own,
        }
    }
}

/// `NAME.new-PID-COUNT`, as `files::replace` writes before it renames.
fn is_half_written(name: &str, own: &str) -> bool {
    let numbers = name
        .strip_prefix(own)
        .and_then(|rest| rest.strip_prefix(".new-"));
    numbers.is_some_and(|numbers| {
        numbers
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_found() {
        for name in [
            ".onionmeter",
            "config.toml",
            "book.sqlite3-wal",
            "book.sqlite3.probe",
            "receipts.sqlite3",
            "receipts.sqlite3-wal",
            "receipts.sqlite3.new-journal",
            "registered.json.new-12-0",
            "book.old-1.sqlite3",
            "book.old-12.sqlite3-wal",
        ] {
            assert!(Made::find(HOME, name).is_some(), "{name}");
        }
        for name in ["cookie", "cookie.tmp", "torrc-defaults.new-12-0"] {
            assert!(Made::find(RUN_TOR, name).is_some(), "{name}");
        }
        for name in [
            "notes.txt",
            "config.toml.bak",
            "registered.json.new-x",
            "Documents",
            "book.sqlite3.bak",
            "receipts.sqlite3.bak",
            "receipts.json",
            "book.old-summer.sqlite3",
            "book.old-1.sqlite3.bak",
            "book.old-.sqlite3",
        ] {
            assert!(Made::find(HOME, name).is_none(), "{name}");
        }
    }
}
