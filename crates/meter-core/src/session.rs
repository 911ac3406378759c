//! The session batcher: takes counters and time, returns sessions that are due.

mod open;
mod totals;

pub use open::{Moved, OpenSession, Tick};
pub use totals::SessionTotals;

use crate::{MonotonicMs, Thresholds};

/// Batches traffic into sessions. Holds no clock and no counter: the caller passes both in.
///
/// A session opens at the tick that sees its first byte, so its duration is never overstated. It
/// stays open until [`Self::close`]. If a due session cannot be stored, it continues to grow and is
/// returned again at the next tick. So a full disk loses nothing.
#[derive(Clone, Debug)]
pub struct SessionBatcher {
    thresholds: Thresholds,
    last_tick: Option<MonotonicMs>,
    open: Option<OpenSession>,
}

impl SessionBatcher {
    /// Starts without an open session, or continues the session of a checkpoint. The time since the
    /// checkpoint does not count.
    #[must_use]
    pub fn new(thresholds: Thresholds, checkpoint: Option<OpenSession>) -> Self {
        let open = checkpoint.map(|open| OpenSession {
            resumed: true,
            ..open
        });
        Self {
            thresholds,
            last_tick: None,
            open,
        }
    }

    /// Takes one tick. Returns `Some` when the open session is due; it stays open until
    /// [`Self::close`].
    pub fn tick(&mut self, tick: Tick) -> Option<SessionTotals> {
        let elapsed = self.last_tick.map_or(0, |last| tick.monotonic.since(last));
        self.last_tick = Some(tick.monotonic);
        let max = self.thresholds.max_duration();
        match &mut self.open {
            Some(open) => open.grow(tick, elapsed, max),
            None if tick.moved != Moved::default() => self.open = Some(OpenSession::begin(tick)),
            None => {}
        }
        let due = self.open.filter(|open| open.is_due(&self.thresholds));
        due.as_ref().map(OpenSession::totals)
    }

    /// Ends the open session after its report was signed and stored.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Removes from the open session the part that a report already contains. This happens when the
    /// checkpoint came from an older copy of the book. Later bytes and time stay in the open
    /// session.
    pub fn forget(&mut self, signed: &OpenSession) {
        self.open = self.open.and_then(|open| open.without(signed));
    }

    /// Stops the clock until the next tick, for example while the relay is stopped.
    pub fn pause(&mut self) {
        self.last_tick = None;
    }

    /// The session in progress.
    #[must_use]
    pub const fn open(&self) -> Option<&OpenSession> {
        self.open.as_ref()
    }

