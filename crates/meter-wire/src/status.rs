//! The state of the whole daemon, as a client sees it.

use crate::{
    EarlierSum, HexBytes, LedgerStatus, Problem, SetThresholds, TorTrouble, U64Text, Unreached,
    WireBackend,
};
use meter_core::Backend;
use serde::{Deserialize, Serialize};

/// State of relay, Tor, session and book at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The relay.
    pub relay: RelayStatus,
    /// Tor.
    pub tor: TorStatus,
    /// The session in progress, if one is open.
    pub session: Option<SessionStatus>,
    /// Sum of the book's postings, in nanocredits.
    pub balance: U64Text,
    /// What the earlier chains of this home claim. Older daemons do not send it.
    #[serde(default)]
    pub earlier: EarlierSum,
    /// Signed reports in the book; equal to the sequence number of the last one.
    pub reports: U64Text,
    /// The chain of the reports. Absent while key or book cannot be used, and from an older daemon
    /// that does not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<HexBytes<16>>,
    /// Where this device stands with its ledger. Absent while it is not enrolled with one, and from
    /// an older daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerStatus>,
    /// That this home was restored from a backup, while it is not known whether there are later
    /// reports, or while the chain that was begun because of them has fewer than ten. Absent
    /// otherwise, and from an older daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// The thresholds at which sessions close.
    pub thresholds: SetThresholds,
    /// The problem that keeps the daemon from doing its work, if any.
    pub problem: Option<Problem>,
    /// Recent connections that failed, by kind, the latest kind first. Older daemons do not send
    /// this field, nor the next four.
    #[serde(default)]
    pub unreached: Vec<Unreached>,
    /// Connections of other users of this machine that the relay refused, since the daemon's start.
    #[serde(default)]
    pub foreign: U64Text,
    /// Connections for which the system did not tell the user they belong to, since the daemon's
    /// start. They were refused, or served where the settings allow it.
    #[serde(default)]
    pub unidentified: U64Text,
    /// Requests for an address instead of a name, since the daemon's start.
    #[serde(default)]
    pub literals: U64Text,
    /// Seconds until `new_identity` is possible again, rounded up; 0 when it is possible now.
    #[serde(default)]
    pub new_identity_in_s: u32,
    /// The same for `new_circuit`. Older daemons do not send it.
    #[serde(default)]
    pub new_circuit_in_s: u32,
    /// Connections that the relay serves now. A change of this number alone sends no notice. Older
    /// daemons do not send it.
    #[serde(default)]
    pub connections: u32,
}

/// A home that was restored from a backup. [`Restored::sentence`] says it in words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restored {
    /// When the backup was made, in milliseconds since 1970, by the clock of that computer; 0 if it
    /// is not known.
    pub made_at_ms: U64Text,
    /// What is known about later reports.
    pub state: RestoredState,
}

/// What is known about reports that were signed after the backup.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoredState {
    /// Nothing yet. The ledger is asked; without one, a browser may give them back.
    Asking,
    /// There are some, so a new chain began.
    NewChain,
    /// A state of a later version.
    #[serde(other)]
    Unknown,
}

impl Restored {
    /// The state in one sentence, for a device that is enrolled or not.
    #[must_use]
    pub const fn sentence(&self, is_enrolled: bool) -> &'static str {
        match (self.state, is_enrolled) {
            (RestoredState::Asking, true) => {
                "A backup was restored: sessions wait until the ledger has said whether it has \
                 later reports of this device; `onionmeter new-chain --yes` begins a new chain at \
                 once."
            }
            (RestoredState::Asking, false) => {
                "A backup was restored: if a browser has later reports of this device, they are \
                 taken back from it."
            }
            (RestoredState::NewChain, _) => {
                "A backup was restored that is older than the last report of this device, so a new \
                 chain of reports began; the reports of the backup are kept."
            }
            (RestoredState::Unknown, _) => "A backup was restored.",
        }
    }
}

/// The relay.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayStatus {
    /// No port is open.
    Stopped,
    /// The daemon itself holds this port on 127.0.0.1.
    Listening {
        /// The port.
        port: u16,
    },
    /// The relay could not start.
    Failed(Problem),
}

/// Tor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TorStatus {
    /// The backend in use, once it is chosen.
    pub backend: Option<WireBackend>,
    /// Tor's version; `None` while it is not known.
    #[serde(default, deserialize_with = "crate::plain::some_line")]
    pub version: Option<String>,
    /// What Tor is doing.
    pub state: TorState,
    /// The reason why a running Tor cannot be used, if any. Absent when it can be used; older
    /// daemons do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TorTrouble>,
    /// The only backend that the settings allow; `None` when the daemon chooses. Older daemons send
    /// neither this field nor the next one.
    #[serde(default)]
    pub chosen: Option<WireBackend>,
    /// The backends that both the settings and the program allow.
    #[serde(default)]
    pub offered: Vec<WireBackend>,
}

