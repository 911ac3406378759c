//! Another process, by a number that the kernel gave. No number out of a file or a variable ever
//! becomes a [`Process`]: such a number may belong to somebody else by now.

use rustix::process::{Pid, Signal};
use std::{fmt, fs, io};

/// A process that the kernel named: as the peer of a socket or the holder of a lock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Process(Pid);

/// What a process is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A daemon of this user.
    Daemon,
    /// Something else.
    Other,
    /// The system does not tell.
    Hidden,
}

impl Process {
    /// Of a number from the kernel; `None` for one that names no process here. The kernel gives 0
    /// or -1 for a process of another container.
    pub(crate) fn from_kernel(number: i32) -> Option<Self> {
        let number = Some(number).filter(|number| *number > 0)?;
        Pid::from_raw(number).map(Self)
    }

    pub(crate) const fn number(self) -> i32 {
        self.0.as_raw_nonzero().get()
    }

    /// What it is, by its command line.
    pub(crate) fn kind(self) -> Kind {
        let words = fs::read(self.file("cmdline")).unwrap_or_default();
        // Nothing is left of a process that is just ending. A system may hide a daemon, which lets
        // nobody look at its memory, even from its own user (proc(5), `hidepid`).
        if words.is_empty() || !cfg!(target_os = "linux") {
            return Kind::Hidden;
        }
        let mut words = words.split(|byte| *byte == 0).skip(1);
        let is_daemon = words.any(|word| word == b"daemon");
        match is_daemon && self.effective_user() == Some(rustix::process::geteuid().as_raw()) {
            true => Kind::Daemon,
            false => Kind::Other,
        }
    }

    /// Whether it was suspended, by SIGSTOP, Ctrl-Z or a debugger.
    pub(crate) fn is_suspended(self) -> bool {
        let text = fs::read_to_string(self.file("stat")).unwrap_or_default();
        // proc_pid_stat(5): the name, which may hold anything, ends at the last bracket.
        let state = text
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        matches!(state, Some('T' | 't'))
    }

    fn effective_user(self) -> Option<u32> {
        let text = fs::read_to_string(self.file("status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    fn file(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.number())
    }

    /// Takes hold of it, so that a signal reaches this process or none: a number may be given to
    /// another process in between. Whoever calls this asks the kernel afterwards whether the number
    /// still is the one that is meant.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn hold(self) -> io::Result<Held> {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{PidfdFlags, pidfd_open};
            match pidfd_open(self.0, PidfdFlags::empty()) {
                Ok(handle) => return Ok(Held(Handle::File(handle))),
                // Linux before 5.3.
                Err(rustix::io::Errno::NOSYS) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(Held(Handle::Number(self.0)))
    }
}

/// `process 4711 (onionmeter)`
impl fmt::Display for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "process {}", self.number())?;
        let name = fs::read_to_string(self.file("comm")).unwrap_or_default();
        // A process chooses its name: nothing in it may reach a terminal as a command.
        let name: String = name.trim().chars().filter(char::is_ascii_graphic).collect();
        match name.is_empty() {
            true => Ok(()),
            false => write!(out, " ({name})"),
        }
    }
}

/// A process that is held on to, see [`Process::hold`].
pub(crate) struct Held(Handle);

enum Handle {
    #[cfg(target_os = "linux")]
    File(std::os::fd::OwnedFd),
    Number(Pid),
}

impl Held {
    /// # Errors
    /// It is gone, or not ours to signal.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Handle::File(file) => rustix::process::pidfd_send_signal(file, signal)?,
            Handle::Number(pid) => rustix::process::kill_process(*pid, signal)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_names_no_process_is_none() {
        for number in [0, -1, i32::MIN] {
            assert_eq!(Process::from_kernel(number), None);
        }
        assert_eq!(Process::from_kernel(7).map(Process::number), Some(7));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_test_is_another_program_and_not_suspended_and_has_a_name() {
        let number = i32::try_from(std::process::id()).expect("small");
        let me = Process::from_kernel(number).expect("a number");
        assert_eq!(me.kind(), Kind::Other);
        assert!(!me.is_suspended());
        assert!(me.to_string().starts_with(&format!("process {number} (")));
        assert_eq!(
            me.effective_user(),
            Some(rustix::process::geteuid().as_raw())
        );
    }
}
