//! Bars for the credits of days or weeks, as places in a picture. All numbers are integers.
//!
//! Places from left to right are percentages, so the picture takes the width that there is and its
//! text keeps its size. Heights are pixels.

use super::amount::plain;
use meter_core::{Amount, Award};

/// Height of the tallest bar that a chart can hold.
const HEIGHT: u64 = 160;
/// A whole width, in hundredths of a percent.
const WIDTH: u64 = 10_000;
/// More labels would touch each other on a phone.
const LABELS_MAX: usize = 5;

/// One slot of a chart: what it stands for, and its award.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Slot {
    /// A few characters for the axis: `28 Nov`.
    pub(super) label: String,
    /// The whole text: `28 November 2026: 41.2 credits`.
    pub(super) title: String,
    /// Time and bytes.
    pub(super) award: Award,
    /// Whether the account existed.
    pub(super) is_counted: bool,
}

/// One bar: time below, bytes on top of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bar {
    /// The text that a pointer shows.
    pub title: String,
    /// Left edge of the slot.
    pub slot_x: String,
    /// Width of the slot.
    pub slot_width: String,
    /// Left edge of the bar.
    pub x: String,
    /// Width of the bar.
    pub width: String,
    /// Upper edge and height of the part for time.
    pub time: (u64, u64),
    /// Upper edge and height of the part for bytes.
    pub bytes: (u64, u64),
    /// Whether the account existed; if not, the slot is drawn as unknown, which is not zero.
    pub is_counted: bool,
}

/// A horizontal line, or a label below the bars.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tick {
    /// From left, in percent; for a line its distance from the top, in pixels.
    pub at: String,
    /// The text.
    pub text: String,
    /// SVG's `text-anchor`.
    pub anchor: &'static str,
}

/// The sums beside the two colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Legend {
    /// Sum of all parts for time.
    pub time: Amount,
    /// Sum of all parts for bytes.
    pub bytes: Amount,
    /// Sum of all bars.
    pub total: Amount,
}

/// A picture of bars.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chart {
    /// From left to right.
    pub bars: Vec<Bar>,
    /// From top to bottom; the last is zero.
    pub lines: Vec<Tick>,
    /// From left to right.
    pub labels: Vec<Tick>,
    /// The sums.
    pub legend: Legend,
}

impl Chart {
    /// Draws the slots from left to right.
    pub(super) fn new(slots: &[Slot]) -> Self {
        let highest = slots.iter().map(|slot| slot.award.total).max();
        let top = round_top(highest.unwrap_or_default().get());
        let number = u64::try_from(slots.len()).unwrap_or(u64::MAX).max(1);
        let bars = (0..)
            .zip(slots)
            .map(|(at, slot)| bar(slot, at, number, top));
        let sum = |part: fn(&Award) -> Amount| {
            let parts = slots.iter().map(|slot| part(&slot.award));
            parts.fold(Amount::ZERO, Amount::saturating_add)
        };
        Self {
            bars: bars.collect(),
            lines: lines(top),
            labels: labels(slots, number),
            legend: Legend {
                time: sum(|award| award.time),
                bytes: sum(|award| award.bytes),
                total: sum(|award| award.total),
            },
        }
    }
}