impl Status {
    /// What all chains of this home claim, in nanocredits. A new chain takes nothing away from it.
    #[must_use]
    pub const fn claimed(&self) -> U64Text {
        U64Text(self.balance.0.saturating_add(self.earlier.amount.0))
    }

    /// The problem, unless it is about the file of receipts alone: then sessions are signed all the
    /// same.
    #[must_use]
    pub fn problem_of_book(&self) -> Option<&Problem> {
        let problem = self.problem.as_ref();
        problem.filter(|problem| !problem.code.is_of_receipts())
    }
}

impl TorStatus {
    /// Whether connections can be made through Tor, as far as is known.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state == TorState::Ready && !self.trouble.as_ref().is_some_and(TorTrouble::hinders)
    }

    /// Describes whose Tor is in use, in words that follow "it is". `None` while no Tor is in use,
    /// and for a backend of a later version.
    #[must_use]
    pub const fn whose(&self) -> Option<&'static str> {
        match self.backend {
            Some(WireBackend::Known(Backend::Existing)) => Some("found running"),
            Some(WireBackend::Known(Backend::Managed)) => Some("run by Onionmeter"),
            Some(WireBackend::Known(Backend::Embedded)) => Some("built into Onionmeter"),
            Some(WireBackend::Unknown) | None => None,
        }
    }

    /// Says why that backend is in use, in words that follow "because". Also `None` when an older
    /// daemon does not tell the offered backends.
    #[must_use]
    pub fn why(&self) -> Option<&'static str> {
        let backend = self.backend.filter(|_| !self.offered.is_empty())?;
        if self.chosen.is_some() {
            return Some("the settings say so");
        }
        if !self.offered.contains(&Backend::Existing.into()) {
            return Some("bridges and Shadowsocks need a Tor that Onionmeter starts");
        }
        Some(match backend.known()? {
            Backend::Existing => "one that runs is used first",
            Backend::Managed => "no Tor was running that proves itself",
            Backend::Embedded => "no Tor was running that proves itself, and none is installed",
        })
    }
}

/// What Tor is doing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TorState {
    /// Tor does not run, and its start was not requested.
    Off,
    /// Tor is being looked for or started.
    Starting,
    /// Tor connects to the Tor network.
    Bootstrapping {
        /// 0 to 100.
        percent: u8,
        /// Tor's name for the phase. A client shows an unknown name unchanged.
        #[serde(deserialize_with = "crate::plain::line")]
        tag: String,
        /// Tor's sentence for the phase.
        #[serde(deserialize_with = "crate::plain::line")]
        summary: String,
        /// Tor's latest warning, if there was one.
        #[serde(default, deserialize_with = "crate::plain::some_line")]
        warning: Option<String>,
    },
    /// Tor is usable.
    Ready,
    /// Tor ended without a request and is being started again.
    Restarting {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// Milliseconds until the next attempt.
        in_ms: u64,
        /// The reason why Tor ended.
        problem: Problem,
    },
    /// Tor is being stopped.
    Stopping,
    /// Tor does not run, for this reason.
    Failed(Problem),
}

/// The session in progress.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionStatus {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub started_at: U64Text,
    /// Duration in monotonic milliseconds.
    pub duration_ms: U64Text,
    /// Bytes from the browser to Tor.
    pub bytes_up: U64Text,
    /// Bytes from Tor to the browser.
    pub bytes_down: U64Text,
    /// Progress towards the report, in thousandths.
    pub progress_permille: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_an_older_daemon_lacks_what_came_later_and_is_understood() {
        let json = r#"{
            "relay": "stopped",
            "tor": {"backend": null, "version": null, "state": "off"},
            "session": null,
            "balance": "0",
            "reports": "0",
            "thresholds": {
                "min_bytes": "100000",
                "min_duration_ms": "30000",
                "max_duration_ms": "600000"
            },
            "problem": null
        }"#;
        let status: Status = serde_json::from_str(json).expect("understood");
        assert_eq!(status.unreached, []);
        let numbers = (status.foreign.0, status.literals.0);
        assert_eq!((numbers, status.new_identity_in_s), ((0, 0), 0));
    }

    #[test]
    fn the_reason_is_a_setting_or_what_was_found() {
        use Backend::{Embedded, Existing, Managed};
        let why = |backend: Backend, chosen: Option<Backend>, offered: &[Backend]| {
            let tor = TorStatus {
                backend: Some(backend.into()),
                version: None,
                state: TorState::Ready,
                trouble: None,
                chosen: chosen.map(WireBackend::Known),
                offered: offered.iter().copied().map(WireBackend::Known).collect(),
            };
            tor.why().unwrap_or_default()
        };
        let all = [Existing, Managed, Embedded];
        assert_eq!(
            why(Managed, None, &all),
            "no Tor was running that proves itself"
        );
        assert_eq!(why(Managed, Some(Managed), &all), "the settings say so");
        assert!(why(Managed, None, &[Managed]).contains("bridges"));
        assert_eq!(why(Managed, None, &[]), "");
    }
}
