//! The operator's view: how the ledger runs. It changes nothing, and it names no account.

use super::{
    amount::{Credits, count},
    day::Moment,
    frame::Frame,
    quantity::{bytes_short, duration},
};
use askama::Template;
use meter_core::{Amount, ByteCount, DurationMs, UnixMs};

/// How many reports were refused for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The code that the device was given.
    pub code: String,
    /// The number in the last 24 hours.
    pub day: u64,
    /// The number since this instance started.
    pub ever: u64,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "operator.html")]
pub struct OperatorPage {
    /// What surrounds it.
    pub frame: Frame,
    /// `SQLite` or `PostgreSQL 15.6`.
    pub store: String,
    /// Size of the database.
    pub stored: ByteCount,
    /// How much larger it was made by the last 24 hours.
    pub grown_day: ByteCount,
    /// Accounts.
    pub accounts: u64,
    /// Devices that may submit.
    pub devices: u64,
    /// Reports accepted in the last 60 seconds.
    pub accepted_minute: u64,
    /// Reports accepted in the last 24 hours.
    pub accepted_day: u64,
    /// Credited in the last 24 hours.
    pub credited_day: Amount,
    /// The most that all accounts together can be credited with in a day.
    pub most_day: Amount,
    /// Refusals by reason.
    pub refused: Vec<Refused>,
    /// Forks: places of a chain with two different reports.
    pub forks: u64,
    /// Reports in the queue.
    pub queued: u64,
    /// How long the oldest of them has waited.
    pub oldest_queued: DurationMs,
    /// The newest commit that was read back; `None` before the first.
    pub last_commit: Option<UnixMs>,
    /// Whether commits fail now, and why.
    pub failing: Option<String>,
    /// When the last whole audit ended, and how many faults it found.
    pub audit: Option<(UnixMs, u64)>,
}

impl OperatorPage {
    fn number(&self, number: &u64) -> String {
        count(*number)
    }

    fn credits(&self, amount: &Amount) -> Credits {
        (*amount).into()
    }

    fn bytes(&self, bytes: &ByteCount) -> String {
        bytes_short(*bytes)
    }

    fn moment(&self, at: &UnixMs) -> Moment {
        Moment(*at)
    }

    fn waited(&self) -> String {
        match self.oldest_queued.get() {
            ms @ 0..1_000 => format!("{ms} ms"),
            _ => duration(self.oldest_queued),
        }
    }
}
