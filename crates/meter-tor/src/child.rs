//! A Tor process. It inherits nothing of ours, its last log lines are kept, and it is never left
//! running.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child as Process, ChildStdin, ChildStdout, Command},
    task::JoinSet,
    time::timeout,
};

use crate::{ProgramFault, TorProblem, problem::no_more_files, scrub::scrub};

/// Lines of Tor's log that are kept. Its start has about fifteen, an error about three.
const LINES_MAX: usize = 20;
/// Longest part of a line that is read; the rest is skipped.
const LINE_BYTES_MAX: usize = 1024;
/// Longest wait for the remaining output of a process that has ended.
const DRY_MAX: Duration = Duration::from_secs(1);
/// How long a program may take to print its version.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A Tor process and its log. Killed when dropped.
pub(crate) struct Child {
    process: Process,
    log: Log,
    readers: JoinSet<()>,
}

/// How a child is started.
pub(crate) struct Start<'a> {
    /// Absolute path.
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [OsString],
    /// Working directory.
    pub(crate) folder: &'a Path,
    /// Whether the child gets our environment.
    pub(crate) inherits_environment: bool,
}

impl Child {
    /// Starts the child. Its stderr is its log. A caller that has no other use for its stdout
    /// passes it to [`Self::also_log`].
    pub(crate) fn start(start: &Start<'_>) -> Result<(Self, ChildStdin, ChildStdout), TorProblem> {
        let mut command = Command::new(start.program);
        if !start.inherits_environment {
            command.env_clear();
        }
        let mut process = command
            .args(start.arguments)
            .current_dir(start.folder)
            // Our own stdout carries frames, so the child must not have it. It gets its own process
            // group, so that Ctrl-C reaches only us.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                _ if no_more_files(&error) => TorProblem::NoMoreFiles,
                io::ErrorKind::NotFound => unusable(start.program, ProgramFault::NoInterpreter),
                _ if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
                    unusable(start.program, ProgramFault::NotAProgram)
                }
                kind => TorProblem::SpawnFailed { kind },
            })?;
        let pipes = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(TorProblem::Bug("a child was started without its pipes"));
        };
        let mut child = Self {
            process,
            log: Log::default(),
            readers: JoinSet::new(),
        };
        child.also_log(stderr);
        Ok((child, stdin, stdout))
    }

    /// Adds another output of the child to its log.
    pub(crate) fn also_log(&mut self, output: impl AsyncRead + Send + Unpin + 'static) {
        self.readers.spawn(self.log.clone().read(output));
    }

    /// Waits for the end of the child. Cancel safe.
    pub(crate) async fn wait(&mut self) -> Option<ExitStatus> {
        self.process.wait().await.ok()
    }

    /// Waits for an end that was requested. Kills the child after `max`.
    pub(crate) async fn wait_or_kill(&mut self, max: Duration) -> Option<ExitStatus> {
        if let Ok(status) = timeout(max, self.wait()).await {
            return status;
        }
        tracing::warn!("tor did not end when asked; killed");
        if self.process.start_kill().is_err() {
            tracing::debug!("tor was gone already");
        }
        self.wait().await
    }

    /// Asks the child to end, by a signal.
    pub(crate) fn terminate(&self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok());
        let Some(pid) = id.and_then(Pid::from_raw) else {
            return;
        };
        if kill_process(pid, Signal::TERM).is_err() {
            tracing::debug!("tor was gone already");
        }
    }

    /// Ends the tasks that read the output, and waits for them. The process has ended; another
    /// program may still hold the output open.
    pub(crate) async fn close(mut self) {
        self.readers.shutdown().await;
    }

    /// The last lines of the log; complete after the process has ended.
    pub(crate) async fn log_tail(&mut self) -> Vec<String> {
        let dry = async { while self.readers.join_next().await.is_some() {} };
        if timeout(DRY_MAX, dry).await.is_err() {
            tracing::debug!("someone else holds tor's output open");
        }
        self.log.lines()
    }
}

fn unusable(program: &Path, why: ProgramFault) -> TorProblem {
    TorProblem::ProgramUnusable {
        program: program.to_owned(),
        why,
    }
}

/// Returns the first line that a program prints when it is started with one argument, within two
/// seconds.
pub(crate) async fn first_line_of(program: &Path, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    command
        .arg(argument)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = timeout(ANSWER_MAX, command.kill_on_drop(true).output()).await;
    let output = output.ok()?.ok()?.stdout;
    let text = String::from_utf8_lossy(&output);
    text.lines().next().map(str::to_owned)
}

/// The last lines of a log, scrubbed. The lock is held only for a push, never across an await.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    async fn read(self, mut pipe: impl AsyncRead + Unpin) {
        let mut line = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut bytes).await {
            for &byte in bytes.iter().take(length) {
                if byte == b'\n' {
                    self.push(&line);
                    line.clear();
                } else if line.len() < LINE_BYTES_MAX {
                    line.push(byte);
                }
            }
        }
        if !line.is_empty() {
            self.push(&line);
        }
    }

    fn push(&self, line: &[u8]) {
        let line = scrub(String::from_utf8_lossy(line).trim_end());
        tracing::debug!(target: "tor", line);
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_short_and_scrubbed() {
        let log = Log::default();
        let mut text: String = (0..30).map(|n| format!("line {n}\n")).collect();
        text.push_str("to 203.0.113.7:443\n");
        text.push_str(&"x ".repeat(9_999));
        log.clone().read(text.as_bytes()).await;
        let lines = log.lines();
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines[0], "line 12");
        assert_eq!(lines[18], "to [address]");
        assert_eq!(lines[19].chars().count(), 300);
    }
}
