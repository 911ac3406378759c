//! What a process costs, read from /proc: processor time and memory.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

/// A running process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage(u32);

impl Usage {
    pub(crate) const fn of(id: u32) -> Self {
        Self(id)
    }

    /// The one process that runs in `folder`.
    ///
    /// # Errors
    /// No process runs there.
    pub(crate) fn of_process_in(folder: &Path) -> Result<Self> {
        let folder = fs::canonicalize(folder)?;
        for entry in fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if fs::read_link(entry.path().join("cwd")).is_ok_and(|path| path == folder) {
                return Ok(Self(id));
            }
        }
        bail!("no process runs in {}", folder.display())
    }

    /// Seconds on a processor so far, including threads that have ended; precise to 0.01 s.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn cpu_s(self) -> Result<f64> {
        ticks_s(&self.read("stat")?, USER)
    }

    /// The same for its children that have ended, and for their children.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn cpu_of_children_s(self) -> Result<f64> {
        ticks_s(&self.read("stat")?, USER_OF_CHILDREN)
    }

    /// Seconds on a processor so far of the threads that still run, known exactly.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn threads_cpu_s(self) -> Result<f64> {
        let mut sum_ns = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().context("schedstat")?;
            sum_ns += first.parse::<u64>()?;
        }
        Ok(sum_ns as f64 / 1e9)
    }

    /// Resident memory in units of 1,000,000 bytes.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn resident_mb(self) -> Result<f64> {
        mb(&self.read("status")?, "VmRSS:")
    }

    /// The most memory that was ever resident, in the same unit.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn peak_mb(self) -> Result<f64> {
        mb(&self.read("status")?, "VmHWM:")
    }

    /// Resident memory; memory that several processes share counts for each of them in part (PSS).
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn proportional_mb(self) -> Result<f64> {
        mb(&self.read("smaps_rollup")?, "Pss:")
    }

    fn read(self, what: &str) -> Result<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{what}", self.0))?)
    }
}

/// The sum of a field and the next one in `/proc/PID/stat`, with fields as proc_pid_stat(5) counts
/// them.
fn ticks_s(stat: &str, field: usize) -> Result<f64> {
    // The second field, in parentheses, may contain any characters.
    let (_, after_name) = stat.rsplit_once(')').context("a name")?;
    let fields = after_name.split_whitespace().skip(field - 3).take(2);
    let mut sum = 0;
    for ticks in fields {
        sum += ticks.parse::<u64>()?;
    }
    Ok(sum as f64 / TICKS_PER_S)
}

/// A line such as `VmRSS:    1234 kB`, in units of 1,000,000 bytes.
fn mb(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = kib.with_context(|| name.to_owned())?.parse()?;
    Ok((kib * 1024) as f64 / 1e6)
}

/// utime; stime follows it.
const USER: usize = 14;
/// cutime; cstime follows it.
const USER_OF_CHILDREN: usize = 16;
/// `USER_HZ`: 100 on every system that this Linux program runs on.
const TICKS_PER_S: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_counted_behind_a_name_that_holds_anything() {
        let stat = "7 (a) b 1) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 1000 234 20 0 3 0 9";
        assert_eq!(ticks_s(stat, USER).expect("a time"), 2.0);
        assert_eq!(ticks_s(stat, USER_OF_CHILDREN).expect("a time"), 12.34);
    }

    #[test]
    fn kibibytes_become_megabytes_and_like_names_are_not_mixed_up() {
        let text = "Rss:            9999 kB\nPss:            2000 kB\nPss_Anon: 1 kB\n";
        assert_eq!(mb(text, "Pss:").expect("a line"), 2.048);
        assert!(mb(text, "VmHWM:").is_err());
    }

    #[test]
    fn this_process_has_memory_and_runs_where_it_runs() {
        let folder = std::env::current_dir().expect("a folder");
        let by_folder = Usage::of_process_in(&folder).expect("at least this one");
        assert!(by_folder.resident_mb().expect("a line") > 0.0);
        let here = Usage::of(std::process::id());
        assert!(here.proportional_mb().expect("a line") > 0.0);
        assert!(here.peak_mb().expect("a line") >= 1.0);
        assert!(here.threads_cpu_s().expect("a time") > 0.0);
    }
}
