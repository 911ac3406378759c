//! A clock with one wake-up per tick.
//!
//! The runtime's own timers wake twice for a second, because they first sort distant timers
//! roughly. With thousands of idle connections only the session's clock wakes us, so this saves
//! half of the wake-ups. And while the runtime has a timer of its own, it sets one in the kernel
//! before every wait, which every byte through the relay would pay for.

use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// A clock that ticks. Missed ticks are skipped.
pub(crate) struct Ticks {
    #[cfg(target_os = "linux")]
    timer: Option<kernel::Timer>,
    fallback: Interval,
}

impl Ticks {
    /// Starts now; the first tick may come at once.
    ///
    /// # Panics
    /// When called outside of a tokio runtime with I/O and time.
    pub(crate) fn every(period: Duration) -> Self {
        let mut fallback = interval(period);
        fallback.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            #[cfg(target_os = "linux")]
            timer: kernel::Timer::every(period).ok(),
            fallback,
        }
    }

    /// Waits for the next tick.
    ///
    /// # Cancel safety
    /// No tick is lost.
    pub(crate) async fn tick(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &self.timer {
            match timer.tick().await {
                Ok(()) => return,
                Err(_) => self.timer = None,
            }
        }
        self.fallback.tick().await;
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::{io, os::fd::OwnedFd, time::Duration};
    use tokio::io::{Interest, unix::AsyncFd};

    /// timerfd(2).
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        pub(super) fn every(period: Duration) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let period = Timespec::try_from(period).map_err(io::Error::other)?;
            let times = Itimerspec {
                it_interval: period,
                it_value: period,
            };
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times)?;
            #[expect(
                deprecated,
                reason = "unsound only for what may lose its file; this one owns it"
            )]
            let registered = AsyncFd::with_interest(timer, Interest::READABLE)?;
            Ok(Self(registered))
        }

        pub(super) async fn tick(&self) -> io::Result<()> {
            self.0
                .async_io(Interest::READABLE, |timer| {
                    // The number of passed ticks; one is enough.
                    rustix::io::read(timer, &mut [0; 8])?;
                    Ok(())
                })
                .await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ticks_and_goes_on_ticking() {
        let mut ticks = Ticks::every(Duration::from_millis(1));
        for _ in 0..2 {
            ticks.tick().await;
        }
    }
}
