//! The overview: what is credited, today and this week, and the history as a picture and a table.

use super::{
    amount::{Credits, plain},
    chart::{Chart, Slot},
    day::{Day, Moment},
    frame::Frame,
};
use crate::number::{count, counted};
use askama::Template;
use meter_core::{Amount, Award, UnixMs};

/// How far the history reaches back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Range {
    /// 7 days.
    Week,
    /// 30 days.
    #[default]
    Month,
    /// 90 days.
    Quarter,
    /// 365 days, in weeks that begin on Monday; the first is whole.
    Year,
}

impl Range {
    /// All ranges, shortest first.
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The range with this number of days, as `?days=` names it.
    #[must_use]
    pub fn of_days(days: &str) -> Option<Self> {
        let is_named = |range: &Self| range.days().to_string() == days;
        Self::ALL.into_iter().find(is_named)
    }

    /// The number of days.
    #[must_use]
    pub const fn days(self) -> u64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }

    /// The first day that is shown.
    #[must_use]
    pub const fn first(self, today: Day) -> Day {
        let first = today.minus(self.days() - 1);
        match self {
            Self::Year => first.monday(),
            Self::Week | Self::Month | Self::Quarter => first,
        }
    }

    /// The first day that [`History::days`] must hold: the range, and the week before this one.
    #[must_use]
    pub fn first_needed(self, today: Day) -> Day {
        self.first(today).min(today.monday().minus(7))
    }

    const fn days_per_bar(self) -> u64 {
        match self {
            Self::Year => 7,
            Self::Week | Self::Month | Self::Quarter => 1,
        }
    }
}

/// What the ledger credited on one day of its clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DayTotals {
    /// The day on which the reports arrived.
    pub day: Day,
    /// The number of sessions.
    pub sessions: u64,
    /// The tariff's amount of the awarded time and bytes.
    pub award: Award,
}

/// An account's numbers, read from the store at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// When the account began.
    pub began: UnixMs,
    /// The sum of all awards.
    pub awarded: Amount,
    /// The sum of the operator's corrections, which may be negative.
    pub moved: i64,
    /// The number of sessions ever.
    pub sessions: u64,
    /// Days with sessions, in any order, from [`Range::first_needed`] on.
    pub days: Vec<DayTotals>,
    /// When the newest report arrived, and the name of its device.
    pub last_report: Option<(UnixMs, String)>,
}

/// The days sum to more than the balance: the numbers are wrong, and no page shows them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the days sum to more than the balance; run `onionmeter-ledger audit`")]
pub struct Unbalanced;

/// A row of the table: one bar.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The first day: `28 Nov 2026`.
    pub name: String,
    /// The first day: `2026-11-28`.
    pub iso: String,
    /// The number of sessions.
    pub sessions: String,
    /// Credited for time.
    pub time: Credits,
    /// Credited for bytes.
    pub bytes: Credits,
    /// The sum of the two.
    pub total: Credits,
}

/// A link to another range.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RangeLink {
    /// 7, 30, 90 or 365.
    pub days: u64,
    /// Whether it is shown.
    pub is_current: bool,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "overview.html")]
pub struct Overview {
    /// What surrounds it.
    pub frame: Frame,
    /// All that was ever credited.
    pub credited: Credits,
    /// `1 session`, or `1,034 sessions, each`: with a receipt.
    pub sessions: String,
    /// Whether the account has no session yet.
    pub is_empty: bool,
    /// When the newest report arrived, how long ago that is, and the name of its device.
    pub last_report: Option<(Moment, String, String)>,
    /// Today since 00:00 UTC, and yesterday.
    pub today: (Credits, Credits),
    /// This week since Monday 00:00 UTC, and the week before.
    pub week: (Credits, Credits),
    /// 7, 30, 90, 365 days.
    pub ranges: Vec<RangeLink>,
    /// `day` or `week`.
    pub unit: &'static str,
    /// The first day that is shown: `30 October 2026`.
    pub first: String,
    /// The same: `30 Oct 2026`.
    pub first_dated: String,
    /// When the account began, if that is within the range.
    pub began: Option<String>,
    /// The picture.
    pub chart: Chart,
    /// The table, newest first.
    pub rows: Vec<Row>,
    /// The sum of the table's last line: sessions, time, bytes, total.
    pub sums: Row,
    /// What was credited before the first day that is shown.
    pub earlier: Credits,
    /// The operator's corrections; `None` without any.
    pub moved: Option<Credits>,
    /// The picture in one sentence.
    pub description: String,
}

