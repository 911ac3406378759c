//! One PostgreSQL for all tests of a test program.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};

use super::Postgres;

/// Started by the first test that needs it. What is static is never dropped: the end of the process
/// ends the server, as it does for every child of the test kit, and [`REMOVE`] removes its folder.
static SHARED: Mutex<Option<&'static Shared>> = Mutex::new(None);

#[derive(Debug)]
struct Shared {
    server: Postgres,
    _remover: Child,
}

impl Postgres {
    /// A cluster that the tests of this process share, each with databases of its own. To make a
    /// cluster takes seconds, a database a fraction of one.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn shared() -> Result<&'static Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = *shared {
            return Ok(&running.server);
        }
        let server = Self::start_with(&[("max_connections", "300")])?;
        let remover = remove_after_this_process(server.folder.path())?;
        let started: &'static Shared = Box::leak(Box::new(Shared {
            server,
            _remover: remover,
        }));
        *shared = Some(started);
        Ok(&started.server)
    }
}

/// Waits for the end of this process, in whatever way it comes, and removes the folder then.
fn remove_after_this_process(folder: &Path) -> Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args([OsStr::new("-c"), OsStr::new(REMOVE), OsStr::new("remover")]);
    command.arg(folder).stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // Whoever interrupts the tests in a terminal does not interrupt this.
    command.process_group(0);
    command.spawn().context("start /bin/sh")
}

/// The input closes with this process. Backends of the server may write for another moment, and
/// then the folder is not empty.
const REMOVE: &str = r#"read -r _; for try in $(seq 100); do rm -rf "$1" && exit; sleep 0.1; done"#;
