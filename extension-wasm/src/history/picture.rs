//! Sessions over time as bars: the geometry of a picture, with the numbers of its table.
//!
//! Integers only. A session belongs to the bar in which it ended, so that the bars and what came
//! before them sum to the balance.

use super::History;
use crate::text::Value;
use meter_core::{Amount, Decimals, SessionReport, Verified};
use serde::{Deserialize, Serialize};

/// The picture's size, in units of its own (SVG scales it).
const WIDTH: u64 = 720;
const HEIGHT: u64 = 200;
/// The part of a bar's room that stays empty between two.
const GAP_PERCENT: u64 = 25;
/// Most bars. The page asks for a few dozen.
const BARS_MAX: usize = 120;

/// What the bars show.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Credits claimed.
    Credits,
    /// Bytes, up on top of down.
    Traffic,
}

/// A picture.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PictureView {
    /// `0 0 720 200`.
    pub view_box: String,
    /// The bars in the order of time.
    pub bars: Vec<Bar>,
    /// Lines across, from the ground up.
    pub grid: Vec<GridLine>,
    /// What the bars sum to: exact credits, or bytes with a unit.
    pub total: Value,
    /// The same for sessions before the first bar; `None` if no session was before it.
    pub before: Option<Value>,
    /// The same for sessions after the last one, by a clock that was wrong.
    pub after: Option<Value>,
    /// The same for all sessions: what the last one says of its chain.
    pub all: Value,
    /// Number of sessions in the bars.
    pub sessions: u64,
}

/// One bar, and its line of the table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Bar {
    /// Left edge.
    pub x: u64,
    /// Width.
    pub width: u64,
    /// Upper edge and height of the lower part: credits, or bytes down.
    pub y: u64,
    /// See `y`.
    pub height: u64,
    /// Upper edge and height of the upper part: nothing, or bytes up.
    pub top_y: u64,
    /// See `top_y`.
    pub top_height: u64,
    /// Number of sessions.
    pub sessions: u64,
    /// Exact credits, with as many decimals as those of the other bars that have some.
    pub credits: Value,
    /// Bytes up, with a unit.
    pub up: Value,
    /// Bytes down.
    pub down: Value,
}

/// A line across the picture.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct GridLine {
    /// Its height.
    pub y: u64,
    /// What a bar of this height is worth.
    pub label: Value,
}

/// What falls into one bar.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sessions: u64,
    amount: u64,
    up: u64,
    down: u64,
}

impl Sum {
    /// What the last session says of all.
    const fn of_all(history: &History) -> Self {
        let totals = history.head.totals;
        Self {
            sessions: history.head.sequence,
            amount: totals.amount.get(),
            up: totals.bytes_up.get(),
            down: totals.bytes_down.get(),
        }
    }

    fn add(&mut self, report: &SessionReport) {
        self.sessions = self.sessions.saturating_add(1);
        self.amount = self.amount.saturating_add(report.amount.get());
        self.up = self.up.saturating_add(report.bytes_up.get());
        self.down = self.down.saturating_add(report.bytes_down.get());
    }

    const fn value(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Credits => self.amount,
            Measure::Traffic => self.up.saturating_add(self.down),
        }
    }
}

/// Draws all sessions between the first and the last edge. Edges are milliseconds since 1970, in
/// ascending order: each bar begins with one and ends with the next.
#[must_use]
pub fn picture(history: &History, measure: Measure, edges: &[u64]) -> PictureView {
    let count = edges.len().saturating_sub(1).min(BARS_MAX);
    let mut sums = vec![Sum::default(); count];
    let (mut before, mut after) = (Sum::default(), Sum::default());
    for report in history.reports.iter().map(Verified::value) {
        let ended = report.ended_at.get();
        let place = edges.partition_point(|edge| *edge <= ended);
        match place.checked_sub(1) {
            None => before.add(report),
            Some(place) => match sums.get_mut(place) {
                Some(sum) => sum.add(report),
                None => after.add(report),
            },
        }
    }
    let most = sums.iter().map(|sum| sum.value(measure)).max();
    let ceiling = ceiling(most.unwrap_or_default());
    let mut all = Sum::default();
    for sum in &sums {
        all.sessions = all.sessions.saturating_add(sum.sessions);
        all.amount = all.amount.saturating_add(sum.amount);
        all.up = all.up.saturating_add(sum.up);
        all.down = all.down.saturating_add(sum.down);
    }
    PictureView {
        view_box: format!("0 0 {WIDTH} {HEIGHT}"),
        bars: bars(&sums, measure, ceiling),
        grid: grid(measure, ceiling),
        total: in_words(measure, all.value(measure)),
        before: (before.sessions > 0).then(|| in_words(measure, before.value(measure))),
        after: (after.sessions > 0).then(|| in_words(measure, after.value(measure))),
        all: in_words(measure, Sum::of_all(history).value(measure)),
        sessions: all.sessions,
    }
}

