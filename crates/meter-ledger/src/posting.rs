//! The postings of a report: what it moves between accounts.

use crate::{BookError, Bug};
use meter_core::{SessionReport, Tariff};
use rusqlite::{Connection, named_params};

/// The three accounts of the book. Each report has a posting in each of them, even if it is 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Account {
    /// The person's credits.
    Credits,
    /// Credits that were issued for time; never above 0.
    IssuedTime,
    /// Credits that were issued for bytes; never above 0.
    IssuedBytes,
}

/// One entry of the book, in nanocredits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Posting {
    pub(crate) account: Account,
    pub(crate) amount: i64,
}

/// Number of postings of each report.
pub(crate) const POSTINGS_PER_REPORT: u64 = 3;

impl Account {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Credits => "credits",
            Self::IssuedTime => "issued:time",
            Self::IssuedBytes => "issued:bytes",
        }
    }
}

/// The postings of a report, computed from its duration and bytes with its tariff. Their sum is 0.
///
/// # Errors
/// A bug, when the report cannot be one that was verified.
pub(crate) fn of(report: &SessionReport) -> Result<[Posting; 3], Bug> {
    let tariff = Tariff::by_id(report.tariff).ok_or_else(|| Bug::new("an unknown tariff"))?;
    let award = tariff
        .award(report.duration, report.bytes())
        .map_err(|_| Bug::new("an amount beyond the limit"))?;
    if award.total != report.amount {
        return Err(Bug::new("an amount that is not its tariff's"));
    }
    // Amounts are at most `i64::MAX`, so their negatives fit, too.
    Ok([
        (Account::Credits, award.total.get_signed()),
        (
            Account::IssuedTime,
            award.time.get_signed().saturating_neg(),
        ),
        (
            Account::IssuedBytes,
            award.bytes.get_signed().saturating_neg(),
        ),
    ]
    .map(|(account, amount)| Posting { account, amount }))
}

pub(crate) fn insert(
    connection: &Connection,
    sequence: i64,
    postings: &[Posting],
) -> Result<(), BookError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO postings (account, report, amount) VALUES (:account, :report, :amount)",
    )?;
    for posting in postings {
        insert.execute(named_params! {
            ":account": posting.account.name(),
            ":report": sequence,
            ":amount": posting.amount,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_core::{ByteCount, ChainHead, ChainId, DeviceKey, DurationMs, SessionTotals, UnixMs};
    use proptest::prelude::*;

    fn amounts(ms: u64, up: u64, down: u64) -> Vec<(&'static str, i64)> {
        let session = SessionTotals {
            started_at: UnixMs::ZERO,
            ended_at: UnixMs::ZERO,
            duration: DurationMs::new(ms).unwrap(),
            bytes_up: ByteCount::new(up).unwrap(),
            bytes_down: ByteCount::new(down).unwrap(),
            resumed: false,
        };
        let head = ChainHead::genesis(ChainId([0; 16]), DeviceKey([0; 32]));
        let report = head.next_report(&session, &Tariff::V1).unwrap();
        let pair = |posting: Posting| (posting.account.name(), posting.amount);
        of(&report).unwrap().map(pair).to_vec()
    }

    #[test]
    fn the_example_of_the_design_takes_its_credits_from_time_and_bytes() {
        let expected = [
            ("credits", 4_575_000_000),
            ("issued:time", -4_500_000_000),
            ("issued:bytes", -75_000_000),
        ];
        assert_eq!(amounts(45_000, 50_000, 100_000), expected);
    }

    proptest! {
        #[test]
        fn the_postings_of_a_report_add_up_to_nothing(
            ms in 0_u64..10_000_000_000_000,
            up in 0_u64..1_000_000_000_000_000,
            down in 0_u64..1_000_000_000_000_000,
        ) {
            let sum: i64 = amounts(ms, up, down).iter().map(|posting| posting.1).sum();
            prop_assert_eq!(sum, 0);
        }
    }
}
