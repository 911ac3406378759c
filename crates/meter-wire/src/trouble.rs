//! Trouble with a running Tor: what is wrong, what a person can do, and how long it has lasted.

use crate::{ErrorCode, Problem};
use serde::{Deserialize, Serialize};

/// The reason why a running Tor cannot be used, or why it will fail one day. Tor continues to try.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TorTrouble {
    /// The problem.
    pub problem: Problem,
    /// What a person can do about it, in one sentence.
    #[serde(deserialize_with = "crate::plain::line")]
    pub action: String,
    /// Seconds that the trouble has lasted, in steps of ten to keep messages few; 0 where a
    /// duration has no meaning.
    pub for_s: u32,
}

impl TorTrouble {
    /// Trouble with this code, for this many seconds.
    #[must_use]
    pub fn new(code: ErrorCode, for_s: u64) -> Self {
        Self::of(Problem::new(code), for_s)
    }

    /// Trouble with this problem, for this many seconds.
    #[must_use]
    pub fn of(problem: Problem, for_s: u64) -> Self {
        Self {
            action: problem.code.tor_action().unwrap_or_default().to_owned(),
            problem,
            for_s: u32::try_from(for_s / STEP_S * STEP_S).unwrap_or(u32::MAX),
        }
    }

    /// Whether a client shows this as a problem with a remedy although Tor is still connecting,
    /// instead of asking to wait. True after a minute, and at once where the cause was measured and
    /// not guessed.
    #[must_use]
    pub fn stands(&self) -> bool {
        let is_known = matches!(
            self.problem.code,
            ErrorCode::ShadowsocksDown
                | ErrorCode::ShadowsocksUnreachable
                | ErrorCode::ShadowsocksSilent
        );
        is_known || self.for_s >= STANDS_S
    }

    /// Whether Tor cannot be used now. All other trouble is advice.
    #[must_use]
    pub fn hinders(&self) -> bool {
        self.problem.code != ErrorCode::TorTooOld
    }
}

impl ErrorCode {
    /// What a person can do about trouble with a running Tor; `None` for all other codes.
    #[must_use]
    pub fn tor_action(self) -> Option<&'static str> {
        let row = ACTIONS.iter().find(|(code, _)| *code == self);
        row.map(|(_, action)| *action)
    }
}

const ACTIONS: [(ErrorCode, &str); 10] = [
    (
        ErrorCode::TorOffline,
        "Connect it to a network; Tor goes on by itself.",
    ),
    (
        ErrorCode::TorBlocked,
        "Tor may be blocked here: try another network, a bridge or other bridges.",
    ),
    (
        ErrorCode::TorRefused,
        "A firewall may block Tor: try another network, a bridge or other bridges.",
    ),
    (
        ErrorCode::TorClockWrong,
        "Set date and time, then restart Tor.",
    ),
    (
        ErrorCode::TorStalled,
        "It keeps trying; if this stays, restart Tor or try another network.",
    ),
    (
        ErrorCode::TorSilent,
        "Check the network; if this stays, restart Tor.",
    ),
    (ErrorCode::TorTooOld, "Update Tor; it is used meanwhile."),
    (
        ErrorCode::ShadowsocksDown,
        "If this stays, restart Tor and look into the log.",
    ),
    (
        ErrorCode::ShadowsocksUnreachable,
        "See whether it runs and whether your network lets you reach it.",
    ),
    (
        ErrorCode::ShadowsocksSilent,
        "Compare the file that tor.shadowsocks names with the server, then restart Tor.",
    ),
];

const STEP_S: u64 = 10;
const STANDS_S: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_says_what_to_do_and_lasts_in_steps() {
        let trouble = TorTrouble::new(ErrorCode::TorBlocked, 79);
        assert_eq!(trouble.for_s, 70);
        assert!(trouble.action.ends_with('.'));
        assert!(trouble.hinders());
        assert!(!TorTrouble::new(ErrorCode::TorTooOld, 0).hinders());
    }

    #[test]
    fn a_guess_stands_after_a_minute_and_a_finding_at_once() {
        assert!(!TorTrouble::new(ErrorCode::TorBlocked, 59).stands());
        assert!(TorTrouble::new(ErrorCode::TorBlocked, 60).stands());
        assert!(TorTrouble::new(ErrorCode::ShadowsocksSilent, 0).stands());
    }

    #[test]
    fn every_action_is_one_short_sentence_of_its_own() {
        let actions: Vec<_> = ErrorCode::ALL
            .iter()
            .filter_map(|code| code.tor_action())
            .collect();
        assert_eq!(actions.len(), ACTIONS.len());
        for (index, action) in actions.iter().enumerate() {
            assert!(action.ends_with('.') && action.len() <= 100, "{action}");
            assert!(!actions[..index].contains(action), "twice: {action}");
        }
    }
}