fn bars(sums: &[Sum], measure: Measure, ceiling: u64) -> Vec<Bar> {
    let count = u64::try_from(sums.len()).unwrap_or(1).max(1);
    let room = WIDTH / count;
    let gap = room * GAP_PERCENT / 100;
    let mut x = WIDTH.saturating_sub(room * count) / 2;
    let amounts: Vec<_> = sums.iter().map(|sum| amount(sum.amount)).collect();
    let decimals = Decimals::exact(&amounts);
    let mut bars = Vec::with_capacity(sums.len());
    for sum in sums {
        let whole = height(sum.value(measure), ceiling);
        let (low, top) = match measure {
            Measure::Credits => (whole, 0),
            Measure::Traffic => {
                let low = height(sum.down, ceiling).min(whole);
                (low, whole.saturating_sub(low))
            }
        };
        bars.push(Bar {
            x: x.saturating_add(gap / 2),
            width: room.saturating_sub(gap).max(1),
            y: HEIGHT.saturating_sub(low),
            height: low,
            top_y: HEIGHT.saturating_sub(whole),
            top_height: top,
            sessions: sum.sessions,
            credits: match sum.amount {
                // A column of zeros would hide what is not nothing.
                0 => Value::exact(Amount::ZERO),
                nanocredits => Value::credits_to(amount(nanocredits), decimals),
            },
            up: Value::bytes(sum.up),
            down: Value::bytes(sum.down),
        });
        x = x.saturating_add(room);
    }
    bars
}

/// At least 2 for what is not nothing, so that it is seen.
fn height(value: u64, ceiling: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(ceiling.max(1));
    let scaled = u64::try_from(scaled).unwrap_or(HEIGHT).min(HEIGHT);
    match value {
        0 => 0,
        _ => scaled.max(2),
    }
}

fn grid(measure: Measure, ceiling: u64) -> Vec<GridLine> {
    if ceiling == 0 {
        return Vec::new();
    }
    let line = |part: u64| GridLine {
        y: HEIGHT.saturating_sub(HEIGHT * part / 2),
        label: in_words(measure, ceiling / 2 * part),
    };
    [0, 1, 2].map(line).to_vec()
}

/// The next of 2, 4, 6, 10, 20, … that is not below: half of it is a round number, too.
fn ceiling(most: u64) -> u64 {
    if most == 0 {
        return 0;
    }
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 6, 10] {
            let found = unit.saturating_mul(step);
            if found >= most {
                return found;
            }
        }
        unit = match unit.checked_mul(10) {
            Some(unit) => unit,
            None => return most,
        };
    }
}

fn in_words(measure: Measure, value: u64) -> Value {
    match measure {
        Measure::Credits => Value::exact(amount(value)),
        Measure::Traffic => Value::bytes(value),
    }
}

fn amount(nanocredits: u64) -> Amount {
    Amount::new(nanocredits).unwrap_or(Amount::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_line_is_round_and_not_below_the_highest_bar() {
        for (most, expected) in [(0, 0), (1, 2), (3, 4), (5, 6), (7, 10), (4_575, 6_000)] {
            assert_eq!(ceiling(most), expected, "{most}");
        }
        assert!(ceiling(u64::MAX) >= u64::MAX - 1);
    }

    #[test]
    fn a_bar_that_is_not_empty_is_seen_and_none_leaves_the_picture() {
        assert_eq!(height(0, 100), 0);
        assert_eq!(height(1, u64::MAX), 2);
        assert_eq!(height(u64::MAX, u64::MAX), HEIGHT);
        assert_eq!(height(u64::MAX, 1), HEIGHT);
    }
}
