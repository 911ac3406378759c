//! Child processes that cannot live longer than the test that started them.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// A program in its own process group. Dropping this kills the whole group.
///
/// The end of the test process ends the group, too, in whatever way it comes: see [`WATCH`].
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    group: Pid,
    /// Closing it makes the watcher kill the group. Rust opens it close-on-exec, so no other child
    /// inherits it and keeps it open.
    #[cfg_attr(not(test), expect(dead_code, reason = "held, never used"))]
    lifeline: Option<ChildStdin>,
}

/// The environment of a child.
#[derive(Debug)]
pub(crate) struct Environment<'a> {
    /// Set for the child, on top of what it inherits.
    pub(crate) set: Vec<(OsString, OsString)>,
    /// Not inherited.
    pub(crate) unset: Vec<&'a str>,
}

impl Guarded {
    /// Starts `program`, with both outputs in the file `log` and an empty input.
    pub(crate) fn spawn(
        program: &Path,
        arguments: &[OsString],
        environment: &Environment<'_>,
        log: &Path,
    ) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("create {}", log.display()))?;
        let mut command = Command::new("/bin/sh");
        command.args([OsStr::new("-c"), OsStr::new(WATCH), OsStr::new("guarded")]);
        command.arg(program).args(arguments).stdin(Stdio::piped());
        command.stdout(output.try_clone()?).stderr(output);
        for name in &environment.unset {
            command.env_remove(name);
        }
        command.envs(environment.set.iter().map(|(name, value)| (name, value)));
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let lifeline = child.stdin.take();
        let group = Pid::from_child(&child);
        Ok(Self {
            child,
            group,
            lifeline,
        })
    }

    /// The exit status, if the program has ended.
    pub(crate) fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal to the program and everything in its group.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(self.group, signal)?)
    }

    /// The process group; its number is also the first process's id.
    pub(crate) fn group_id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program has ended without being killed, at most `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        let began = Instant::now();
        while began.elapsed() < limit && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL);
        }
    }

    /// Kills the whole group and returns when all its members have ended: a killed process runs for
    /// another moment while the system removes it.
    pub(crate) fn kill(&mut self) {
        ignore_because("the group may be gone already", self.signal(Signal::KILL));
        ignore_because("a second wait returns the same status", self.child.wait());
        let began = Instant::now();
        while began.elapsed() < KILL_LIMIT && has_living_member(self.group) {
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ignores a result, for a stated reason.
pub(crate) fn ignore_because<T, E>(_reason: &str, _result: Result<T, E>) {}

/// Whether the group has a member that is not a zombie. A process without a parent can stay a
/// zombie for a long time if nothing reaps it.
fn has_living_member(group: Pid) -> bool {
    let group = group.to_string();
    let Ok(entries) = fs::read_dir("/proc") else {
        return false;
    };
    entries.flatten().any(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // After the name in parentheses: state, parent, group (proc_pid_stat(5)).
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let mut fields = fields.split(' ');
        let state = fields.next();
        fields.nth(1) == Some(&group) && !matches!(state, Some("Z" | "X"))
    })
}

/// Runs `"$@"` in the foreground. Beside it, a watcher reads the lifeline until that closes, and
/// then kills the group, itself included. This also works for paused children: the kernel hangs up
/// and continues a stopped group whose parent has ended (POSIX, "orphaned process group"), and the
/// watcher ignores the hang-up.
const WATCH: &str =
    r#"exec 3<&0 </dev/null; (trap "" HUP; read -r _ <&3; kill -KILL 0) & exec 3<&-; "$@""#;

/// Pause between two checks; std has no wait with a limit.
const POLL: Duration = Duration::from_millis(10);
/// Only a process that is stuck in the kernel needs longer.
const KILL_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_dies_with_its_lifeline_even_while_it_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = sleeper(folder.path());
        assert!(child.exit_status().unwrap().is_none());
        drop(child.lifeline.take());
        child.wait(Duration::from_secs(20));
        assert!(
            child.exit_status().unwrap().is_some(),
            "the watcher kills the group"
        );
    }

    #[test]
    fn a_dropped_child_leaves_no_member_of_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let child = sleeper(folder.path());
        let group = child.group;
        assert!(has_living_member(group));
        drop(child);
        assert!(!has_living_member(group));
    }

    fn sleeper(folder: &Path) -> Guarded {
        let environment = Environment {
            set: Vec::new(),
            unset: Vec::new(),
        };
        let arguments = ["600".into()];
        Guarded::spawn(
            Path::new("/bin/sleep"),
            &arguments,
            &environment,
            &folder.join("log"),
        )
        .unwrap()
    }
}
