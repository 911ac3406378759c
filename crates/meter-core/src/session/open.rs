//! The session in progress and the rules by which it grows.

use super::totals::SessionTotals;
use crate::{ByteCount, DurationMs, MonotonicMs, Thresholds, UnixMs};

/// Bytes that crossed the relay since the last tick.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Moved {
    /// Browser to Tor.
    pub up: ByteCount,
    /// Tor to browser.
    pub down: ByteCount,
}

/// One reading of the clocks and the counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tick {
    /// Monotonic time, without suspend; must not go back within one run of the batcher.
    pub monotonic: MonotonicMs,
    /// Wall-clock time; may jump.
    pub wall: UnixMs,
    /// Bytes that moved since the previous tick.
    pub moved: Moved,
}

/// The session in progress. A checkpoint holds the same type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpenSession {
    /// When its first byte was seen.
    pub started_at: UnixMs,
    /// The last tick that was added to this session; never before `started_at`.
    pub seen_at: UnixMs,
    /// Monotonic time since its first byte was seen, without pauses and gaps.
    pub duration: DurationMs,
    /// Bytes from the browser to Tor.
    pub bytes_up: ByteCount,
    /// Bytes from Tor to the browser.
    pub bytes_down: ByteCount,
    /// Whether the daemon ended during the session and continued it later.
    pub resumed: bool,
}

impl OpenSession {
    pub(super) const fn begin(tick: Tick) -> Self {
        Self {
            started_at: tick.wall,
            seen_at: tick.wall,
            duration: DurationMs::ZERO,
            bytes_up: tick.moved.up,
            bytes_down: tick.moved.down,
            resumed: false,
        }
    }

    /// Adds one tick. The duration stops at `max`: when the daemon got no ticks for a while, the
    /// time in which it did not look must not be awarded. The duration never shrinks, even after
    /// `max` was lowered.
    pub(super) fn grow(&mut self, tick: Tick, elapsed_ms: u64, max: DurationMs) {
        let grown = self
            .duration
            .get()
            .saturating_add(elapsed_ms)
            .min(max.get());
        self.duration = DurationMs::new(grown).unwrap_or(max).max(self.duration);
        self.bytes_up = self.bytes_up.saturating_add(tick.moved.up);
        self.bytes_down = self.bytes_down.saturating_add(tick.moved.down);
        // The wall clock may be set back. The session must still not end before it began.
        self.seen_at = tick.wall.max(self.started_at);
    }

    /// Returns what was added to this session after the state `begun`. Returns `None` when nothing
    /// was added, and the whole session when `begun` belongs to another session.
    pub(super) fn without(self, begun: &Self) -> Option<Self> {
        if self.started_at != begun.started_at {
            return Some(self);
        }
        let less = |all: u64, part: u64| all.saturating_sub(part);
        let bytes = |all: ByteCount, part: ByteCount| ByteCount::new(less(all.get(), part.get()));
        let rest = Self {
            started_at: self.seen_at,
            duration: DurationMs::new(less(self.duration.get(), begun.duration.get()))?,
            bytes_up: bytes(self.bytes_up, begun.bytes_up)?,
            bytes_down: bytes(self.bytes_down, begun.bytes_down)?,
            resumed: false,
            ..self
        };
        (rest.bytes() > ByteCount::ZERO).then_some(rest)
    }

    /// Bytes of both directions together.
    #[must_use]
    pub fn bytes(&self) -> ByteCount {
        self.bytes_up.saturating_add(self.bytes_down)
    }

    /// The totals that the session would have if it closed now.
    #[must_use]
    pub const fn totals(&self) -> SessionTotals {
        let Self {
            started_at,
            seen_at,
            duration,
            bytes_up,
            bytes_down,
            resumed,
        } = *self;
        SessionTotals {
            started_at,
            ended_at: seen_at,
            duration,
            bytes_up,
            bytes_down,
            resumed,
        }
    }

    pub(super) fn is_due(&self, thresholds: &Thresholds) -> bool {
        let enough =
            self.bytes() >= thresholds.min_bytes() && self.duration >= thresholds.min_duration();
        enough || self.duration >= thresholds.max_duration()
    }

    /// Progress towards the next report, in thousandths. Counts the slower one of bytes and time,
    /// or the progress towards the maximum duration if that comes first.
    #[must_use]
    pub fn progress_permille(&self, thresholds: &Thresholds) -> u16 {
        let part = |have: u64, need: u64| {
            have.saturating_mul(1_000)
                .checked_div(need)
                .unwrap_or(1_000)
                .min(1_000)
        };
        let bytes = part(self.bytes().get(), thresholds.min_bytes().get());
        let time = part(self.duration.get(), thresholds.min_duration().get());
        let latest = part(self.duration.get(), thresholds.max_duration().get());
        u16::try_from(bytes.min(time).max(latest)).unwrap_or(1_000)
    }
}
