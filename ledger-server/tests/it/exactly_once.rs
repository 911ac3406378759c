//! One report is awarded once.

use crate::support::{Bench, enrol, receipt_bytes, submit};
use meter_testkit::device::Device;
use onionmeter_ledger::{committer::Answer, ledger::Outcome};
use std::{collections::BTreeSet, sync::Arc};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_submits_of_one_report_at_the_same_time_are_one_award_and_one_receipt() {
    let bench = Bench::new();
    let mut device = Device::numbered(1);
    let account = enrol(&bench.ledger, &device);
    let report = device.report(1, 0);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (ledger, report) = (Arc::clone(&bench.ledger), report.clone());
        tasks.spawn(async move { submit(&ledger, &[report]).await.remove(0) });
    }
    let outcomes = tasks.join_all().await;
    let accepted = |outcome: &&Outcome| matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
    assert_eq!(outcomes.iter().filter(accepted).count(), 1);
    let receipts: BTreeSet<_> = outcomes.iter().map(receipt_bytes).collect();
    assert_eq!(receipts.len(), 1);
    let balance = bench.ledger.balance(account).expect("a balance");
    assert_eq!(balance.awarded.get(), balance.duration.get() * 100_000);
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
