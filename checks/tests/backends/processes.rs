//! Who is whose child, by what the system tells everybody.

use crate::LIMIT;
use std::{fs, time::Duration};

/// The processes that `parent` started and that still run.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc is there").flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if parent_of(id) == Some(parent) {
            found.push(id);
        }
    }
    found
}

/// `None` for a process that is gone, or has ended and waits to be noticed.
fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything (proc_pid_stat(5)).
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut words = after_name.split_whitespace();
    let state = words.next()?;
    (state != "Z").then(|| words.next()?.parse().ok()).flatten()
}

/// What a process was started as.
pub(crate) fn command_line(id: u32) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Waits until none of `processes` runs.
pub(crate) async fn until_gone(processes: &[u32]) {
    let waited = tokio::time::timeout(LIMIT, async {
        while processes.iter().any(|id| parent_of(*id).is_some()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let left = || {
        processes
            .iter()
            .map(|id| command_line(*id))
            .collect::<Vec<_>>()
    };
    waited
        .await
        .unwrap_or_else(|_| panic!("still there: {:?}", left()));
}
