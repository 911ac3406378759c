//! No memory of the daemon is written to disk when it crashes: it holds the key, the identity
//! towards Tor, and for a moment every target that is asked for.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Forbids core dumps of this process, for good.
///
/// # Errors
/// The system did not take it; a crash may then leave a dump, if the system makes any.
pub(crate) fn forbid() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // A system that hands dumps to a program (systemd-coredump) does not ask for the limit. This it
    // respects, and with it no other process of this user may read our memory either.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
