//! A mistake of this program in the middle of a transaction.

use crate::{
    clocked::{HOUR, awarded, count, words},
    home::Home,
    support::{SEED, claim, enrol, receipt_bytes, submit},
};
use meter_core::{EnrolmentRule, LedgerSigner, UnixMs};
use meter_testkit::device::Device;
use onionmeter_ledger::{ledger::Ledger, store::Store};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The clock is read within the transaction that takes reports, after the accounts are locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_transaction_is_answered_busy_and_the_ledger_goes_on_without_loss() {
    let home = Home::new();
    let (time, panics) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (shown, left) = (Arc::clone(&time), Arc::clone(&panics));
    let clock = Arc::new(move || {
        let take = |left: u64| left.checked_sub(1);
        let is_to_panic = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_ok();
        assert!(!is_to_panic, "a mistake of this program");
        UnixMs::new(1_800_000_000_000 + shown.load(Ordering::SeqCst)).expect("small")
    });
    let store = Store::open(&home.place())
        .expect("a database")
        .with_clock(clock);
    let ledger = Ledger::start(store, LedgerSigner::from_seed(&SEED), EnrolmentRule::Open);
    let ledger = Arc::new(ledger.expect("a ledger"));
    let mut device = Device::numbered(1);
    let account = enrol(&ledger, &device);
    time.store(HOUR, Ordering::SeqCst);
    let first = [device.report(1, 1)];
    let kept = receipt_bytes(&submit(&ledger, &first).await[0]);

    // As often as it is tried, and the thread that has panicked takes the next ones.
    panics.store(u64::MAX, Ordering::SeqCst);
    let reports: Vec<_> = (0..5).map(|_| device.report(1, 1)).collect();
    for _ in 0..2 {
        let answers = words(&ledger, reports.iter().map(claim).collect()).await;
        assert_eq!(answers, ["busy"; 5]);
    }
    panics.store(0, Ordering::SeqCst);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM reports"), 1);
    assert_eq!(receipt_bytes(&submit(&ledger, &first).await[0]), kept);

    // One panic: a batch is made again in halves. If the first report was taken alone, it is busy
    // and those behind it do not follow; sent again, each is taken once.
    panics.store(1, Ordering::SeqCst);
    let answers = words(&ledger, reports.iter().map(claim).collect()).await;
    assert_eq!(panics.load(Ordering::SeqCst), 0, "it has panicked");
    let is_whole = answers == ["accepted"; 5];
    assert!(is_whole || answers[0] == "busy", "{answers:?}");
    let answers = words(&ledger, reports.iter().map(claim).collect()).await;
    let expected = if is_whole { "replay" } else { "accepted" };
    assert_eq!(answers, [expected; 5]);
    let answers = words(&ledger, reports.iter().map(claim).collect()).await;
    assert_eq!(answers, ["replay"; 5]);
    assert_eq!(awarded(&ledger, account), (6, 6));
}
