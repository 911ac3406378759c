//! Another process, by a number from the kernel. A number from a file or a variable never becomes a
//! [`Process`]: it may belong to another process by now.

use super::user;
use rustix::process::{Pid, Signal as SystemSignal};
use std::{
    env,
    ffi::{OsStr, OsString},
    fmt, fs, io,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    process::Command,
};

/// A process that the kernel named: as the peer of a socket or the holder of a lock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Process(Pid);

/// The kind of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A daemon of this user.
    Daemon,
    /// Any other program.
    Other,
    /// The system does not tell.
    Hidden,
}

impl Process {
    /// From a number of the kernel; `None` if it names no process here. The kernel returns 0 or -1
    /// for a process in another container.
    pub(crate) fn from_kernel(number: i32) -> Option<Self> {
        let number = Some(number).filter(|number| *number > 0)?;
        Pid::from_raw(number).map(Self)
    }

    pub(crate) const fn number(self) -> i32 {
        self.0.as_raw_nonzero().get()
    }

    /// Its kind, by its command line.
    pub(crate) fn kind(self) -> Kind {
        let words = arguments_of(self.number());
        // An ending process has no command line any more. A system may hide a daemon that does not
        // let others read its memory, even from its own user (proc(5), `hidepid`).
        if words.is_empty() {
            return Kind::Hidden;
        }
        match is_daemon(&words) && self.effective_user() == Some(user::effective()) {
            true => Kind::Daemon,
            false => Kind::Other,
        }
    }

    /// The number of the user whose daemon it is, if that is another user than this one.
    pub(crate) fn daemon_of_another(self) -> Option<u32> {
        let words = arguments_of(self.number());
        let name = |path: &Path| path.file_name().map(OsStr::to_owned);
        let program = words.first().and_then(|word| name(Path::new(word)))?;
        let ours = env::current_exe().ok().and_then(|path| name(&path))?;
        let owner = self.effective_user()?;
        (is_daemon(&words) && program == ours && owner != user::effective()).then_some(owner)
    }

    /// Whether it can be the HTTP server, by its command line; of a hidden one nothing is known.
    pub(crate) fn may_serve(self) -> bool {
        let words = arguments_of(self.number());
        words.is_empty() || words.iter().skip(1).any(|word| word == "serve")
    }

    /// Whether it is suspended, by SIGSTOP, Ctrl-Z or a debugger.
    pub(crate) fn is_suspended(self) -> bool {
        matches!(self.stat(3).as_deref(), Some("T" | "t"))
    }

    /// The process that started it; `None` if the system does not tell.
    pub(crate) fn parent_of(self) -> Option<Self> {
        Self::from_kernel(self.stat(4)?.parse().ok()?)
    }

    /// When it began, in ticks since the computer did.
    pub(crate) fn began(self) -> Option<u64> {
        self.stat(22)?.parse().ok()
    }

    /// A field of proc_pid_stat(5), from the third on. The second one is a name in brackets that
    /// may hold anything.
    fn stat(self, field: usize) -> Option<String> {
        let text = fs::read_to_string(self.file("stat")).ok()?;
        let (_, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split_whitespace();
        fields.nth(field.checked_sub(3)?).map(str::to_owned)
    }

    fn effective_user(self) -> Option<u32> {
        let text = fs::read_to_string(self.file("status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    fn file(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.number())
    }

    /// Holds the process, so that a signal reaches this process or none: the number may be given to
    /// another process meanwhile. The caller must ask the kernel afterwards whether the number is
    /// still the right one.
    ///
    /// # Errors
    /// When it has ended.
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

/// Of the processes that hold one socket or file, as far as the kernel shows us other processes'
/// files, the one that opened it, which began first. A server passes its socket on to the processes
/// that work for it, and every child has all files of its parent until it is a program of its own.
pub(crate) fn eldest(holds: impl Fn(Process) -> bool) -> Option<Process> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let processes = numbers.filter_map(Process::from_kernel);
    eldest_of(processes.filter(|process| holds(*process)), Process::began)
}

/// The numbers tell nothing: after the highest one the system begins again.
fn eldest_of<P: Copy>(
    processes: impl Iterator<Item = P>,
    began: impl Fn(P) -> Option<u64>,
) -> Option<P> {
    let began = processes.filter_map(|process| Some((began(process)?, process)));
    began.min_by_key(|(at, _)| *at).map(|(_, process)| process)
}

/// Whether a process with this number runs, whichever it is by now.
pub(crate) fn runs(number: i32) -> bool {
    let process = Process::from_kernel(number);
    process.is_some_and(|process| {
        // A process of another user may not be signalled, and runs.
        rustix::process::test_kill_process(process.0) != Err(rustix::io::Errno::SRCH)
    })
}

/// Program and arguments of the process with this number. Empty if the process does not exist or
/// the system does not report them.
pub(crate) fn arguments_of(number: impl fmt::Display) -> Vec<OsString> {
    let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    if line.is_empty() {
        return Vec::new();
    }
    let words = line.strip_suffix(b"\0").unwrap_or(&line);
    let words = words.split(|byte| *byte == 0);
    words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

/// Whether a command line is that of a daemon.
fn is_daemon(words: &[OsString]) -> bool {
    words.iter().skip(1).any(|word| word == "daemon")
}

/// `process 4711 (onionmeter)`
impl fmt::Display for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "process {}", self.number())?;
        let name = fs::read_to_string(self.file("comm")).unwrap_or_default();
        // A process chooses its own name: the name must not reach a terminal as a command.
        let name: String = name.trim().chars().filter(char::is_ascii_graphic).collect();
        match name.is_empty() {
            true => Ok(()),
            false => write!(out, " ({name})"),
        }
    }
}

/// A held process, see [`Process::hold`].
pub(crate) struct Held(Handle);

enum Handle {
    #[cfg(target_os = "linux")]
    File(std::os::fd::OwnedFd),
    Number(Pid),
}

impl Held {
    /// Whether it runs: it has neither ended nor is it a zombie that nobody has waited for.
    pub(crate) fn is_running(&self) -> bool {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Handle::File(file) => {
                use rustix::event::{PollFd, PollFlags, Timespec, poll};
                let mut ended = [PollFd::new(file, PollFlags::IN)];
                let at_once = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                matches!(poll(&mut ended, Some(&at_once)), Ok(0))
            }
            Handle::Number(pid) => rustix::process::test_kill_process(*pid).is_ok(),
        }
    }