impl Overview {
    /// Draws an account's numbers.
    ///
    /// # Errors
    /// [`Unbalanced`] when the days sum to more than the balance.
    pub fn new(frame: Frame, history: &History, range: Range) -> Result<Self, Unbalanced> {
        let today = Day::of(frame.now);
        let first = range.first(today);
        let began = Day::of(history.began);
        let between = |from: Day, to: Day| sum(history, from, to);
        let shown = between(first, today)?;
        let earlier = history.awarded.get().checked_sub(shown.award.total.get());
        let earlier = earlier.and_then(Amount::new).ok_or(Unbalanced)?;
        let credited = history.awarded.get_signed().checked_add(history.moved);
        let (slots, mut rows) = bars(history, range, today)?;
        rows.reverse();
        let (monday, chart) = (today.monday(), Chart::new(&slots));
        let unit = if range == Range::Year { "week" } else { "day" };
        let credits = |totals: DayTotals| Credits::from(totals.award.total);
        Ok(Self {
            credited: Credits(credited.ok_or(Unbalanced)?),
            sessions: counted(history.sessions, "session", "sessions, each"),
            is_empty: history.sessions == 0,
            last_report: history.last_report.as_ref().map(|(at, device)| {
                let moment = Moment(*at);
                (moment, moment.ago(frame.now), device.clone())
            }),
            today: (
                credits(between(today, today)?),
                credits(between(today.minus(1), today.minus(1))?),
            ),
            week: (
                credits(between(monday, today)?),
                credits(between(monday.minus(7), monday.minus(1))?),
            ),
            ranges: Range::ALL.map(|other| link(other, range)).to_vec(),
            unit,
            first: first.long(),
            first_dated: first.dated(),
            began: (began > first).then(|| began.long()),
            description: description(&chart, &slots, unit),
            chart,
            rows,
            sums: row("Sum".to_owned(), first, &shown),
            earlier: earlier.into(),
            moved: (history.moved != 0).then_some(Credits(history.moved)),
            frame,
        })
    }
}

fn link(other: Range, current: Range) -> RangeLink {
    RangeLink {
        days: other.days(),
        is_current: other == current,
    }
}

/// The sums of the days from `from` to `to`, both included.
fn sum(history: &History, from: Day, to: Day) -> Result<DayTotals, Unbalanced> {
    let start = DayTotals {
        day: from,
        sessions: 0,
        award: Award::default(),
    };
    let mut days = history
        .days
        .iter()
        .filter(|totals| (from..=to).contains(&totals.day));
    days.try_fold(start, |sum, totals| {
        let add = |one: Amount, other| one.checked_add(other).ok_or(Unbalanced);
        Ok(DayTotals {
            day: from,
            sessions: sum.sessions.saturating_add(totals.sessions),
            award: Award {
                time: add(sum.award.time, totals.award.time)?,
                bytes: add(sum.award.bytes, totals.award.bytes)?,
                total: add(sum.award.total, totals.award.total)?,
            },
        })
    })
}

/// The bars from left to right, and the table's rows in the same order. Days before the account
/// began have a slot without a bar and no row: no number is not zero.
fn bars(history: &History, range: Range, today: Day) -> Result<(Vec<Slot>, Vec<Row>), Unbalanced> {
    let (length, began) = (range.days_per_bar(), Day::of(history.began));
    let (mut slots, mut rows) = (Vec::new(), Vec::new());
    let mut first = range.first(today);
    while first <= today {
        let last = first.plus(length - 1);
        let totals = sum(history, first, last)?;
        // A day with sessions counts even where the account is said to be younger.
        let is_counted = last >= began || totals.sessions > 0;
        let name = match length {
            1 => first.long(),
            _ => format!("Week of {}", first.long()),
        };
        slots.push(Slot {
            label: match range {
                Range::Week => first.weekday(),
                Range::Month | Range::Quarter | Range::Year => first.short(),
            },
            title: title(&name, &totals, is_counted),
            award: totals.award,
            is_counted,
        });
        if is_counted {
            rows.push(row(first.dated(), first, &totals));
        }
        first = last.plus(1);
    }
    Ok((slots, rows))
}

fn row(name: String, first: Day, totals: &DayTotals) -> Row {
    Row {
        name,
        iso: first.iso(),
        sessions: count(totals.sessions),
        time: totals.award.time.into(),
        bytes: totals.award.bytes.into(),
        total: totals.award.total.into(),
    }
}

fn title(name: &str, totals: &DayTotals, is_counted: bool) -> String {
    if !is_counted {
        return format!("{name}: before this account began");
    }
    let award = &totals.award;
    format!(
        "{name}: {} credits (time {}, bytes {}) for {}",
        plain(award.total),
        plain(award.time),
        plain(award.bytes),
        counted(totals.sessions, "session", "sessions")
    )
}

/// What a person who does not see the picture should know of it.
fn description(chart: &Chart, slots: &[Slot], unit: &str) -> String {
    let total = plain(chart.legend.total);
    let highest = slots.iter().rev().max_by_key(|slot| slot.award.total);
    let most = highest.map_or(String::new(), |slot| {
        format!(" The highest: {}.", slot.title)
    });
    format!(
        "One bar for each {unit}; together {total} credits, {} of them for time and {} for \
         bytes.{most} The table below has the same numbers.",
        plain(chart.legend.time),
        plain(chart.legend.bytes)
    )
}

#[cfg(test)]
mod tests;
