//! A ledger with its folder, and what devices do with it.

use crate::home::Home;
use meter_core::{
    AccountId, Challenge, EnrolmentRule, LedgerSigner, Receipt, SIGNATURE_BYTES, SessionReport,
    Signed, UnixMs, Verified,
};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Claimed, Ledger, Outcome},
    store::{Place, Store},
};
use std::sync::Arc;

/// The seed of the receipt key in tests.
pub(crate) const SEED: [u8; 32] = [7; 32];

/// A ledger on a database of its own, which is of the kind that the test program tests.
pub(crate) struct Bench {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) home: Home,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let home = Home::new();
        let ledger = start(&home.place());
        Self { ledger, home }
    }

    /// The same ledger after its end and another start.
    pub(crate) fn restarted(self) -> Self {
        let Self { ledger, home } = self;
        ledger.finish();
        drop(ledger);
        let ledger = start(&home.place());
        Self { ledger, home }
    }
}

pub(crate) fn start(place: &Place) -> Arc<Ledger> {
    let store = Store::open(place).expect("a database");
    let signer = LedgerSigner::from_seed(&SEED);
    let ledger = Ledger::start(store, signer, EnrolmentRule::Open);
    Arc::new(ledger.expect("a ledger"))
}

/// A challenge that was not used yet.
pub(crate) fn challenge() -> Challenge {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("random numbers");
    Challenge(random)
}

/// A time that no test reaches.
pub(crate) fn far() -> UnixMs {
    UnixMs::new(9_000_000_000_000).expect("a small time")
}

/// Enrols a device in a new account.
pub(crate) fn enrol(ledger: &Ledger, device: &Device) -> AccountId {
    let statement = device.enrolment(ledger.key(), challenge(), None);
    let enrolled = ledger.enrol(&statement, far()).expect("enrolled");
    assert!(enrolled.recovery.is_some() && !enrolled.before);
    enrolled.account
}

pub(crate) fn claim(report: &Verified<SessionReport>) -> Claimed {
    Claimed {
        report: report.signed().clone(),
        receipt: None,
    }
}

/// Submits reports; no device submits too often.
pub(crate) async fn submit(
    ledger: &Arc<Ledger>,
    reports: &[Verified<SessionReport>],
) -> Vec<Outcome> {
    ledger
        .submit(reports.iter().map(claim).collect(), |_| true)
        .await
}

/// The bytes of the receipt in an outcome.
pub(crate) fn receipt_bytes(outcome: &Outcome) -> [u8; 264] {
    match outcome {
        Outcome::Answered(Answer::Accepted(bytes) | Answer::Replay(bytes)) => **bytes,
        other => panic!("{other:?}"),
    }
}

/// The receipt in an outcome, verified, which must answer `report`.
pub(crate) fn receipt(ledger: &Ledger, outcome: &Outcome, report: &SessionReport) -> Receipt {
    let bytes = receipt_bytes(outcome);
    let (body, signature) = bytes
        .split_last_chunk::<SIGNATURE_BYTES>()
        .expect("264 bytes");
    let signed: Signed<Receipt> = Signed::new(body.to_vec(), *signature);
    let receipt = *signed
        .verify(ledger.key())
        .expect("the ledger signed it")
        .value();
    receipt.answers(report).expect("it answers the report");
    receipt
}
