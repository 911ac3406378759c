//! Hands reports to the daemon, a page at a time, and tells how far that has come.

use crate::{
    cli::{output::Format, print, wait},
    ipc::Connection,
    system::clock::Clock,
};
use meter_wire::{ErrorCode, Problem, RESTORE_MAX, Request, RestoreReports, WireReport};
use std::time::Duration;
use tokio::time::sleep;

/// Reports in one page. Between two pages the daemon counts, and answers others, also where a disk
/// is slow.
const PAGE: usize = 10;
const _: () = assert!(PAGE <= RESTORE_MAX);

/// Pause between two lines about the progress, and before the first one.
const SAY_EVERY_MS: u64 = 2_000;

/// Pause before a page is sent again that came too early: the daemon takes 50 requests a second
/// from one client.
const TOO_EARLY: Duration = Duration::from_millis(200);

/// Hands the reports over, in their order.
///
/// # Errors
/// Why the daemon accepts no more, and how many it has accepted: taken, or known already.
pub(super) async fn hand_over(
    daemon: &mut Connection,
    reports: &[WireReport],
    format: Format,
) -> Result<(), (u64, Problem)> {
    let clock = Clock::new();
    let now = || clock.monotonic().get();
    let mut last_said = now();
    let mut taken: u64 = 0;
    for page in reports.chunks(PAGE) {
        ask(daemon, page)
            .await
            .map_err(|problem| (taken, problem))?;
        taken = taken.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
        if now().saturating_sub(last_said) >= SAY_EVERY_MS {
            last_said = now();
            wait::say(format, progress(taken, reports.len()));
        }
    }
    Ok(())
}

/// Sends one page until the daemon has taken it.
async fn ask(daemon: &mut Connection, page: &[WireReport]) -> Result<(), Problem> {
    loop {
        let reports = page.to_vec();
        let asked = daemon.ask(Request::RestoreReports(RestoreReports { reports }));
        match asked.await {
            // The next page may contain what is still missing.
            Err(problem) if problem.code == ErrorCode::BookBehind => return Ok(()),
            Err(problem) if problem.code == ErrorCode::Busy => sleep(TOO_EARLY).await,
            outcome => return outcome.map(drop),
        }
    }
}

/// `1,900 of 5,000 reports taken`.
fn progress(taken: u64, all: usize) -> String {
    let all = print::counted(all, "report");
    format!("{} of {all} taken", print::grouped(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_both_numbers() {
        assert_eq!(progress(1_900, 5_000), "1,900 of 5,000 reports taken");
    }
}