/// The smallest round number, in nanocredits, that is not below `highest` and has a round half.
fn round_top(highest: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [10, 12, 16, 20, 24, 30, 40, 50, 60, 80] {
            let top = power.saturating_mul(step);
            if top >= highest {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// `amount` as pixels of a chart whose top is `top`, rounded down; at least 1 for what is not 0.
fn pixels(amount: u64, top: u64) -> u64 {
    let scaled = u128::from(amount) * u128::from(HEIGHT) / u128::from(top.max(1));
    let scaled = u64::try_from(scaled).unwrap_or(HEIGHT).min(HEIGHT);
    scaled.max(u64::from(amount > 0))
}

fn bar(slot: &Slot, at: u64, number: u64, top: u64) -> Bar {
    let left = at * WIDTH / number;
    let right = (at + 1) * WIDTH / number;
    let width = right - left;
    // Few bars would be wide boards; many need all the width for being seen.
    let share = if number <= 10 { 44 } else { 72 };
    let own = width * share / 100;
    let whole = pixels(slot.award.total.get(), top);
    let bytes = pixels(slot.award.bytes.get(), top).min(whole);
    let time = whole - bytes;
    Bar {
        title: slot.title.clone(),
        slot_x: percent(left),
        slot_width: percent(width),
        x: percent(left + (width - own) / 2),
        width: percent(own),
        time: (HEIGHT - time, time),
        bytes: (HEIGHT - whole, bytes),
        is_counted: slot.is_counted,
    }
}

fn lines(top: u64) -> Vec<Tick> {
    let parts = [(0, top), (HEIGHT / 2, top / 2), (HEIGHT, 0)];
    let line = |(y, value): (u64, u64)| Tick {
        at: y.to_string(),
        text: plain(Amount::new(value).unwrap_or_default()),
        anchor: "end",
    };
    parts.map(line).to_vec()
}

/// All labels of few slots, else the first, the last and some evenly between them.
fn labels(slots: &[Slot], number: u64) -> Vec<Tick> {
    let last = slots.len().saturating_sub(1);
    let is_few = slots.len() <= 7;
    let chosen: Vec<usize> = match is_few {
        true => (0..slots.len()).collect(),
        false => (0..LABELS_MAX)
            .map(|n| n * last / (LABELS_MAX - 1))
            .collect(),
    };
    let label = |at: usize| {
        let place = u64::try_from(at).unwrap_or(u64::MAX);
        let middle = (place * 2 + 1) * WIDTH / (number * 2);
        let (x, anchor) = match (is_few, at) {
            (false, 0) => (0, "start"),
            (false, _) if at == last => (WIDTH, "end"),
            _ => (middle, "middle"),
        };
        Some(Tick {
            at: percent(x),
            text: slots.get(at)?.label.clone(),
            anchor,
        })
    };
    chosen.into_iter().filter_map(label).collect()
}

/// Hundredths of a percent as `12.05%`.
fn percent(hundredths: u64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(time: u64, bytes: u64) -> Slot {
        let amount = |value| Amount::new(value).expect("fits");
        Slot {
            label: "28 Nov".to_owned(),
            title: "28 November 2026".to_owned(),
            award: Award {
                time: amount(time),
                bytes: amount(bytes),
                total: amount(time + bytes),
            },
            is_counted: true,
        }
    }

    #[test]
    fn the_top_of_a_chart_is_a_round_number_with_a_round_half() {
        for (highest, top) in [
            (0, 10),
            (11, 12),
            (41_000_000_000, 50_000_000_000),
            (2_050_000_000_000, 2_400_000_000_000),
            (8_000_000_001, 10_000_000_000),
        ] {
            assert_eq!(round_top(highest), top);
        }
        assert!(round_top(i64::MAX.unsigned_abs()) >= i64::MAX.unsigned_abs());
    }

    #[test]
    fn the_two_parts_of_a_bar_stand_on_each_other_and_on_the_ground() {
        let chart = Chart::new(&[slot(3_000, 1_000), slot(0, 0), slot(1, 7_999)]);
        let ground = |part: (u64, u64)| part.0 + part.1;
        for bar in &chart.bars {
            assert_eq!(ground(bar.time), HEIGHT);
            assert_eq!(ground(bar.bytes), bar.time.0);
        }
        assert_eq!(chart.bars[0].time.1, 60);
        assert_eq!(chart.bars[0].bytes.1, 20);
        assert_eq!((chart.bars[1].time.1, chart.bars[1].bytes.1), (0, 0));
        let legend = chart.legend;
        assert_eq!((legend.time.get(), legend.bytes.get()), (3_001, 8_999));
        assert_eq!(legend.total.get(), 12_000);
    }

    #[test]
    fn a_small_amount_is_still_seen_and_the_largest_stays_inside() {
        let chart = Chart::new(&[slot(1, 0), slot(i64::MAX.unsigned_abs(), 0)]);
        assert_eq!(chart.bars[0].time, (HEIGHT - 1, 1));
        assert!(chart.bars[1].time.1 <= HEIGHT);
    }

    #[test]
    fn bars_fill_the_width_without_leaving_it() {
        for number in [1, 7, 30, 53, 90] {
            let chart = Chart::new(&vec![slot(1, 1); number]);
            assert_eq!(chart.bars.len(), number);
            assert_eq!(chart.bars[0].slot_x, "0.00%");
            assert!(chart.labels.len() <= 7);
        }
    }
}
