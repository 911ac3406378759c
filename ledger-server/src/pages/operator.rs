//! The operator's view: how the ledger runs. It changes nothing, and it names no account.

use super::{
    amount::{Credits, count},
    frame::Frame,
};
use askama::Template;
use meter_core::Amount;

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

impl OperatorPage {
    fn number(&self, number: &u64) -> String {
        count(*number)
    }

    fn credits(&self, amount: &Amount) -> Credits {
        (*amount).into()
    }
}
