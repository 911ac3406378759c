//! The overview shows one number everywhere, and its bars sum to it.

use super::*;
use crate::pages::frame::Who;
use meter_core::{ByteCount, DurationMs, Tariff};

/// 2026-11-28T21:03:45Z, a Saturday.
const NOW: u64 = 1_795_899_825_000;

fn at(ms: u64) -> UnixMs {
    UnixMs::new(ms).expect("fits")
}

fn today() -> Day {
    Day::of(at(NOW))
}

fn frame() -> Frame {
    Frame {
        ledger: "127.0.0.1:3443".to_owned(),
        now: at(NOW),
        who: Who::Nobody,
        tab: None,
        under_audit: None,
    }
}

/// `seconds` of one session on the day that is `back` days ago.
fn day(back: u64, seconds: u32) -> DayTotals {
    let time = DurationMs::from_u32(seconds * 1_000);
    DayTotals {
        day: today().minus(back),
        sessions: 1,
        award: Tariff::V1
            .award(time, ByteCount::from_u32(seconds))
            .expect("small"),
    }
}

fn history(earlier: u64, days: Vec<DayTotals>) -> History {
    let sum: u64 = days.iter().map(|day| day.award.total.get()).sum();
    History {
        began: at(0),
        awarded: Amount::new(earlier + sum).expect("fits"),
        moved: 0,
        sessions: 1 + u64::try_from(days.len()).expect("few"),
        days,
        last_report: None,
    }
}

fn page(history: &History, range: Range) -> Overview {
    Overview::new(frame(), history, range).expect("balanced")
}

/// Every shown number comes from the same days, and what is earlier makes up the rest.
#[test]
fn bars_table_and_earlier_sum_to_the_balance_in_every_range() {
    let days = (0..500).map(|back| day(back, 40 + u32::try_from(back).expect("few")));
    let all: Vec<_> = days.collect();
    let whole = history(0, all);
    for range in Range::ALL {
        let page = page(&whole, range);
        let rows: i64 = page.rows.iter().map(|row| row.total.0).sum();
        assert_eq!(rows, page.sums.total.0);
        assert_eq!(rows, page.chart.legend.total.get_signed());
        assert_eq!(rows + page.earlier.0, page.credited.0);
        let parts = page.sums.time.0 + page.sums.bytes.0;
        assert_eq!(parts, rows);
        assert_eq!(page.rows.len(), page.chart.bars.len());
    }
}

#[test]
fn the_year_has_whole_weeks_and_the_other_ranges_have_days() {
    let whole = history(0, vec![day(0, 45)]);
    for (range, bars) in [(Range::Week, 7), (Range::Month, 30), (Range::Quarter, 90)] {
        assert_eq!(page(&whole, range).chart.bars.len(), bars);
    }
    let year = page(&whole, Range::Year);
    assert_eq!(year.chart.bars.len(), 53);
    assert_eq!(year.first, "24 November 2025");
    assert_eq!(year.rows[0].name, "23 Nov 2026");
    assert_eq!(year.rows[0].total, year.sums.total);
}

#[test]
fn each_period_stands_beside_the_period_before() {
    // Today is Saturday: 5 days ago is Monday, 6 days ago is Sunday of the week before.
    let days = [
        (0, 1),
        (1, 10),
        (5, 100),
        (6, 1_000),
        (12, 10_000),
        (13, 100_000),
    ];
    let days = days.map(|(back, seconds)| day(back, seconds)).to_vec();
    let page = page(&history(0, days), Range::Week);
    let seconds = |credits: Credits| credits.0 / 100_000_500;
    assert_eq!((seconds(page.today.0), seconds(page.today.1)), (1, 10));
    assert_eq!((seconds(page.week.0), seconds(page.week.1)), (111, 11_000));
}

/// The week before this one starts earlier than the shortest range.
#[test]
fn the_days_that_are_asked_for_hold_every_shown_period() {
    assert_eq!(Range::Week.first_needed(today()), today().minus(12));
    assert_eq!(Range::Quarter.first_needed(today()), today().minus(89));
    for range in Range::ALL {
        assert!(range.first_needed(today()) <= today().monday().minus(7));
        assert!(range.first_needed(today()) <= range.first(today()));
    }
}

#[test]
fn days_that_sum_to_more_than_the_balance_are_not_shown() {
    let mut wrong = history(0, vec![day(0, 45)]);
    wrong.awarded = Amount::new(wrong.awarded.get() - 1).expect("fits");
    let shown = Overview::new(frame(), &wrong, Range::Month);
    assert_eq!(shown.map(|_| ()), Err(Unbalanced));
}

/// A correction is a line of the sum of its own and belongs to no day.
#[test]
fn a_correction_by_the_operator_is_shown_in_the_sum() {
    let mut corrected = history(0, vec![day(0, 45)]);
    corrected.moved = -1_000_000_000;
    let page = page(&corrected, Range::Month);
    let moved = page.moved.expect("a correction");
    assert_eq!(moved.0, -1_000_000_000);
    assert_eq!(
        page.earlier.0 + page.sums.total.0 + moved.0,
        page.credited.0
    );
    assert_eq!(
        super::super::html(&page).matches("Corrections by").count(),
        1
    );
}

#[test]
fn before_the_account_began_there_is_no_number_and_not_zero() {
    let mut young = history(0, vec![day(0, 45)]);
    young.began = today().minus(2).start();
    let page = page(&young, Range::Week);
    assert_eq!(page.rows.len(), 3);
    let counted: Vec<_> = page.chart.bars.iter().map(|bar| bar.is_counted).collect();
    assert_eq!(counted, [false, false, false, false, true, true, true]);
    assert!(
        page.chart.bars[0]
            .title
            .ends_with("before this account began")
    );
    assert_eq!(page.began.as_deref(), Some("26 November 2026"));
}

#[test]
fn a_range_is_named_by_its_days_and_by_nothing_else() {
    assert_eq!(Range::of_days("365"), Some(Range::Year));
    for text in ["", "0", "8", "030", "-7", "7 "] {
        assert_eq!(Range::of_days(text), None, "{text}");
    }
}
