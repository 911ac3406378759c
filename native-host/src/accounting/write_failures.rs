//! Failed writes by kind: a successful write of one kind says nothing about another kind.

use meter_core::MonotonicMs;
use meter_wire::Problem;
use tracing::{info, warn};

/// The kinds of writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Write {
    /// A signed report into the book.
    Report,
    /// The session in progress into the book.
    Session,
    /// The number of the last signed report, beside the key.
    Record,
}

/// The last failure of each kind, until a write of that kind succeeds.
#[derive(Debug, Default)]
pub(super) struct WriteFailures {
    report: Option<Problem>,
    session: Option<Problem>,
    record: Option<Problem>,
    logged_at: Option<MonotonicMs>,
    /// Number of lines that were not logged since the last one.
    unlogged: u32,
}

/// The log gets at most one line about this in this many milliseconds.
const LOG_EVERY_MS: u64 = 60_000;

impl WriteFailures {
    /// The failure to report: a report that is not stored is the most important one.
    pub(super) fn current(&self) -> Option<&Problem> {
        let first = self.report.as_ref().or(self.session.as_ref());
        first.or(self.record.as_ref())
    }

    pub(super) fn failed(&mut self, write: Write, problem: Problem, now: MonotonicMs) {
        if self.may_log(now) {
            warn!(
                ?write,
                code = ?problem.code,
                detail = problem.detail,
                unlogged = self.unlogged,
                "a write failed; the session stays open"
            );
            self.unlogged = 0;
        }
        *self.slot(write) = Some(problem);
    }

    pub(super) fn succeeded(&mut self, write: Write, now: MonotonicMs) {
        if self.slot(write).take().is_some() && self.may_log(now) {
            info!(?write, unlogged = self.unlogged, "writes succeed again");
            self.unlogged = 0;
        }
    }

    const fn slot(&mut self, write: Write) -> &mut Option<Problem> {
        match write {
            Write::Report => &mut self.report,
            Write::Session => &mut self.session,
            Write::Record => &mut self.record,
        }
    }

    fn may_log(&mut self, now: MonotonicMs) -> bool {
        let may = self
            .logged_at
            .is_none_or(|logged_at| now.since(logged_at) >= LOG_EVERY_MS);
        match may {
            true => self.logged_at = Some(now),
            false => self.unlogged = self.unlogged.saturating_add(1),
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::ErrorCode;

    fn at(ms: u64) -> MonotonicMs {
        MonotonicMs::new(ms).expect("fits")
    }

    #[test]
    fn a_refusal_stands_until_a_write_of_its_own_kind_succeeds() {
        let mut write_failures = WriteFailures::default();
        let [full, busy] = [ErrorCode::DiskFull, ErrorCode::BookBusy].map(Problem::new);
        write_failures.failed(Write::Session, busy.clone(), at(0));
        write_failures.failed(Write::Report, full.clone(), at(0));
        assert_eq!(write_failures.current(), Some(&full));
        write_failures.succeeded(Write::Record, at(1));
        assert_eq!(write_failures.current(), Some(&full));
        write_failures.succeeded(Write::Session, at(1));
        assert_eq!(write_failures.current(), Some(&full));
        write_failures.succeeded(Write::Report, at(2));
        assert_eq!(write_failures.current(), None);
    }

    #[test]
    fn an_hour_of_refusals_twice_a_second_is_a_line_a_minute() {
        let mut write_failures = WriteFailures::default();
        let lines = (0..7_200).filter(|half_s| write_failures.may_log(at(half_s * 500)));
        assert_eq!(lines.count(), 60);
    }
}