    /// Sends a signal. A process that has ended meanwhile is no error.
    ///
    /// # Errors
    /// We may not signal it.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let signal = match signal {
            Signal::End => SystemSignal::TERM,
            Signal::GoOn => SystemSignal::CONT,
            Signal::Kill => SystemSignal::KILL,
        };
        let sent = match &self.0 {
            #[cfg(target_os = "linux")]
            Handle::File(file) => rustix::process::pidfd_send_signal(file, signal),
            Handle::Number(pid) => rustix::process::kill_process(*pid, signal),
        };
        match sent {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// A signal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    /// Asks the process to end.
    End,
    /// Lets a suspended process go on.
    GoOn,
    /// Ends the process at once.
    Kill,
}

/// The path of this program's file. If the file was replaced since the start, the path leads to the
/// new one.
///
/// # Errors
/// The system does not tell.
pub(crate) fn program() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    let bytes = path.as_os_str().as_bytes();
    // Linux adds this to the name of a removed file (proc_pid_exe(5)).
    match bytes.strip_suffix(b" (deleted)") {
        Some(name) if !path.try_exists().unwrap_or(true) => {
            Ok(PathBuf::from(OsStr::from_bytes(name)))
        }
        Some(_) | None => Ok(path),
    }
}

/// A path that starts this very program again, even if its file was replaced since. Only Linux has
/// such a path; elsewhere the path of the file.
///
/// # Errors
/// The system does not tell.
pub(crate) fn this_very_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok(PathBuf::from("/proc/self/exe"))
    } else {
        env::current_exe()
    }
}

/// The parent process; `None` if it is outside of this container.
pub(crate) fn parent() -> Option<Process> {
    rustix::process::getppid().map(Process)
}

/// Leaves the session of the parent process, so that the end of that session does not end this
/// process.
///
/// # Errors
/// This process leads a process group already.
pub(crate) fn leave_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Gives a command a process group of its own, which Ctrl-C in a terminal does not reach.
pub(crate) fn in_its_own_group(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

/// Replaces this process by the command's program. Returns only if that cannot be started.
pub(crate) fn become_program(command: &mut Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_server_and_its_children_the_server_is_named() {
        let began = |number| match number {
            400 => Some(900),
            29_174 => Some(300),
            _ => None,
        };
        let holders = [400, 401, 29_174];
        assert_eq!(eldest_of(holders.into_iter(), began), Some(29_174));
        assert_eq!(eldest_of([401].into_iter(), began), None, "it has ended");
        let [own, first] = [i32::try_from(std::process::id()).expect("small"), 1];
        let [own, first] = [own, first].map(|number| Process::from_kernel(number).expect("runs"));
        assert!(own.began().expect("told") > first.began().expect("told"));
    }

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
        assert_eq!(me.effective_user(), Some(user::effective()));
        assert_eq!(me.parent_of(), parent());
        assert!(me.hold().expect("it runs").is_running());
        assert_eq!(arguments_of(number), env::args_os().collect::<Vec<_>>());
    }
}
