//! Finds the reason why a start makes no progress, from everything that is known. Pure.

use meter_tor::{Bootstrap, ConnectError, TorWarning};
use meter_wire::{ErrorCode, Problem};

/// The likeliest reason. The reason that Tor gives for a failed connection is preferred to guesses
/// from its progress.
pub(super) fn problem(
    step: &Bootstrap,
    warnings: &[TorWarning],
    has_way_out: impl FnOnce() -> Option<bool>,
) -> Problem {
    let skew = warnings.iter().find_map(|warning| match warning {
        TorWarning::ClockSkew { seconds } => Some(*seconds),
        TorWarning::ControlOpenToAll | TorWarning::WithoutControl | TorWarning::VersionTooOld => {
            None
        }
    });
    if let Some(seconds) = skew.filter(|seconds| seconds.unsigned_abs() >= SKEW_S_MIN) {
        return Problem::with_detail(ErrorCode::TorClockWrong, describe_skew(seconds))
            .caused_by(hours(seconds).to_string());
    }
    if step.connect_error == Some(ConnectError::Clock) {
        return Problem::new(ErrorCode::TorClockWrong);
    }
    let is_early = step.percent < CONNECTED_PERCENT;
    match step.connect_error {
        Some(ConnectError::Refused) if is_early => return Problem::new(ErrorCode::TorRefused),
        Some(ConnectError::NoRoute) => return Problem::new(ErrorCode::TorOffline),
        Some(
            ConnectError::Refused
            | ConnectError::TimedOut
            | ConnectError::Clock
            | ConnectError::Other,
        )
        | None => {}
    }
    if has_way_out() == Some(false)
        && step.connect_error.is_none()
        && step.percent < TALKING_PERCENT
    {
        return Problem::new(ErrorCode::TorOffline);
    }
    if is_early {
        return Problem::new(ErrorCode::TorBlocked);
    }
    let phase = format!("{} %: {}", step.percent, step.summary);
    Problem::with_detail(ErrorCode::TorStalled, phase).caused_by(&*step.tag)
}

fn describe_skew(seconds: i64) -> String {
    let side = if seconds < 0 { "behind" } else { "ahead" };
    // Rounded: Tor reports it again with each relay, with a difference of about a second.
    let nearest = |unit: u64| seconds.unsigned_abs().saturating_add(unit / 2) / unit;
    let (count, unit) = match nearest(60) {
        minutes @ 0..120 => (minutes, "minutes"),
        120..2_880 => (nearest(3_600), "hours"),
        _ => (nearest(86_400), "days"),
    };
    format!("about {count} {unit} {side}")
}

/// To the nearest one.
const fn hours(seconds: i64) -> i64 {
    seconds.saturating_add(1_800 * seconds.signum()) / 3_600
}

/// Tor still connects with a clock that is two hours wrong (measured); a smaller error is not the
/// reason.
const SKEW_S_MIN: u64 = 3_600;
/// Tor's phases below this are about reaching a first relay.
const CONNECTED_PERCENT: u8 = 15;
/// Below this, nothing has answered yet ("conn_done" is 10).
const TALKING_PERCENT: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn step(percent: u8, warning: Option<&str>, connect_error: Option<ConnectError>) -> Bootstrap {
        Bootstrap {
            percent,
            tag: "a_tag_of_tomorrow".to_owned(),
            summary: "Doing something".to_owned(),
            warning: warning.map(str::to_owned),
            connect_error,
            since: tokio::time::Instant::now(),
        }
    }

    #[track_caller]
    fn check(
        (percent, warning, connect_error): (u8, Option<&str>, Option<ConnectError>),
        warnings: &[TorWarning],
        has_way_out: Option<bool>,
        (code, detail, cause): (ErrorCode, Option<&str>, Option<&str>),
    ) {
        let problem = problem(&step(percent, warning, connect_error), warnings, || {
            has_way_out
        });
        assert_eq!((problem.code, problem.detail.as_deref()), (code, detail));
        assert_eq!(problem.cause.as_deref(), cause);
    }

    #[test]
    fn each_stage_and_connect_error_has_its_reason() {
        use ErrorCode::{TorBlocked, TorOffline, TorRefused, TorStalled};
        let refused = Some(ConnectError::Refused);
        check((0, None, None), &[], Some(false), (TorOffline, None, None));
        check((0, None, None), &[], Some(true), (TorBlocked, None, None));
        check((5, None, None), &[], None, (TorBlocked, None, None));
        let no_route = (5, Some("no route"), Some(ConnectError::NoRoute));
        check(no_route, &[], Some(true), (TorOffline, None, None));
        check(
            (5, Some("refused"), refused),
            &[],
            Some(false),
            (TorRefused, None, None),
        );
        let timed_out = (5, Some("timed out"), Some(ConnectError::TimedOut));
        check(timed_out, &[], Some(false), (TorBlocked, None, None));
        check((10, None, None), &[], Some(false), (TorBlocked, None, None));
        let stalled = (
            TorStalled,
            Some("45 %: Doing something"),
            Some("a_tag_of_tomorrow"),
        );
        check((45, None, None), &[], Some(true), stalled);
        check((45, Some("refused"), refused), &[], Some(false), stalled);
    }

    #[test]
    fn a_wrong_clock_is_told_with_its_side_and_a_small_error_is_no_reason() {
        use ErrorCode::{TorClockWrong, TorStalled};
        let skew = |seconds| [TorWarning::ClockSkew { seconds }];
        let at = (40, None, None);
        let clock_wrong = |detail, cause| (TorClockWrong, Some(detail), Some(cause));
        check(
            at,
            &skew(-259_198),
            Some(true),
            clock_wrong("about 3 days behind", "-72"),
        );
        check(
            at,
            &skew(7_200),
            Some(true),
            clock_wrong("about 2 hours ahead", "2"),
        );
        check(
            at,
            &skew(-3_600),
            Some(true),
            clock_wrong("about 60 minutes behind", "-1"),
        );
        let stalled = (
            TorStalled,
            Some("40 %: Doing something"),
            Some("a_tag_of_tomorrow"),
        );
        check(at, &skew(3_599), Some(true), stalled);
        let ahead = (14, Some("a certificate expired"), Some(ConnectError::Clock));
        check(ahead, &[], Some(true), (TorClockWrong, None, None));
    }
}
