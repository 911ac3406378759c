//! Prevents that a crash writes the daemon's memory to disk: it contains the key, the identity
//! towards Tor, and for a moment every requested target.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Forbids core dumps of this process permanently.
///
/// # Errors
/// The system refused; a crash may then leave a dump, if the system makes any.
pub(crate) fn forbid() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // A system that passes dumps to a program (systemd-coredump) ignores the limit. It respects
    // this setting, which also prevents other processes of this user from reading our memory.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
