//! All sessions of the chain, verified by the page that lists them.
//!
//! The page fetches them in pages and gives them in here, from the first to the last. Each is
//! verified with the host's key, and must follow from the one before; what does not is not taken,
//! and nothing after it. Pure: no clock, no time zone, no browser. Times of a picture's edges and
//! of a filter come from the page, which knows the person's calendar.

mod export;
mod filter;
mod picture;
mod proof;
mod qr;
mod rate;
mod receipt;

pub use export::{to_csv, to_json};
pub use filter::Filter;
pub use picture::{Bar, GridLine, Measure, PictureView, picture};
pub use proof::{Check, Field, Proof, proof};
pub use qr::qr;
pub use rate::{Rate, RateView};
pub use receipt::{ReceiptView, ask_receipt, receipt};

use crate::text::{Text, Value, key};
use crate::view::{ReportRow, row, said};
use meter_core::{ChainHead, ChainId, DeviceKey, SessionReport, Signed, Verified};
use meter_wire::{HexBytes, Outcome, ReportsQuery, Request, Success, U64Text};
use serde::Serialize;

/// How many sessions are asked for at once: verifying them takes less time than a frame lasts that
/// a person would miss.
const PAGE: u16 = 100;

/// The sessions verified so far.
#[derive(Debug)]
pub struct History {
    head: ChainHead,
    reports: Vec<Verified<SessionReport>>,
    trouble: Option<Text>,
    filter: Filter,
    /// Which of them the filter leaves, the newest first.
    listed: Vec<usize>,
}

/// How far the page has come.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Progress {
    /// How many are verified.
    pub verified: String,
    /// The same as a number, for the list.
    pub count: usize,
    /// How many of them the filter leaves.
    pub listed: usize,
    /// Why no further one is taken.
    pub trouble: Option<Text>,
}

impl History {
    /// Nothing is known of this chain yet. `None`: key or chain are not written as they should be.
    #[must_use]
    pub fn of(key: &str, chain: &str) -> Option<Self> {
        let key: [u8; 32] = hex::decode(key).ok()?.try_into().ok()?;
        let chain: [u8; 16] = hex::decode(chain).ok()?.try_into().ok()?;
        Some(Self {
            head: ChainHead::genesis(ChainId(chain), DeviceKey(key)),
            reports: Vec::new(),
            trouble: None,
            filter: Filter::default(),
            listed: Vec::new(),
        })
    }

    /// What to ask next.
    #[must_use]
    pub const fn next(&self) -> Request {
        Request::Reports(ReportsQuery {
            after: U64Text(self.head.sequence),
            limit: PAGE,
        })
    }

    /// Takes the host's answer. Returns whether it brought a session.
    pub fn take(&mut self, outcome: &Outcome) -> bool {
        let page = match outcome {
            Outcome::Ok(Success::Reports(page)) => page,
            Outcome::Ok(_) => return false,
            Outcome::Error(problem) => {
                self.trouble = Some(said(problem));
                return false;
            }
        };
        self.trouble = None;
        let before = self.reports.len();
        for wire in &page.reports {
            if !self.add(Signed::from(wire)) {
                let number = self.head.sequence.saturating_add(1);
                self.trouble =
                    Some(key("session_unverified").with("number", Value::number(number)));
                break;
            }
        }
        let is_new = self.reports.len() > before;
        if is_new {
            self.list();
        }
        is_new
    }

    fn add(&mut self, signed: Signed<SessionReport>) -> bool {
        let Ok(verified) = signed.verify(self.head.key) else {
            return false;
        };
        let Ok(head) = self.head.follow(&verified) else {
            return false;
        };
        self.head = head;
        self.reports.push(verified);
        true
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            verified: self.head.sequence.to_string(),
            count: self.reports.len(),
            listed: self.listed.len(),
            trouble: self.trouble.clone(),
        }
    }

    /// Lists only what the filter leaves.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.list();
    }

    fn list(&mut self) {
        let all = self.reports.iter().enumerate().rev();
        let left = all.filter(|(_, report)| self.filter.leaves(report.value()));
        self.listed = left.map(|(place, _)| place).collect();
    }

    /// Some rows of the list, from the one at `from`.
    #[must_use]
    pub fn rows(&self, from: usize, count: usize) -> Vec<ReportRow> {
        let listed = self.listed.iter().skip(from).take(count);
        listed
            .filter_map(|place| self.reports.get(*place))
            .map(row)
            .collect()
    }

    /// The session at a place of the list, with the chain's head before it.
    fn at(&self, listed: usize) -> Option<(ChainHead, &Verified<SessionReport>)> {
        let place = *self.listed.get(listed)?;
        let report = self.reports.get(place)?;
        let before = place
            .checked_sub(1)
            .and_then(|place| self.reports.get(place));
        let head = match before {
            None => ChainHead::genesis(self.head.chain, self.head.key),
            Some(before) => {
                let value = before.value();
                ChainHead {
                    sequence: value.sequence,
                    link: value.link(),
                    totals: value.totals,
                    ..self.head
                }
            }
        };
        Some((head, report))
    }

    /// The session with this number of the chain, listed or not. The first one is number 1.
    fn numbered(&self, number: u64) -> Option<&Verified<SessionReport>> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.reports.get(place)
    }

    /// The sessions that the filter leaves, the oldest first.
    fn left(&self) -> impl Iterator<Item = &Verified<SessionReport>> {
        let listed = self.listed.iter().rev();
        listed.filter_map(|place| self.reports.get(*place))
    }

    const fn key(&self) -> HexBytes<32> {
        HexBytes(self.head.key.0)
    }

    const fn chain(&self) -> HexBytes<16> {
        HexBytes(self.head.chain.0)
    }
}
