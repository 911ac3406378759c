//! How fast bytes move now, from the relay's totals at two moments.

use crate::text::{Text, Value, key};
use meter_wire::{Outcome, Success, Traffic};
use serde::Serialize;

/// The totals of the moment before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    last: Option<(u64, Traffic)>,
}

/// The rate in words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RateView {
    /// `1.2 kB/s`.
    pub up: Text,
    /// The same.
    pub down: Text,
    /// Connections that are open now.
    pub connections: Value,
}

impl Rate {
    /// Takes the host's answer, which came at this time by the page's own clock. `None` at the
    /// first, and after the host was started anew.
    pub fn take(&mut self, now_ms: u64, outcome: &Outcome) -> Option<RateView> {
        let Outcome::Ok(Success::Traffic(traffic)) = outcome else {
            self.last = None;
            return None;
        };
        let (before_ms, before) = self.last.replace((now_ms, *traffic))?;
        let passed_ms = now_ms.checked_sub(before_ms).filter(|passed| *passed > 0)?;
        let per_second = |now: u64, before: u64| {
            let moved = now.checked_sub(before)?;
            let rate = moved.saturating_mul(1_000) / passed_ms;
            Some(key("per_second").with("bytes", Value::bytes(rate)))
        };
        Some(RateView {
            up: per_second(traffic.bytes_up.0, before.bytes_up.0)?,
            down: per_second(traffic.bytes_down.0, before.bytes_down.0)?,
            connections: Value::number(traffic.active.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;
    use meter_wire::U64Text;

    fn totals(up: u64, down: u64) -> Outcome {
        Outcome::Ok(Success::Traffic(Traffic {
            bytes_up: U64Text(up),
            bytes_down: U64Text(down),
            connections: U64Text(9),
            active: U64Text(2),
        }))
    }

    #[test]
    fn a_rate_is_what_moved_between_two_answers() {
        let mut rate = Rate::default();
        assert_eq!(rate.take(1_000, &totals(0, 500)), None, "the first");
        let view = rate.take(3_000, &totals(2_000, 300_500)).expect("two");
        let words = (english(&view.up), english(&view.down));
        assert_eq!(words, ("1.0 kB/s".to_owned(), "150 kB/s".to_owned()));
        assert_eq!(rate.take(3_000, &totals(2_000, 300_500)), None, "no time");
        assert_eq!(rate.take(5_000, &totals(0, 0)), None, "started anew");
        assert!(rate.take(6_000, &totals(0, 0)).is_some());
    }
}
