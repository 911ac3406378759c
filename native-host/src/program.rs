//! This program: its version, its file, and whether another was put in its place. A daemon goes on
//! with the program that it was started with, whatever is installed meanwhile.

use meter_wire::{DaemonParts, U64Text};
use std::{
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the built-in Tor.
#[cfg(feature = "embedded-tor")]
pub(crate) const EMBEDDED_TOR: Option<&str> = Some(meter_arti::VERSION);
/// No Tor is built in.
#[cfg(not(feature = "embedded-tor"))]
pub(crate) const EMBEDDED_TOR: Option<&str> = None;

/// The program's file at the time when this process began to serve.
struct Running {
    path: PathBuf,
    file: Option<FileId>,
}

/// Identifies files, even if they had the same name at different times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileId {
    device: u64,
    number: u64,
    bytes: u64,
    changed_ns: (i64, i64),
}

impl FileId {
    /// Of the file at `path`; `None` where it cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
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

/// Notes which program this process runs, for a later comparison. Must be called early.
pub(crate) fn note_program() {
    let Ok(path) = program() else { return };
    RUNNING.get_or_init(|| Running {
        file: FileId::of(&path),
        path,
    });
}

/// This program's file; if another one was put in its place since, that one.
///
/// # Errors
/// When the system does not tell.
pub(crate) fn program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let bytes = path.as_os_str().as_bytes();
    // Linux adds this to the name of a removed file (proc_pid_exe(5)).
    match bytes.strip_suffix(b" (deleted)") {
        Some(name) if !path.try_exists().unwrap_or(true) => {
            Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
        }
        Some(_) | None => Ok(path),
    }
}

/// What this daemon tells commands about itself.
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
