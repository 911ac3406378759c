//! The totals of a closed session.

use crate::{ByteCount, DurationMs, UnixMs};

/// A session that is closed or about to close: the input of a report. It no longer grows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionTotals {
    /// When its first byte was seen.
    pub started_at: UnixMs,
    /// When it was closed, never before `started_at`.
    pub ended_at: UnixMs,
    /// Monotonic time since its first byte was seen, without pauses and gaps.
    pub duration: DurationMs,
    /// Bytes from the browser to Tor.
    pub bytes_up: ByteCount,
    /// Bytes from Tor to the browser.
    pub bytes_down: ByteCount,
    /// Whether the daemon ended during the session and continued it later.
    pub resumed: bool,
}

impl SessionTotals {
    /// Bytes of both directions together.
    #[must_use]
    pub fn bytes(&self) -> ByteCount {
        self.bytes_up.saturating_add(self.bytes_down)
    }
}
