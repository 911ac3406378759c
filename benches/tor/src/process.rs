//! What a process costs, read from /proc: processor and memory, all its threads together.

use std::{fs, process::Child};

use anyhow::{Context as _, Result};

/// A child. Killed when dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Seconds on a processor so far.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let mut sum_ns = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().context("schedstat")?;
            sum_ns += first.parse::<u64>()?;
        }
        Ok(sum_ns as f64 / 1e9)
    }

    /// Resident memory in units of 1,000,000 bytes.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        let kib: u64 = kib.context("VmRSS")?.parse()?;
        Ok((kib * 1024) as f64 / 1e6)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
