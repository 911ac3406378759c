//! One report is awarded once.

use crate::support::{Bench, enrol, receipt_bytes, submit};
use meter_core::{SessionReport, Verified};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, Outcome},
};
use std::{collections::BTreeSet, slice, sync::Arc, time::Duration};
use tokio::time::sleep;

const ASKED_AGAIN: u8 = 20;
const PAUSE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_submits_of_one_report_at_the_same_time_are_one_award_and_one_receipt() {
    let bench = Bench::new();
    let mut device = Device::numbered(1);
    let account = enrol(&bench.ledger, &device);
    let report = device.report(1, 0);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (ledger, report) = (Arc::clone(&bench.ledger), report.clone());
        tasks.spawn(async move { until_answered(&ledger, report).await });
    }
    let outcomes = tasks.join_all().await;
    let accepted = |outcome: &&Outcome| matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
    assert_eq!(outcomes.iter().filter(accepted).count(), 1);
    let receipts: BTreeSet<_> = outcomes.iter().map(receipt_bytes).collect();
    assert_eq!(receipts.len(), 1);
    let balance = bench.ledger.balance(account).expect("a balance");
    assert_eq!(balance.awarded.get(), balance.duration.get() * 100_000);
}

/// Asks again when the ledger is busy, as a host does: a slow machine may not store so many before
/// the database's own limits end a transaction.
async fn until_answered(ledger: &Arc<Ledger>, report: Verified<SessionReport>) -> Outcome {
    let mut outcome = submit(ledger, slice::from_ref(&report)).await.remove(0);
    for _ in 0..ASKED_AGAIN {
        if !matches!(outcome, Outcome::Answered(Answer::Busy)) {
            break;
        }
        sleep(PAUSE).await;
        outcome = submit(ledger, slice::from_ref(&report)).await.remove(0);
    }
    outcome
}

#[tokio::test]
async fn one_report_a_hundred_times_in_one_batch_is_one_award_and_the_same_receipt() {
    let bench = Bench::new();
    let mut device = Device::numbered(1);
    enrol(&bench.ledger, &device);
    let report = device.report(1, 0);
    let outcomes = submit(&bench.ledger, &vec![report; 100]).await;
    let receipts: BTreeSet<_> = outcomes.iter().map(receipt_bytes).collect();
    assert_eq!(receipts.len(), 1);
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::Accepted(_))
    ));
}
