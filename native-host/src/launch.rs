//! Browsers with a floor below the extension, and the policies for what a floor cannot prevent.
//!
//! An extension's proxy setting disappears with the extension. The floor is what remains then: a
//! proxy at a port where nothing can listen and, for Chromium, no name lookups. It is on the
//! command line (Chromium) or in the profile (Firefox), so it exists before and after any
//! extension. Why port 1 and not the relay's port:
//! `docs/decisions/0020-a-floor-below-the-extension.md`.

mod browsers;
mod desktop;
mod floor;
mod policies;
mod policy_file;
mod profile;

pub(crate) use browsers::names;
pub use browsers::{Launchable, Preset, find};
pub(crate) use desktop::place as launcher_place;
pub use desktop::{Launcher, of as launcher_of, put as put_launcher};
pub use floor::{arguments, is_below, preferences, undoing};
pub use policies::{Choices, PolicyPlace, places};
pub use policy_file::{
    Left, PolicyFile, Removal, remove as remove_policies, state as state_of_policies,
};
pub use profile::{Blocked, Use, prepare, use_of};

use crate::system::process;
use std::{
    ffi::OsString,
    io,
    path::Path,
    process::{Command, Stdio},
};

/// Replaces this process by the browser. Returns only if the browser cannot be started.
#[must_use]
pub fn become_browser(program: &Path, arguments: &[OsString]) -> io::Error {
    process::become_program(Command::new(program).args(arguments))
}

/// Starts the browser in a separate process group, which Ctrl-C in a terminal does not reach, and
/// returns its process. Its output is discarded, so the caller's output stays clean.
///
/// # Errors
/// It cannot be started.
pub fn start_browser(program: &Path, arguments: &[OsString]) -> io::Result<u32> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process::in_its_own_group(&mut command)
        .spawn()
        .map(|browser| browser.id())
}
