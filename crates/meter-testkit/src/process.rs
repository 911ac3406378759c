//! Children that cannot outlive the test that started them.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// A program in a process group of its own, killed with its whole group on drop.
///
/// The end of the test process ends it too, however that happens: see [`WATCH`].
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    group: Pid,
    /// Closing it makes the watcher kill the group. Rust opens it close-on-exec, so no other
    /// child can keep it open by inheritance.
    #[cfg_attr(not(test), expect(dead_code, reason = "held, never used"))]
    lifeline: Option<ChildStdin>,
}

/// What a child is given beside its arguments.
#[derive(Debug)]
pub(crate) struct Environment<'a> {
    /// Set for the child, on top of what it inherits.
    pub(crate) set: Vec<(OsString, OsString)>,
    /// Not inherited.
    pub(crate) unset: Vec<&'a str>,
}

impl Guarded {
    /// Starts `program` with both its outputs in the file `log` and nothing to read.
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

    /// How the program ended, if it did.
    pub(crate) fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Signals the program and everything in its group.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(self.group, signal)?)
    }

    /// The process group; its number is also the first process's id.
    pub(crate) fn group_id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program has ended by itself, no longer than `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        let began = Instant::now();
        while began.elapsed() < limit && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL);
        }
    }

    /// Kills the whole group, and returns when none of it lives: a killed process still runs for
    /// the moment it takes to tear it down.
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

/// Drops a result on purpose.
pub(crate) fn ignore_because<T, E>(_reason: &str, _result: Result<T, E>) {}

/// Whether the group has a member that is more than a zombie; whose parent is gone may stay one for
/// long, if nobody reaps.
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

/// Runs `"$@"` in the foreground, and beside it a watcher that reads the lifeline until it closes
/// and then kills the group, itself included. This holds for paused children as well: the kernel
/// hangs up and continues a stopped group whose parent is gone (POSIX, "orphaned process group"),
/// and the watcher is deaf to the hang-up.
const WATCH: &str =
    r#"exec 3<&0 </dev/null; (trap "" HUP; read -r _ <&3; kill -KILL 0) & exec 3<&-; "$@""#;

/// How often a wait looks; std offers no wait with a limit.
const POLL: Duration = Duration::from_millis(10);
/// Only a process stuck in the kernel outlives this.
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
