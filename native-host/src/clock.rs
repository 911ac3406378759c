//! The only reader of clocks.

use meter_core::{MonotonicMs, UnixMs};
use std::time::{Instant, SystemTime};

/// A monotonic clock, which does not run while the machine sleeps (`CLOCK_MONOTONIC` on Linux),
/// and the wall clock.
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    pub(crate) fn monotonic(&self) -> MonotonicMs {
        let ms = u64::try_from(self.start.elapsed().as_millis()).ok();
        ms.and_then(MonotonicMs::new)
            .expect("no process runs for 292 million years")
    }

    /// How long this machine has slept since its start, in milliseconds; always 0 where nobody tells.
    #[cfg(target_os = "linux")]
    pub(crate) fn slept_ms() -> u64 {
        use rustix::time::{ClockId, clock_gettime};
        let ms = |id| {
            let now = clock_gettime(id);
            now.tv_sec
                .saturating_mul(1_000)
                .saturating_add(now.tv_nsec / 1_000_000)
        };
        u64::try_from(ms(ClockId::Boottime) - ms(ClockId::Monotonic)).unwrap_or_default()
    }

    /// How long this machine has slept since its start, in milliseconds; always 0 where nobody tells.
    #[cfg(not(target_os = "linux"))]
    pub(crate) const fn slept_ms() -> u64 {
        0
    }

    /// Zero for a clock set before 1970.
    pub(crate) fn wall() -> UnixMs {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis())
            .ok()
            .and_then(UnixMs::new)
            .unwrap_or(UnixMs::ZERO)
    }
}
