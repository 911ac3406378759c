//! Which program runs: this one, the daemon's and the extension's, and the Tor that is built in. A
//! daemon goes on with the program that it was started with, whatever is installed meanwhile.

use crate::ipc;
use meter_wire::{DaemonParts, U64Text};
use std::{
    fmt, fs,
    io::{self, Read as _},
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the Tor that is built in.
#[cfg(feature = "embedded-tor")]
pub(crate) const EMBEDDED_TOR: Option<&str> = Some(meter_arti::VERSION);
/// No Tor is built in.
#[cfg(not(feature = "embedded-tor"))]
pub(crate) const EMBEDDED_TOR: Option<&str> = None;

/// The program's file as it was when this process began to serve.
struct Running {
    path: PathBuf,
    file: Option<FileId>,
}

/// Tells files apart, also those that have had the same name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct FileId {
    device: u64,
    number: u64,
    bytes: u64,
    changed_ns: (i64, i64),
}

impl FileId {
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        Some(Self {
            device: meta.dev(),
            number: meta.ino(),
            bytes: meta.size(),
            changed_ns: (meta.mtime(), meta.mtime_nsec()),
        })
    }
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Notes which program this process runs, for later comparison. To be called early.
pub(crate) fn note_program() {
    let Ok(path) = program() else { return };
    RUNNING.get_or_init(|| Running {
        file: FileId::of(&path),
        path,
    });
}

/// This program's file; where another was put in its place since, that one.
///
/// # Errors
/// The system does not tell.
pub(crate) fn program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let bytes = path.as_os_str().as_bytes();
    // What Linux adds to the name of a file that is gone (proc_pid_exe(5)).
    match bytes.strip_suffix(b" (deleted)") {
        Some(name) if !path.try_exists().unwrap_or(true) => {
            Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
        }
        Some(_) | None => Ok(path),
    }
}

/// What this daemon tells commands of itself.
pub(crate) fn parts(extensions: Vec<String>, connections: u64) -> Option<DaemonParts> {
    let running = RUNNING.get()?;
    Some(DaemonParts {
        program: running.path.display().to_string(),
        replaced: FileId::of(&running.path) != running.file,
        embedded_tor: EMBEDDED_TOR.map(str::to_owned),
        extensions,
        connections: U64Text(connections),
    })
}

/// The daemon that runs, beside the program that asks.
pub(crate) struct Daemon {
    /// Its version.
    pub(crate) version: String,
    /// Its process, where the kernel tells.
    pub(crate) process: Option<i32>,
    /// What it tells of itself; `None`: it is too old for that.
    pub(crate) parts: Option<DaemonParts>,
    /// In what it differs from the program that was compared with it.
    pub(crate) difference: Option<Difference>,
}

/// How a daemon's program differs from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Difference {
    /// Its version.
    Version,
    /// Another program was put in its place since it started.
    Replaced,
    /// It is another file with other bytes, of the same version.
    Build,
}

impl Daemon {
    /// Of the daemon behind a connection, compared with the program at `file`.
    pub(crate) fn of(connection: &ipc::Connection, file: &Path) -> Self {
        let hello = connection.hello();
        Self {
            version: hello.version.clone(),
            process: connection.process(),
            difference: difference(&hello.version, hello.parts.as_ref(), file),
            parts: hello.parts.clone(),
        }
    }

    /// Whether nothing of anybody's goes through it.
    pub(crate) fn is_idle(&self) -> bool {
        let parts = self.parts.as_ref();
        parts.is_some_and(|parts| parts.connections.0 == 0)
    }

    /// One sentence about the difference, with what to do.
    pub(crate) fn advice(&self) -> Option<String> {
        let what = match self.difference? {
            Difference::Version => {
                format!("is of version {}, this program of {VERSION}", self.version)
            }
            Difference::Replaced => "runs a program that was replaced since".to_owned(),
            Difference::Build => "runs another build than this program".to_owned(),
        };
        Some(format!(
            "the daemon{} {what}; `onionmeter stop` ends it, and the next browser or command \
                starts the one that is installed",
            Process(self.process)
        ))
    }

    /// Versions of attached extensions that are not this program's.
    pub(crate) fn other_extensions(&self) -> Vec<&str> {
        let parts = self.parts.iter();
        let extensions = parts.flat_map(|parts| &parts.extensions);
        extensions
            .map(String::as_str)
            .filter(|version| *version != VERSION)
            .collect()
    }
}

/// ` (process 4711)`, or nothing.
struct Process(Option<i32>);

impl fmt::Display for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(out, " (process {number})"),
            None => Ok(()),
        }
    }
}

fn difference(version: &str, parts: Option<&DaemonParts>, file: &Path) -> Option<Difference> {
    if version != VERSION {
        return Some(Difference::Version);
    }
    // One that does not tell is older, whatever it calls itself.
    let Some(parts) = parts else {
        return Some(Difference::Build);
    };
    if parts.replaced {
        return Some(Difference::Replaced);
    }
    let theirs = Path::new(&parts.program);
    let is_one = FileId::of(theirs).is_some() && FileId::of(theirs) == FileId::of(file);
    let is_same = is_one || has_same_bytes(theirs, file).unwrap_or(false);
    (!is_same).then_some(Difference::Build)
}

fn has_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::File::open(one)?, fs::File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    loop {
        for (file, piece) in [(&one, &mut mine), (&other, &mut theirs)] {
            piece.clear();
            file.take(PIECE_BYTES).read_to_end(piece)?;
        }
        if mine != theirs || mine.is_empty() {
            return Ok(mine == theirs);
        }
    }
}

/// Read at once, of programs of many megabytes.
const PIECE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(program: &Path, replaced: bool) -> DaemonParts {
        DaemonParts {
            program: program.display().to_string(),
            replaced,
            embedded_tor: None,
            extensions: Vec::new(),
            connections: U64Text(0),
        }
    }

    #[test]
    fn programs_differ_in_version_in_place_and_in_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("ours");
            path
        };
        let (one, copy, other) = (at("a", b"1"), at("b", b"1"), at("c", b"2"));
        let longer = at("d", b"11");
        let of = |file: &Path, replaced| difference(VERSION, Some(&parts(file, replaced)), &one);
        assert_eq!(of(&one, false), None);
        assert_eq!(of(&copy, false), None, "a copy is the same program");
        assert_eq!(of(&other, false), Some(Difference::Build));
        assert_eq!(of(&longer, false), Some(Difference::Build));
        assert_eq!(of(&one, true), Some(Difference::Replaced));
        assert_eq!(of(Path::new("/nowhere"), false), Some(Difference::Build));
        assert_eq!(difference(VERSION, None, &one), Some(Difference::Build));
        let older = difference("0.0.0", Some(&parts(&one, false)), &one);
        assert_eq!(older, Some(Difference::Version));
    }
}
