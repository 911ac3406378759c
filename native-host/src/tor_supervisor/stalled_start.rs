//! Decides whether a start must be repeated because relays answer again. Pure.
//!
//! Arti does not contact a relay for 150 s after it was silent (measured). If all its first relays
//! were silent, it does nothing until then, although the network is back.

use meter_core::{Backend, MonotonicMs};
use meter_tor::{TorState, TorStatus, TorWarning};
use meter_wire::ErrorCode;

/// What it remembers about the starts so far.
#[derive(Debug, Default)]
pub(super) struct StalledStart {
    /// When relays became silent during the current start, in milliseconds.
    silent_since: Option<u64>,
    /// Since when the start makes no step although relays answer, in milliseconds.
    stuck_since: Option<u64>,
    /// No repetition before this time, in milliseconds.
    not_before: u64,
    /// How many starts in a row were repeated.
    in_a_row: u32,
}

/// Shortest silence that counts. A shorter one also happens on a slow computer or network, where
/// the start makes progress again and a repetition would only delay it.
const SILENCE_MS_MIN: u64 = 20_000;

/// Longest time without a step while relays answer. After a short silence, too, Arti may leave out
/// the relays that it knows. A slow computer makes a step now and then.
const STUCK_MS_MAX: u64 = 45_000;

/// Pause after a repeated start, doubled after each further one: a network that comes and goes must
/// not keep Tor from ever connecting.
const PAUSE_MS: u64 = 60_000;
const PAUSE_MS_MAX: u64 = 600_000;

impl StalledStart {
    /// Takes one look; `true` once for each silence that ended without Tor noticing it.
    pub(super) fn look(
        &mut self,
        now: MonotonicMs,
        tor: &TorStatus,
        trouble: Option<ErrorCode>,
    ) -> bool {
        let now = now.get();
        match &tor.state {
            TorState::Bootstrapping(_) if tor.backend == Some(Backend::Embedded) => {}
            TorState::Ready => {
                *self = Self {
                    not_before: self.not_before,
                    ..Self::default()
                };
                return false;
            }
            TorState::Bootstrapping(_)
            | TorState::Off
            | TorState::Starting
            | TorState::Restarting { .. }
            | TorState::Stopping
            | TorState::Failed(_) => {
                self.silent_since = None;
                self.stuck_since = None;
                return false;
            }
        }
        // Relays that were asked for the time have answered, whatever the time is.
        let has_answer = tor
            .warnings
            .iter()
            .any(|warning| matches!(warning, TorWarning::ClockSkew { .. }));
        let is_silent = trouble.is_some_and(is_silence);
        if !is_silent {
            // The start makes progress again.
            self.silent_since = None;
            self.stuck_since = None;
        } else if has_answer {
            self.stuck_since.get_or_insert(now);
        } else {
            self.silent_since.get_or_insert(now);
        }
        let longer = |since: Option<u64>, than: u64| {
            since.is_some_and(|since| now.saturating_sub(since) >= than)
        };
        let was_long = longer(self.silent_since, SILENCE_MS_MIN);
        let is_stuck = longer(self.stuck_since, STUCK_MS_MAX);
        let is_due = has_answer && (was_long || is_stuck) && now >= self.not_before;
        if is_due {
            let doublings = self.in_a_row.min(10);
            let pause = PAUSE_MS.saturating_mul(1 << doublings).min(PAUSE_MS_MAX);
            self.not_before = now.saturating_add(pause);
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.silent_since = None;
            self.stuck_since = None;
        }
        is_due
    }
}

