//! The status of Tor that a person may see: plain values, published through a watch channel.

use std::time::Duration;

use meter_core::Backend;
use meter_embedded::ConnectError;
use tokio::time::Instant;

use crate::TorProblem;

/// Status of Tor at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TorStatus {
    /// The backend in use; `None` while no Tor is in use.
    pub backend: Option<Backend>,
    /// Tor's version as Tor reports it, for instance `0.4.9.11`; at most 64 characters.
    pub version: Option<String>,
    /// What Tor is doing.
    pub state: TorState,
    /// Conditions that a person should know although Tor works; each kind at most once.
    pub warnings: Vec<TorWarning>,
    /// The reason why Tor makes no progress, if it is known. Tor continues to try.
    pub trouble: Option<TorProblem>,
}

impl TorStatus {
    pub(crate) const OFF: Self = Self {
        backend: None,
        version: None,
        state: TorState::Off,
        warnings: Vec::new(),
        trouble: None,
    };
}

/// What Tor is doing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TorState {
    /// Tor does not run, and its start was not requested.
    Off,
    /// Tor is being looked for or started.
    Starting,
    /// Tor runs but is not usable yet.
    Bootstrapping(Bootstrap),
    /// Tor is usable.
    Ready,
    /// Tor has ended. The next try starts without a request.
    Restarting {
        /// Number of the try, from 1; returns to 1 after a stable time.
        attempt: u32,
        /// Length of the pause, in milliseconds.
        in_ms: u64,
        /// The reason why the last try ended.
        reason: TorProblem,
    },
    /// Tor was asked to end and has not ended yet.
    Stopping,
    /// No further try until the next `start`.
    Failed(TorProblem),
}

impl TorState {
    /// One word for the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Bootstrapping(_) => "bootstrapping",
            Self::Ready => "ready",
            Self::Restarting { .. } => "restarting",
            Self::Stopping => "stopping",
            Self::Failed(_) => "failed",
        }
    }
}

/// Progress of a start, as Tor reports it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bootstrap {
    /// 0 to 100.
    pub percent: u8,
    /// Tor's name for the phase (`conn`, `handshake`, …). New versions may add names.
    pub tag: String,
    /// Tor's sentence for the phase.
    pub summary: String,
    /// Tor's latest warning in this phase, without addresses.
    pub warning: Option<String>,
    /// The reason why Tor's latest connection failed, if Tor named it.
    pub connect_error: Option<ConnectError>,
    /// When this phase began. Tor reports most failures late or never: after ten seconds without
    /// progress, a client should say so.
    pub since: Instant,
}

impl Bootstrap {
    /// How long this phase has lasted.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.since.elapsed()
    }
}

/// A condition that a person should know although Tor works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TorWarning {
    /// The control port asks for no authentication: any program on this computer can command this
    /// Tor.
    ControlOpenToAll,
    /// This Tor does not report its progress; it is used without.
    WithoutControl,
    /// Older than the supported versions, or called obsolete by the Tor network.
    VersionTooOld,
    /// Tor says that this computer's clock is wrong.
    ClockSkew {
        /// Difference in seconds; positive if this computer is ahead of the network.
        seconds: i64,
    },
}
