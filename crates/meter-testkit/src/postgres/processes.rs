//! The processes of one cluster.
//!
//! Each backend has a session and a process group of its own, so the group of the first process
//! does not reach them. All of them work in the data folder, and by that they are found.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};

/// The cluster's first process, from its file `postmaster.pid`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Postmaster {
    pub(super) pid: Pid,
    /// Whether it takes connections; a standby takes those that only read.
    pub(super) ready: bool,
    /// Its start, in seconds since 1970.
    started: u64,
}

/// Reads `postmaster.pid`: process, data folder, start, port, socket folder, address, shared
/// memory, state, one a line. `pg_ctl` reads the state from there, too.
pub(super) fn postmaster(data: &Path) -> Option<Postmaster> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?)?;
    let started = lines.nth(1)?.trim().parse().ok()?;
    let state = lines.nth(4).map_or("", str::trim);
    Some(Postmaster {
        pid,
        ready: state == "ready",
        started,
    })
}

/// Kills all of them, and returns when they are gone.
pub(super) fn kill_all_in(data: &Path) -> Result<()> {
    let began = Instant::now();
    loop {
        let alive = all_in(data);
        if alive.is_empty() {
            return Ok(());
        }
        ensure!(
            began.elapsed() < KILL_LIMIT,
            "processes in {} do not end",
            data.display()
        );
        for pid in alive {
            signal(pid, Signal::KILL)?;
        }
        std::thread::sleep(POLL);
    }
}

/// Sends a signal to all of them.
pub(super) fn signal_all_in(data: &Path, which: Signal) -> Result<()> {
    let first = postmaster(data).context("PostgreSQL does not run")?;
    // It comes first, so that it starts no other process in between.
    signal(first.pid, which)?;
    for pid in all_in(data) {
        signal(pid, which)?;
    }
    Ok(())
}

/// Sends a signal to one of them; one that has ended needs none.
pub(super) fn signal(pid: Pid, which: Signal) -> Result<()> {
    match kill_process(pid, which) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("signal process {pid}")),
    }
}

/// Every living process whose working folder is `data`; zombies have none.
fn all_in(data: &Path) -> Vec<Pid> {
    let (Ok(entries), Ok(data)) = (fs::read_dir("/proc"), fs::canonicalize(data)) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

const POLL: Duration = Duration::from_millis(5);
/// Only a process that is stuck in the kernel needs longer.
const KILL_LIMIT: Duration = Duration::from_secs(20);
