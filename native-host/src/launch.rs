//! Browsers with a floor below the extension, and the policies for what a floor cannot hold.
//!
//! An extension's proxy setting falls with the extension. The floor is what the browser falls onto
//! then: a proxy at a port where nobody can listen, and for Chromium no lookups of names. It is on
//! the command line (Chromium) or in the profile (Firefox), so it is there before any extension and
//! after it. Why port 1 and not the relay's: `docs/decisions/0020-a-floor-below-the-extension.md`.

mod browsers;
mod desktop;
mod floor;
mod policies;
mod policy_file;
mod profile;

pub(crate) use browsers::names;
pub use browsers::{Launchable, Preset, find};
pub use desktop::{of as launcher_of, put as put_launcher};
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

/// Becomes the browser. Returns only if it cannot be started.
#[must_use]
pub fn become_browser(program: &Path, arguments: &[OsString]) -> io::Error {
    process::become_program(Command::new(program).args(arguments))
}

/// Starts the browser in a process group of its own, which Ctrl-C in a terminal does not reach, and
/// gives its process. What it says goes nowhere: the output of the program that asked stays its
/// own.
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
