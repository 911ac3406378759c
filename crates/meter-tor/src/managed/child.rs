//! The Tor process itself: started with nothing of ours inherited, its last words kept, never
//! left behind.

use std::{
    collections::VecDeque,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child as Process, ChildStdin, Command},
    task::JoinSet,
    time::timeout,
};

use super::Paths;
use crate::{TorProblem, scrub::scrub};

/// Lines of Tor's log that are kept: its start has about fifteen, its complaints three.
const LINES_MAX: usize = 20;
/// Longest line that is looked at; the rest of it is skipped.
const LINE_BYTES_MAX: usize = 1024;
/// How long the pipes of a process that has ended may take to run dry.
const DRY_MAX: Duration = Duration::from_secs(1);

/// A Tor process and its log. Killed when dropped.
pub(super) struct Child {
    process: Process,
    log: Log,
    readers: JoinSet<()>,
}

impl Child {
    /// Starts `program`; the configuration has yet to be given through the pipe returned.
    pub(super) fn start(program: &Path, paths: &Paths) -> Result<(Self, ChildStdin), TorProblem> {
        let mut process = Command::new(program)
            .args(["-f", "-", "--defaults-torrc"])
            .arg(&paths.defaults)
            .current_dir(&paths.data)
            // Our own stdout carries frames; a group of its own keeps Ctrl-C ours to handle.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => TorProblem::Missing,
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
        let log = Log::default();
        let mut readers = JoinSet::new();
        readers.spawn(log.clone().read(stdout));
        readers.spawn(log.clone().read(stderr));
        Ok((
            Self {
                process,
                log,
                readers,
            },
            stdin,
        ))
    }

    /// Waits for the end. Cancel safe.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        self.process.wait().await.ok()
    }

    /// Waits for an end that has been asked for; kills after `max`.
    pub(super) async fn wait_or_kill(&mut self, max: Duration) -> Option<ExitStatus> {
        if let Ok(status) = timeout(max, self.wait()).await {
            return status;
        }
        tracing::warn!("tor did not end when asked; killed");
        if self.process.start_kill().is_err() {
            tracing::debug!("tor was gone already");
        }
        self.wait().await
    }

    /// Asks for the end by signal.
    pub(super) fn terminate(&self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok());
        let Some(pid) = id.and_then(Pid::from_raw) else {
            return;
        };
        if kill_process(pid, Signal::TERM).is_err() {
            tracing::debug!("tor was gone already");
        }
    }

    /// The log's last lines, complete once the process has ended.
    pub(super) async fn last_words(&mut self) -> Vec<String> {
        let dry = async { while self.readers.join_next().await.is_some() {} };
        if timeout(DRY_MAX, dry).await.is_err() {
            tracing::debug!("someone else holds tor's output open");
        }
        self.log.lines()
    }
}

/// Gives the configuration. An error means that Tor has ended: that is reported by its end.
pub(super) async fn configure(mut stdin: ChildStdin, torrc: &str) {
    if stdin.write_all(torrc.as_bytes()).await.is_err() || stdin.shutdown().await.is_err() {
        tracing::debug!("tor ended before it read its configuration");
    }
}

/// The last lines of a log, scrubbed. A short lock around a push: no await under it.
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
