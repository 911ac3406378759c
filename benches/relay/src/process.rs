//! What a proxy costs, read from /proc: processor time, memory, files and wake-ups, of it and its
//! children.

use std::{fs, process::Child};

use anyhow::{Context as _, Result};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CpuSet, sched_setaffinity},
};

/// A process and its children. Dropping it ends them.
pub(crate) struct Tree(pub(crate) Child);

impl Tree {
    fn pids(&self) -> Vec<u32> {
        let mut pids = vec![self.0.id()];
        let mut next = 0;
        while let Some(&pid) = pids.get(next) {
            let children = format!("/proc/{pid}/task/{pid}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            pids.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
            next += 1;
        }
        pids
    }

    fn threads(&self) -> Vec<String> {
        let mut threads = Vec::new();
        for pid in self.pids() {
            let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else {
                continue;
            };
            threads.extend(
                folder
                    .flatten()
                    .map(|entry| entry.path().display().to_string()),
            );
        }
        threads
    }

    /// Nanoseconds on a processor so far.
    pub(crate) fn cpu_ns(&self) -> Result<u64> {
        let mut sum = 0;
        for thread in self.threads() {
            let text = fs::read_to_string(format!("{thread}/schedstat"))?;
            sum += text
                .split_whitespace()
                .next()
                .context("schedstat")?
                .parse::<u64>()?;
        }
        Ok(sum)
    }

    /// Bytes of memory that are resident.
    pub(crate) fn resident(&self) -> Result<u64> {
        self.sum_of_status("VmRSS:").map(|kib| kib * 1024)
    }

    /// How many times a thread went to sleep and was woken, so far.
    pub(crate) fn sleeps(&self) -> Result<u64> {
        let mut sum = 0;
        for thread in self.threads() {
            sum += field(
                &fs::read_to_string(format!("{thread}/status"))?,
                "voluntary_ctxt_switches:",
            )?;
        }
        Ok(sum)
    }

    /// Open files.
    pub(crate) fn files(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in self.pids() {
            sum += fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
        }
        Ok(sum)
    }

    /// Ties all threads to these processors.
    pub(crate) fn pin(&self, processors: &[usize]) -> Result<()> {
        for thread in self.threads() {
            let id = thread.rsplit('/').next().and_then(|id| id.parse().ok());
            pin(Pid::from_raw(id.context("a thread")?), processors)?;
        }
        Ok(())
    }

    fn sum_of_status(&self, name: &str) -> Result<u64> {
        let mut sum = 0;
        for pid in self.pids() {
            sum += field(&fs::read_to_string(format!("/proc/{pid}/status"))?, name)?;
        }
        Ok(sum)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        for pid in self.pids().into_iter().rev() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                kill_process(pid, Signal::KILL).unwrap_or_default();
            }
        }
        drop(self.0.wait());
    }
}

/// Ties a thread, or this one, to these processors.
pub(crate) fn pin(thread: Option<Pid>, processors: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for &processor in processors {
        set.set(processor);
    }
    Ok(sched_setaffinity(thread, &set)?)
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.with_context(|| name.to_owned())?.parse()?)
}
