//! G-13: the clock of the database jumps under a running ledger.

use crate::{
    home::{Home, shift_clock},
    support::{enrol, receipt, start, submit},
};
use meter_core::{Reason, SessionReport, Verified};
use meter_testkit::device::Device;
use onionmeter_ledger::ledger::Ledger;
use std::sync::Arc;

const HOUR: u64 = 3_600_000;
/// The backlog of the first policy.
const SEVEN_DAYS: u64 = 7 * 24 * HOUR;

#[tokio::test]
async fn g_13_a_clock_that_jumps_takes_nothing_away_and_gives_at_most_the_backlog() {
    let home = Home::new();
    shift_clock(home.server, &home.database, "");
    let ledger = start(&home.place());
    let mut device = Device::numbered(1);
    let account = enrol(&ledger, &device);
    let first = [device.report(1, 0)];
    let earned: u64 = awarded(&ledger, &first).await.iter().sum();

    shift_clock(home.server, &home.database, "- interval '1 day'");
    let back = [device.report(HOUR, 0), device.report(HOUR, 0)];
    assert_eq!(awarded(&ledger, &back).await, [0, 0]);
    let before = ledger.balance(account).expect("a balance");
    assert_eq!(before.duration.get(), earned);

    shift_clock(home.server, &home.database, "+ interval '1 year'");
    let claims: Vec<_> = (0..90).map(|_| device.report(2 * HOUR, 0)).collect();
    let total: u64 = awarded(&ledger, &claims).await.iter().sum();
    // What passes while they are taken comes on top.
    assert!((SEVEN_DAYS..SEVEN_DAYS + HOUR).contains(&total), "{total}");

    shift_clock(home.server, &home.database, "");
    let after = [device.report(HOUR, 0)];
    assert_eq!(awarded(&ledger, &after).await, [0]);
    let balance = ledger.balance(account).expect("a balance");
    assert_eq!(balance.duration.get(), earned + total);
    // And it earns again from here on.
    let begin = ledger.now().expect("a clock").get();
    while ledger.now().expect("a clock").get() < begin + 20 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(awarded(&ledger, &[device.report(20, 0)]).await, [20]);
}

/// The awarded milliseconds of each report. Each that got fewer than it claimed says why.
async fn awarded(ledger: &Arc<Ledger>, reports: &[Verified<SessionReport>]) -> Vec<u64> {
    let outcomes = submit(ledger, reports).await;
    let both = outcomes.iter().zip(reports);
    both.map(|(outcome, report)| {
        let receipt = receipt(ledger, outcome, report.value());
        let is_less = receipt.awarded_duration < report.value().duration;
        let reasons = [Reason::TimeBudget, Reason::BeforeEnrolment];
        let says_why = reasons
            .iter()
            .any(|&reason| receipt.reasons.contains(reason));
        assert_eq!(is_less, says_why);
        receipt.awarded_duration.get()
    })
    .collect()
}
