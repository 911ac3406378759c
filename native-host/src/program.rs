//! This program: its version, its file, and whether another was put in its place. A daemon goes on
//! with the program that it was started with, whatever is installed meanwhile.

use crate::system::files::Stamp;
pub(crate) use crate::system::process::program;
use meter_wire::{DaemonParts, U64Text};
use std::{path::PathBuf, sync::OnceLock};

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
    file: Option<Stamp>,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Notes which program this process runs, for a later comparison. Must be called early.
pub(crate) fn note_program() {
    let Ok(path) = program() else { return };
    RUNNING.get_or_init(|| Running {
        file: Stamp::of(&path),
        path,
    });
}

/// What this daemon tells commands about itself.
pub(crate) fn parts(extensions: Vec<String>, connections: u64) -> Option<DaemonParts> {
    let running = RUNNING.get()?;
    Some(DaemonParts {
        program: running.path.display().to_string(),
        replaced: Stamp::of(&running.path) != running.file,
        embedded_tor: EMBEDDED_TOR.map(str::to_owned),
        extensions,
        connections: U64Text(connections),
    })
}
