//! What this ledger credits, and what a lie can earn at most.

use super::{
    amount::plain,
    day::Moment,
    formula::formula,
    frame::Frame,
    quantity::{bytes_round, duration},
};
use crate::number::{count, counted};
use askama::Template;
use meter_core::{ByteCount, DurationMs, EnrolmentRule, Policy, Tariff};

/// The price of a lie: `whatever it claims, an account earns at most 9,640 credits a day; doing
/// nothing earns 8,640`.
#[must_use]
pub fn price_of_a_lie(policy: &Policy) -> String {
    format!(
        "whatever it claims, an account earns at most {} credits a day; doing nothing earns {}",
        plain(policy.most_per_day().total),
        plain(policy.idle_per_day())
    )
}

/// The same with a capital letter and a full stop.
pub(super) fn price_sentence(policy: &Policy) -> String {
    let sentence = price_of_a_lie(policy);
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "policy.html")]
pub struct PolicyPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The policy in force.
    pub policy: Policy,
    /// The ledger's public key as a vkey line.
    pub vkey: String,
    /// After how many days the ledger deletes reports; receipts stay. `None`: it keeps them.
    pub keep_reports_days: Option<u32>,
}

impl PolicyPage {
    fn sentence(&self) -> String {
        price_sentence(&self.policy)
    }

    fn effective(&self) -> Moment {
        Moment(self.policy.effective_at)
    }

    fn needs_invitation(&self) -> bool {
        self.policy.enrolment == EnrolmentRule::ByInvitation
    }

    fn number(&self, number: &u32) -> String {
        count(u64::from(*number))
    }

    fn days(&self, days: &u32) -> String {
        counted(u64::from(*days), "day", "days")
    }

    fn per_second(&self) -> String {
        self.price(DurationMs::from_u32(1_000), ByteCount::ZERO)
    }

    fn per_megabyte(&self) -> String {
        self.price(DurationMs::ZERO, ByteCount::from_u32(1_000_000))
    }

    /// The example of the documents, by the policy's own tariff.
    fn example(&self) -> String {
        let (length, bytes) = (DurationMs::from_u32(45_000), ByteCount::from_u32(150_000));
        formula(self.policy.tariff, length, bytes).unwrap_or_default()
    }

    /// A decoded policy has a tariff that this version knows.
    fn price(&self, length: DurationMs, bytes: ByteCount) -> String {
        let award = Tariff::by_id(self.policy.tariff)
            .and_then(|tariff| tariff.award(length, bytes).ok())
            .unwrap_or_default();
        plain(award.total)
    }

    fn bytes(&self, bytes: &ByteCount) -> String {
        bytes_round(*bytes)
    }

    fn length(&self, length: &DurationMs) -> String {
        duration(*length)
    }
}