    /// The thresholds in force.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Sets other thresholds. They apply to the open session, too.
    pub fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteCount, UnixMs};
    use proptest::prelude::*;

    fn tick(ms: u64, up: u64, down: u64) -> Tick {
        Tick {
            monotonic: MonotonicMs::new(ms).unwrap(),
            wall: UnixMs::new(1_800_000_000_000 + ms).unwrap(),
            moved: Moved {
                up: ByteCount::new(up).unwrap(),
                down: ByteCount::new(down).unwrap(),
            },
        }
    }

    /// Runs ticks of (second, up, down) through the default thresholds and closes due sessions.
    /// Returns the closed sessions as (second of the close, duration in ms, up, down).
    fn run(ticks: &[(u64, u64, u64)]) -> Vec<(u64, u64, u64, u64)> {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        let mut closed = Vec::new();
        for &(second, up, down) in ticks {
            if let Some(due) = batcher.tick(tick(second * 1_000, up, down)) {
                closed.push((
                    second,
                    due.duration.get(),
                    due.bytes_up.get(),
                    due.bytes_down.get(),
                ));
                batcher.close();
            }
        }
        closed
    }

    #[test]
    fn a_session_waits_for_bytes_and_time() {
        assert_eq!(
            run(&[(0, 99_999, 0), (30, 0, 0), (31, 1, 0)]),
            [(31, 31_000, 100_000, 0)]
        );
        assert_eq!(
            run(&[(0, 0, 200_000), (29, 0, 0), (30, 5, 0)]),
            [(30, 30_000, 5, 200_000)]
        );
    }

    #[test]
    fn a_single_byte_closes_at_600_s() {
        assert_eq!(
            run(&[(5, 1, 0), (604, 0, 0), (605, 0, 0)]),
            [(605, 600_000, 1, 0)]
        );
    }

    #[test]
    fn silence_opens_no_session() {
        assert_eq!(run(&[(0, 0, 0), (600, 0, 0), (1_200, 0, 0)]), []);
    }

    #[test]
    fn time_before_the_first_byte_does_not_count() {
        assert_eq!(
            run(&[(0, 0, 0), (500, 100_000, 0), (530, 0, 0)]),
            [(530, 30_000, 100_000, 0)]
        );
    }

    #[test]
    fn a_starved_daemon_awards_no_more_than_the_latest_close() {
        assert_eq!(
            run(&[(0, 7, 0), (90_000, 3, 0)]),
            [(90_000, 600_000, 10, 0)]
        );
    }

    #[test]
    fn a_due_session_that_is_not_closed_keeps_growing() {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        assert_eq!(batcher.tick(tick(0, 100_000, 0)), None);
        let first = batcher.tick(tick(30_000, 0, 0)).expect("due");
        let second = batcher.tick(tick(31_000, 11, 0)).expect("still due");
        assert_eq!(first.bytes_up.get(), 100_000);
        assert_eq!(second.bytes_up.get(), 100_011);
        assert_eq!(second.duration.get(), 31_000);
    }

    #[test]
    fn a_checkpoint_goes_on_without_the_gap() {
        let mut first = SessionBatcher::new(Thresholds::DEFAULT, None);
        first.tick(tick(0, 60_000, 0));
        first.tick(tick(20_000, 0, 0));
        let checkpoint = first.open().copied();
        let mut second = SessionBatcher::new(Thresholds::DEFAULT, checkpoint);
        assert_eq!(second.tick(tick(1_000_000, 0, 40_000)), None);
        let due = second.tick(tick(1_010_000, 0, 0)).expect("20 s + 10 s");
        assert_eq!(
            (due.duration.get(), due.bytes().get(), due.resumed),
            (30_000, 100_000, true)
        );
    }

    #[test]
    fn what_was_signed_already_is_taken_out_and_what_came_since_stays() {
        let mut first = SessionBatcher::new(Thresholds::DEFAULT, None);
        first.tick(tick(0, 60_000, 0));
        first.tick(tick(20_000, 0, 500));
        let checkpoint = *first.open().expect("open");
        let mut second = SessionBatcher::new(Thresholds::DEFAULT, Some(checkpoint));
        second.forget(&checkpoint);
        assert_eq!(second.open(), None, "nothing came since");

        let mut second = SessionBatcher::new(Thresholds::DEFAULT, Some(checkpoint));
        second.tick(tick(1_000_000, 7, 0));
        second.tick(tick(1_003_000, 0, 40_000));
        second.forget(&checkpoint);
        let open = second.open().expect("something came");
        let found = (
            open.duration.get(),
            open.bytes_up.get(),
            open.bytes_down.get(),
        );
        assert_eq!(found, (3_000, 7, 40_000));
        assert!(open.started_at > checkpoint.seen_at);
        second.forget(&checkpoint);
        assert_eq!(
            second.open().map(OpenSession::bytes).map(ByteCount::get),
            Some(40_007)
        );
    }

    #[test]
    fn a_pause_does_not_count() {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        batcher.tick(tick(0, 100_000, 0));
        batcher.tick(tick(10_000, 0, 0));
        batcher.pause();
        batcher.tick(tick(500_000, 0, 0));
        let due = batcher.tick(tick(520_000, 0, 0)).expect("10 s + 20 s");
        assert_eq!(due.duration.get(), 30_000);
    }

    #[test]
    fn a_wall_clock_set_back_ends_no_session_before_its_start() {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        batcher.tick(tick(0, 100_000, 0));
        let back = Tick {
            wall: UnixMs::from_u32(5),
            ..tick(30_000, 0, 0)
        };
        let due = batcher.tick(back).expect("due by monotonic time");
        assert_eq!(due.ended_at, due.started_at);
    }

    #[test]
    fn lowered_thresholds_apply_to_the_open_session_without_shrinking_it() {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        batcher.tick(tick(0, 20_000, 0));
        assert_eq!(batcher.tick(tick(25_000, 0, 0)), None);
        batcher.set_thresholds(Thresholds::new(10_000, 10_000, 20_000).unwrap());
        let due = batcher
            .tick(tick(26_000, 0, 0))
            .expect("due under the new thresholds");
        assert_eq!(due.duration.get(), 25_000, "25 s were measured and stay");
    }

    #[test]
    fn progress_is_the_slower_of_bytes_and_time() {
        let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
        batcher.tick(tick(0, 50_000, 0));
        batcher.tick(tick(6_000, 0, 0));
        let open = batcher.open().expect("open");
        assert_eq!(open.progress_permille(&Thresholds::DEFAULT), 200);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_doubled_whatever_the_ticks(
            ticks in proptest::collection::vec(
                (0_u64..700_000, 0_u64..300_000, 0_u64..300_000),
                1..200,
            ),
            crash_every in 1_usize..50,
        ) {
            let mut batcher = SessionBatcher::new(Thresholds::DEFAULT, None);
            let (mut now, mut signed, mut duration) = (0_u64, 0_u64, 0_u64);
            for (index, &(step, up, down)) in ticks.iter().enumerate() {
                now += step;
                if let Some(due) = batcher.tick(tick(now, up, down)) {
                    signed += due.bytes().get();
                    duration += due.duration.get();
                    batcher.close();
                }
                if index % crash_every == 0 {
                    batcher = SessionBatcher::new(Thresholds::DEFAULT, batcher.open().copied());
                }
            }
            let open = batcher.open().copied();
            signed += open.map_or(0, |open| open.bytes().get());
            duration += open.map_or(0, |open| open.duration.get());
            let moved: u64 = ticks.iter().map(|t| t.1 + t.2).sum();
            prop_assert_eq!(signed, moved);
            prop_assert!(duration <= now);
        }
    }
}
