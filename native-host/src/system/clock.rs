//! Only this module reads clocks.

use meter_core::{MonotonicMs, UnixMs};
use std::time::{Instant, SystemTime};

/// A monotonic clock, which does not run while the machine sleeps (`CLOCK_MONOTONIC` on Linux),
/// and the wall clock.
#[derive(Clone, Copy)]
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

    /// How long this machine has slept since its start, in milliseconds; always 0 if the system
    /// does not tell.
    pub(crate) fn slept_ms() -> u64 {
        sleep::slept_ms()
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

/// Two clocks of the system. One of them continues while the machine sleeps.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod sleep {
    /// clock_gettime(2).
    #[cfg(target_os = "linux")]
    use nix::libc::{CLOCK_BOOTTIME as GOES_ON, CLOCK_MONOTONIC as STANDS_STILL};
    /// clock_gettime(3) of macOS.
    #[cfg(target_vendor = "apple")]
    use nix::libc::{CLOCK_MONOTONIC_RAW as GOES_ON, CLOCK_UPTIME_RAW as STANDS_STILL};
    use nix::time::ClockId;

    pub(super) fn slept_ms() -> u64 {
        let ms = |clock| {
            let now = ClockId::from_raw(clock).now();
            now.map_or(0, |now| now.tv_sec() * 1_000 + now.tv_nsec() / 1_000_000)
        };
        u64::try_from(ms(GOES_ON) - ms(STANDS_STILL)).unwrap_or_default()
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
mod sleep {
    pub(super) const fn slept_ms() -> u64 {
        0
    }
}