const fn is_silence(trouble: ErrorCode) -> bool {
    matches!(
        trouble,
        ErrorCode::TorBlocked | ErrorCode::TorOffline | ErrorCode::TorStalled
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_tor::Bootstrap;

    fn at(s: u64) -> MonotonicMs {
        MonotonicMs::new(s * 1_000).expect("fits")
    }

    fn tor(backend: Backend, answered: bool) -> TorStatus {
        let state = TorState::Bootstrapping(Bootstrap {
            percent: 5,
            tag: "conn".to_owned(),
            summary: "Connecting to a relay".to_owned(),
            warning: None,
            connect_error: None,
            since: tokio::time::Instant::now(),
        });
        let skew = TorWarning::ClockSkew { seconds: 0 };
        TorStatus {
            backend: Some(backend),
            version: None,
            state,
            warnings: answered.then_some(skew).into_iter().collect(),
            trouble: None,
        }
    }

    const SILENT: Option<ErrorCode> = Some(ErrorCode::TorBlocked);

    #[test]
    fn a_start_amid_silence_is_begun_anew_once_when_relays_answer() {
        let mut stalled = StalledStart::default();
        let embedded = |answered| tor(Backend::Embedded, answered);
        assert!(!stalled.look(at(0), &embedded(false), None));
        assert!(!stalled.look(at(10), &embedded(false), SILENT));
        assert!(stalled.look(at(30), &embedded(true), SILENT));
        assert!(!stalled.look(at(31), &embedded(true), SILENT), "once");
    }

    #[test]
    fn a_start_that_goes_on_by_itself_or_was_never_silent_is_left_alone() {
        let embedded = |answered| tor(Backend::Embedded, answered);
        let mut stalled = StalledStart::default();
        assert!(!stalled.look(at(10), &embedded(false), SILENT));
        assert!(!stalled.look(at(20), &embedded(true), None), "it goes on");
        let mut stalled = StalledStart::default();
        // Its clock is wrong, or it is slow, and relays have answered from the beginning.
        assert!(!stalled.look(at(5), &embedded(true), None));
        assert!(!stalled.look(at(30), &embedded(true), SILENT));
        let mut stalled = StalledStart::default();
        let managed = |answered| tor(Backend::Managed, answered);
        assert!(!stalled.look(at(10), &managed(false), SILENT));
        assert!(
            !stalled.look(at(20), &managed(true), SILENT),
            "tor tries by itself"
        );
    }

    #[test]
    fn a_slow_start_that_goes_on_now_and_then_is_left_alone() {
        let embedded = |answered| tor(Backend::Embedded, answered);
        let stalls = Some(ErrorCode::TorStalled);
        let mut stalled = StalledStart::default();
        assert!(!stalled.look(at(10), &embedded(false), SILENT));
        assert!(!stalled.look(at(31), &embedded(false), None), "a step");
        assert!(!stalled.look(at(42), &embedded(false), stalls));
        assert!(!stalled.look(at(48), &embedded(true), stalls), "6 s");
        assert!(!stalled.look(at(60), &embedded(true), None), "a step");
        assert!(!stalled.look(at(90), &embedded(true), stalls), "answered");
        // Without the step the same silence would have been too long.
        let mut stalled = StalledStart::default();
        assert!(!stalled.look(at(42), &embedded(false), stalls));
        assert!(!stalled.look(at(48), &embedded(true), stalls));
        assert!(stalled.look(at(62), &embedded(true), stalls));
    }

    #[test]
    fn a_start_that_stays_stuck_after_a_short_silence_is_begun_anew() {
        let embedded = |answered| tor(Backend::Embedded, answered);
        let stalls = Some(ErrorCode::TorStalled);
        let mut stalled = StalledStart::default();
        assert!(!stalled.look(at(11), &embedded(false), SILENT));
        assert!(!stalled.look(at(12), &embedded(true), None), "a step");
        assert!(!stalled.look(at(22), &embedded(true), stalls));
        assert!(!stalled.look(at(66), &embedded(true), stalls), "44 s");
        assert!(stalled.look(at(67), &embedded(true), stalls));
        assert!(!stalled.look(at(120), &embedded(true), stalls), "pause");
    }

    #[test]
    fn a_network_that_comes_and_goes_lets_a_start_have_its_time() {
        let mut stalled = StalledStart::default();
        let mut begun = Vec::new();
        // Silent and answering in turns of ten seconds, for an hour; never ready.
        for s in (0..3_600).step_by(20) {
            stalled.look(at(s), &tor(Backend::Embedded, false), SILENT);
            if stalled.look(at(s + 10), &tor(Backend::Embedded, true), SILENT) {
                begun.push(s);
            }
        }
        assert!((3..=10).contains(&begun.len()), "{begun:?}");
        let pauses = begun.windows(2).map(|pair| pair[1] - pair[0]);
        let pauses: Vec<_> = pauses.collect();
        assert!(pauses.iter().all(|pause| *pause >= 60), "{begun:?}");
        assert!(pauses.last().is_some_and(|last| *last >= 600), "{begun:?}");
    }
}
