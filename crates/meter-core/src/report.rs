//! The session report and its body: 200 bytes, one encoding, every field at a fixed place.
//!
//! Layout, limits and test vectors: `docs/spec/session-report.md`.

mod body;
mod hash;

pub use body::{BodyError, SESSION_REPORT_BODY_BYTES};

use crate::{Amount, ByteCount, DeviceKey, DurationMs, TariffId, UnixMs};

/// Identifies one chain of reports: 16 random bytes, chosen when the chain begins.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChainId(pub [u8; 16]);

/// SHA-256 hash that links a report to the report before it, or to the beginning of its chain.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkHash(pub [u8; 32]);

/// Identifies a report by its content: the first 16 bytes of a SHA-256 over its body.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReportId(pub [u8; 16]);

/// Sums over all reports of a chain up to one report, which is included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RunningTotals {
    /// Sum of the durations.
    pub duration: DurationMs,
    /// Sum of the bytes from browser to Tor.
    pub bytes_up: ByteCount,
    /// Sum of the bytes from Tor to browser.
    pub bytes_down: ByteCount,
    /// Sum of the amounts.
    pub amount: Amount,
}

/// The content of a signed report: the traffic, the duration and the amount of one session.
///
/// The fields are public because this type alone proves nothing. Only a
/// [`Verified`](crate::Verified) report may be relied on: its body passed every check of the
/// specification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionReport {
    /// The chain it belongs to.
    pub chain: ChainId,
    /// The key that signs it.
    pub key: DeviceKey,
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// Hash of the report before it, or of the chain's beginning.
    pub previous: LinkHash,
    /// Wall-clock time at which the first byte was seen.
    pub started_at: UnixMs,
    /// Wall-clock time of the close, not before `started_at`.
    pub ended_at: UnixMs,
    /// Monotonic time. Only this time earns credits.
    pub duration: DurationMs,
    /// Bytes from browser to Tor.
    pub bytes_up: ByteCount,
    /// Bytes from Tor to browser.
    pub bytes_down: ByteCount,
    /// What the tariff gives for duration and bytes.
    pub amount: Amount,
    /// Sums over the chain, this report included.
    pub totals: RunningTotals,
    /// The tariff that was applied.
    pub tariff: TariffId,
    /// Whether the daemon ended during the session and continued it later.
    pub resumed: bool,
}

impl SessionReport {
    /// Bytes of both directions together.
    #[must_use]
    pub fn bytes(&self) -> ByteCount {
        self.bytes_up.saturating_add(self.bytes_down)
    }
}
