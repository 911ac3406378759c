//! The operator's view: how the ledger runs. It changes nothing, and it names no account.

use super::{
    amount::Credits,
    day::Moment,
    frame::Frame,
    quantity::{bytes_short, duration},
};
use crate::number::{count, counted};
use askama::Template;
use meter_core::{Amount, ByteCount, DurationMs, UnixMs};

/// Less than this is too little room: a busy ledger writes it in some days.
const LOW_BYTES: u64 = 1_000_000_000;

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "operator.html")]
pub struct OperatorPage {
    /// What surrounds it.
    pub frame: Frame,
    /// Whether a commit succeeded just now.
    pub commits: bool,
    /// Why the ledger only reads; `None` while it takes reports.
    pub held: Option<String>,
    /// What happens now.
    pub pulse: Pulse,
    /// What was refused since the start, the most frequent first.
    pub refusals: Vec<Refusal>,
    /// Accounts.
    pub accounts: u64,
    /// Devices that may submit.
    pub devices: u64,
    /// Reports that were ever taken.
    pub reports: u64,
    /// What they were awarded.
    pub awarded: Amount,
    /// The most that all accounts together can be credited with in a day; `None` beyond 2⁶³ − 1
    /// nanocredits.
    pub most_day: Option<Amount>,
    /// Chains that are frozen, because their device signed two histories.
    pub frozen: u64,
    /// The ledger's public key as a vkey line.
    pub vkey: String,
}

/// What happens now, the same as in `/metrics`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pulse {
    /// Reports that were taken within the last minute.
    pub taken_in_one_minute: u64,
    /// Reports that were taken within the last five minutes.
    pub taken_in_five_minutes: u64,
    /// Reports that wait for the database.
    pub waiting: u64,
    /// For how long the oldest of them has waited.
    pub oldest_wait: DurationMs,
    /// The last audit; `None` before the first.
    pub audit: Option<Audited>,
    /// How many hours pass between two audits; `None`: it makes no audits while it serves.
    pub audit_every_hours: Option<u32>,
    /// The size of the database; `None` while it does not answer.
    pub store: Option<ByteCount>,
    /// What is left on the disk of the data folder; `None` while that is not known.
    pub free: Option<ByteCount>,
}

/// What an audit has found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Audited {
    /// When it ended.
    pub ended: UnixMs,
    /// How many reports it has looked at.
    pub reports: u64,
    /// How many rows are not as they were written.
    pub findings: u64,
}

/// Something that was refused for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// `Report` or `Request`.
    pub what: &'static str,
    /// The reason as `/metrics` names it.
    pub reason: String,
    /// The same as a sentence.
    pub meaning: String,
    /// How often.
    pub count: u64,
}

impl OperatorPage {
    fn number(&self, number: &u64) -> String {
        count(*number)
    }

    fn credits(&self, amount: &Amount) -> Credits {
        (*amount).into()
    }

    fn wrong_rows(&self) -> Option<String> {
        let audit = self.pulse.audit.filter(|audit| audit.findings > 0)?;
        let verb = if audit.findings == 1 { "is" } else { "are" };
        let rows = counted(audit.findings, "row", "rows");
        Some(format!("{rows} of the database {verb} not as written"))
    }
}

impl Pulse {
    /// Reports per second over five minutes: `0.42`.
    fn rate(&self) -> String {
        let hundredths = self.taken_in_five_minutes.saturating_mul(100) / 300;
        match (hundredths, self.taken_in_five_minutes) {
            (0, 1..) => "< 0.01".to_owned(),
            _ => format!("{}.{:02}", count(hundredths / 100), hundredths % 100),
        }
    }

    fn taken(&self) -> String {
        let (one, five) = (self.taken_in_one_minute, self.taken_in_five_minutes);
        format!("{} in the last minute, {} in five", count(one), count(five))
    }

    fn queue(&self) -> String {
        match self.waiting {
            0 => "no report waits for the database".to_owned(),
            1 => format!("report, for {}", duration(self.oldest_wait)),
            _ => format!("reports, the oldest for {}", duration(self.oldest_wait)),
        }
    }

    fn waits(&self) -> String {
        count(self.waiting)
    }

    fn free_bytes(&self) -> String {
        self.free
            .map_or_else(|| "not known".to_owned(), bytes_short)
    }

    fn store_bytes(&self) -> String {
        match self.store {
            Some(bytes) => format!("the database has {}", bytes_short(bytes)),
            None => "the size of the database is not known".to_owned(),
        }
    }

    fn is_low(&self) -> bool {
        self.free.is_some_and(|free| free.get() < LOW_BYTES)
    }

    fn next_audit(&self) -> String {
        match self.audit_every_hours {
            None => "none runs by itself: audit_every_hours = 0".to_owned(),
            Some(1) => "the first begins 10 minutes after the start, then one each hour".to_owned(),
            Some(hours) => {
                format!("the first begins 10 minutes after the start, then one every {hours} hours")
            }
        }
    }
}

impl Audited {
    fn moment(&self) -> Moment {
        Moment(self.ended)
    }

    fn ago(&self, frame: &Frame) -> String {
        self.moment().ago(frame.now)
    }

    fn found(&self) -> String {
        count(self.findings)
    }

    fn looked(&self) -> String {
        let noun = if self.findings == 1 { "row" } else { "rows" };
        let reports = counted(self.reports, "report", "reports");
        format!("wrong {noun} in {reports}")
    }
}

impl Refusal {
    fn number(&self) -> String {
        count(self.count)
    }
}
