//! The session in progress.

use crate::text::{Text, Value, key};
use crate::update::State;
use meter_wire::{SessionStatus, SetThresholds};
use serde::Serialize;

/// The session in progress. It earns nothing before its report is signed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SessionView {
    /// `0:42`.
    pub time: Value,
    /// `41.2 kB`.
    pub up: Value,
    /// `1.3 MB`.
    pub down: Value,
    /// 0 to 1,000, for the bar.
    pub permille: u16,
    /// `42 %`, for people who cannot see the bar.
    pub percent: Value,
    /// Both conditions, in words.
    pub waits: Text,
}

pub(super) fn session(state: &State) -> Option<SessionView> {
    let status = state.status()?;
    let session = status.session.as_ref()?;
    let permille = session.progress_permille.min(1_000);
    Some(SessionView {
        time: Value::clock(session.duration_ms.0),
        up: Value::bytes(session.bytes_up.0),
        down: Value::bytes(session.bytes_down.0),
        permille,
        percent: Value::Percent(u8::try_from(permille / 10).unwrap_or(100)),
        waits: waits(session, &status.thresholds),
    })
}

/// What the session waits for: time and bytes are both needed; at the longest duration, time is
/// enough.
fn waits(session: &SessionStatus, thresholds: &SetThresholds) -> Text {
    let bytes = session.bytes_up.0.saturating_add(session.bytes_down.0);
    // Rounded up, so that "0 s to go" is never shown while something is missing.
    let seconds = |until: u64| {
        let ms = until.saturating_sub(session.duration_ms.0);
        (ms > 0).then(|| Value::duration(ms.div_ceil(1_000).saturating_mul(1_000)))
    };
    let bytes_left = thresholds.min_bytes.0.saturating_sub(bytes);
    let bytes_left = (bytes_left > 0).then(|| Value::bytes(bytes_left));
    let last = seconds(thresholds.max_duration_ms.0);
    match (seconds(thresholds.min_duration_ms.0), bytes_left, last) {
        (None, None, _) | (_, _, None) => key("next_signed").text(),
        (Some(time), None, _) => key("next_in").with("time", time),
        (None, Some(bytes), Some(last)) => key("next_after_or_in")
            .with("bytes", bytes)
            .with("time", last),
        (Some(time), Some(bytes), _) => key("next_after").with("time", time).with("bytes", bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;
    use meter_core::Thresholds;
    use meter_wire::U64Text;

    #[test]
    fn both_conditions_are_said_in_words() {
        #[track_caller]
        fn check(ms: u64, bytes: u64, expected: &str) {
            let session = SessionStatus {
                started_at: U64Text(0),
                duration_ms: U64Text(ms),
                bytes_up: U64Text(0),
                bytes_down: U64Text(bytes),
                progress_permille: 0,
            };
            let words = waits(&session, &SetThresholds::from(&Thresholds::DEFAULT));
            assert_eq!(english(&words), expected);
        }
        check(0, 1, "Next report: after 30 sec and 99.9 kB more");
        check(12_001, 64_000, "Next report: after 18 sec and 36.0 kB more");
        check(29_999, 100_000, "Next report: in 1 sec");
        check(
            30_000,
            1_000,
            "Next report: after 99.0 kB more, or in 9 min 30 sec",
        );
        check(30_000, 100_000, "Next report: being signed");
        check(600_000, 1, "Next report: being signed");
        check(u64::MAX, u64::MAX, "Next report: being signed");
    }
}
