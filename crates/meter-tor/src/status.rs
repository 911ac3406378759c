//! What a person may be told about Tor at any moment: plain values, published through a watch
//! channel.

use std::time::Duration;

use tokio::time::Instant;

use crate::TorProblem;

/// Tor as it is now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TorStatus {
    /// Whose Tor it is; `None` while none is in use.
    pub backend: Option<BackendKind>,
    /// Tor's version as it states it, for instance `0.4.9.11`; at most 64 characters.
    pub version: Option<String>,
    /// What it is doing.
    pub state: TorState,
    /// Conditions that do not stop Tor but that a person should know; each kind at most once.
    pub warnings: Vec<TorWarning>,
    /// Why it does not come further, where that is known. Tor goes on trying.
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

/// One way of having Tor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BackendKind {
    /// Someone else's Tor; we never stop it.
    Existing,
    /// Our child, made of the `tor` that is installed.
    Managed,
    /// Our child, made of our own program.
    Embedded,
}

/// What Tor is doing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TorState {
    /// Not in use, and not asked for.
    Off,
    /// Being looked for or started.
    Starting,
    /// Running, not usable yet.
    Bootstrapping(Bootstrap),
    /// Usable.
    Ready,
    /// Gone; the next try follows by itself.
    Restarting {
        /// Counts from 1; back to 1 after a stable while.
        attempt: u32,
        /// Length of the pause, from its beginning, in milliseconds.
        in_ms: u64,
        /// Why the last try ended.
        reason: TorProblem,
    },
    /// Asked to end, not yet gone.
    Stopping,
    /// Given up until the next `start`.
    Failed(TorProblem),
}

impl TorState {
    /// One word, for a log.
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

/// How far a start has come, in Tor's own words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bootstrap {
    /// 0 to 100.
    pub percent: u8,
    /// Tor's word for the phase (`conn`, `handshake`, …). New Tors may bring new ones.
    pub tag: String,
    /// Tor's sentence for the phase.
    pub summary: String,
    /// Tor's latest complaint in this phase, without addresses.
    pub warning: Option<String>,
    /// Why Tor's latest connection did not come about, where it said.
    pub complaint: Option<Complaint>,
    /// When this phase began. Tor reports most failures late or never: a reader who sees no
    /// progress for ten seconds should say so.
    pub since: Instant,
}

impl Complaint {
    /// The reason in a warning's words, where they name one. A certificate of the network's that
    /// has expired is one seen by a clock that is ahead.
    pub(crate) fn in_words(warning: &str) -> Option<Self> {
        let warning = warning.to_ascii_lowercase();
        let words = [
            "clock",
            "certificate expired",
            "certificate has expired",
            "not yet valid",
        ];
        words
            .iter()
            .any(|words| warning.contains(words))
            .then_some(Self::Clock)
    }
}

impl Bootstrap {
    /// How long this phase has lasted.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Why a connection into the Tor network did not come about (control-spec §5.5, `REASON`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Complaint {
    /// Something answered that nothing listens there.
    Refused,
    /// This computer knows no way there.
    NoRoute,
    /// Nothing answered.
    TimedOut,
    /// Any other reason, and those of newer Tors.
    Other,
    /// The clocks differ: a certificate has expired or is not valid yet. Of all reasons this one is
    /// told in words alone, and outlives others of its phase.
    Clock,
}

/// A condition that a person should know although Tor goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TorWarning {
    /// The control port asks for no proof of identity: any program here can command this Tor.
    ControlOpenToAll,
    /// This Tor cannot be asked about its progress; it is used as it is.
    WithoutControl,
    /// Older than what we support, or called obsolete by the Tor network.
    VersionTooOld,
    /// Tor finds this computer's clock wrong.
    ClockSkew {
        /// How far, in seconds; positive: ahead of the network.
        seconds: i64,
    },
}
