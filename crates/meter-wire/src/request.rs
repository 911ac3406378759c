//! What a client asks of the daemon. Strict: what is not listed here is an error.

use crate::{PROTOCOL, SetThresholds, SiteQuery, TorBackend, U64Text, WireReport, WitnessQuery};
use serde::{Deserialize, Serialize};

/// A request with the number that its reply repeats.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestEnvelope {
    /// Chosen by the client; replies may come in another order than requests.
    pub id: u32,
    /// What is asked.
    pub request: Request,
}

/// Everything that can be asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Must come first on every connection.
    Hello(Hello),
    /// The state of everything.
    Status,
    /// A page of signed reports, in ascending order.
    Reports(ReportsQuery),
    /// Starts or finds Tor.
    TorStart,
    /// Stops a Tor that the daemon started, or leaves one that it found.
    TorStop,
    /// Uses this Tor from now on, and keeps that in the settings.
    TorUse(TorUse),
    /// Starts relay and Tor.
    MonitorStart,
    /// Stops the relay; the open session waits.
    MonitorStop,
    /// Changes when sessions close, until the daemon ends.
    SetThresholds(SetThresholds),
    /// Gives every site new circuits from now on, unconnected with those before.
    NewIdentity,
    /// Asks for the circuit of one site.
    Circuit(SiteQuery),
    /// Gives one site new circuits, and cuts its open connections.
    NewCircuit(SiteQuery),
    /// Hands signed reports back, so that the daemon sees whether its book still holds them.
    RestoreReports(RestoreReports),
    /// Ends the chain of reports and begins another, with a book of its own.
    NewChain,
    /// What is in force of the settings.
    Settings,
    /// Names a request that the browser is to make, to show that its requests reach the relay.
    Witness,
    /// Asks whether that request arrived; the daemon then forgets it.
    WitnessSeen(WitnessQuery),
    /// Does nothing but answer.
    Ping,
}

impl Request {
    /// Names of all requests, as they stand in JSON.
    pub const NAMES: [&str; 18] = [
        "hello",
        "status",
        "reports",
        "tor_start",
        "tor_stop",
        "tor_use",
        "monitor_start",
        "monitor_stop",
        "set_thresholds",
        "new_identity",
        "circuit",
        "new_circuit",
        "restore_reports",
        "new_chain",
        "settings",
        "witness",
        "witness_seen",
        "ping",
    ];
}

/// Who is calling and what it speaks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Protocol versions the client speaks.
    pub protocol: ProtocolRange,
    /// The client's name and version; for the log and for notes on updates only.
    pub client: Client,
    /// Whether notices are to be sent on this connection.
    pub notices: bool,
}

/// Lowest and highest protocol version.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolRange {
    /// Lowest.
    pub min: u16,
    /// Highest.
    pub max: u16,
}

impl ProtocolRange {
    /// What this version speaks.
    pub const OURS: Self = Self {
        min: 1,
        max: PROTOCOL,
    };

    /// The highest version that both speak.
    #[must_use]
    pub fn common(self, other: Self) -> Option<u16> {
        let highest = self.max.min(other.max);
        (highest >= self.min && highest >= other.min).then_some(highest)
    }
}

/// Name and version of a program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `extension` or `cli`.
    pub name: String,
    /// As in its manifest.
    pub version: String,
}

/// Which reports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportsQuery {
    /// Only reports with a higher sequence number than this.
    pub after: U64Text,
    /// At most this many; at most [`crate::REPORTS_PAGE_MAX`].
    pub limit: u16,
}

/// Most reports in one [`RestoreReports`]: they fit a frame towards the daemon.
pub const RESTORE_MAX: usize = 100;

/// Signed reports of the daemon's own chain that a client knows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreReports {
    /// In ascending order, at most [`RESTORE_MAX`]; none says that the client knows none.
    pub reports: Vec<WireReport>,
}

/// Which Tor to use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TorUse {
    /// That one.
    pub backend: BackendChoice,
}

/// Which ways of having Tor are allowed; `tor.backend` in `config.toml`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendChoice {
    /// A running one if it proves itself, else an installed one, else the built-in one.
    Auto,
    /// Only a Tor that runs.
    Existing,
    /// Only a `tor` that is installed, run by the daemon.
    Managed,
    /// Only the Tor that is part of the program.
    Embedded,
}

impl BackendChoice {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Existing, Self::Managed, Self::Embedded];

    /// As it stands in messages and in `config.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Existing => "existing",
            Self::Managed => "managed",
            Self::Embedded => "embedded",
        }
    }

    /// The backend that it insists on, if any.
    #[must_use]
    pub const fn backend(self) -> Option<TorBackend> {
        match self {
            Self::Auto => None,
            Self::Existing => Some(TorBackend::Existing),
            Self::Managed => Some(TorBackend::Managed),
            Self::Embedded => Some(TorBackend::Embedded),
        }
    }
}
