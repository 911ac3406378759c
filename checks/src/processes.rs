//! Processes and their children, from `/proc`.

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const POLL: Duration = Duration::from_millis(20);

/// The processes that `parent` started and that still run.
#[must_use]
pub fn children(parent: u32) -> Vec<u32> {
    let ids = listed().filter(|id| parent_of(*id) == Some(parent));
    ids.collect()
}

/// All processes that run in this namespace of processes.
#[must_use]
pub fn running() -> Vec<u32> {
    listed().filter(|id| parent_of(*id).is_some()).collect()
}

fn listed() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// `None` for a process that is gone, or that has ended and was not waited for yet.
fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may contain any characters (proc_pid_stat(5)).
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut words = after_name.split_whitespace();
    let state = words.next()?;
    (state != "Z").then(|| words.next()?.parse().ok()).flatten()
}

/// The command line that a process was started with.
#[must_use]
pub fn command_line(id: u32) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Sends each of them a signal.
///
/// # Errors
/// One has ended.
pub fn signal_all(processes: &[u32], signal: Signal) -> Result<()> {
    for process in processes {
        let id = i32::try_from(*process).ok().and_then(Pid::from_raw);
        kill_process(id.context("a process number")?, signal)?;
    }
    Ok(())
}

/// Waits until none of `processes` runs.
///
/// # Errors
/// One still runs after `limit`; the text has its command line.
pub async fn until_gone(processes: &[u32], limit: Duration) -> Result<()> {
    let waited = tokio::time::timeout(limit, async {
        while processes.iter().any(|id| parent_of(*id).is_some()) {
            tokio::time::sleep(POLL).await;
        }
    });
    if waited.await.is_err() {
        let left: Vec<_> = processes.iter().map(|id| command_line(*id)).collect();
        bail!("still there: {left:?}");
    }
    Ok(())
}

/// All command lines of this computer, from a thread that looks until [`Self::seen`].
pub struct CommandLines {
    stop: Arc<AtomicBool>,
    look: JoinHandle<BTreeSet<String>>,
}

impl CommandLines {
    /// Begins to look.
    #[must_use]
    pub fn watch() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let look = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !until.load(Ordering::Relaxed) {
                seen.extend(listed().map(command_line));
                thread::sleep(Duration::from_millis(2));
            }
            seen
        });
        Self { stop, look }
    }

    /// All that were seen.
    ///
    /// # Panics
    /// If the thread has panicked.
    #[must_use]
    pub fn seen(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.look.join().expect("it only reads")
    }
}
