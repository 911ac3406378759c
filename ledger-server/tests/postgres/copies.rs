//! A whole ledger from SQLite to PostgreSQL and back.

use crate::{
    home::Home,
    support::{SEED, enrol, receipt_bytes, start, submit},
};
use meter_core::{EnrolmentRule, LedgerSigner};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    audit,
    copy::{CopyError, contents, copy},
    ledger::Ledger,
    store::{Place, Store},
};
use std::sync::Arc;

fn audited(store: &Store) {
    let audit = audit::run(store, &|| true).expect("an audit");
    assert_eq!(audit.findings.count(), 0, "{:?}", audit.findings);
    assert!(audit.reports > 0);
}

#[tokio::test]
async fn a_ledger_is_the_same_after_the_way_to_postgresql_and_back_and_goes_on_there() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = |name: &str| Place::File(folder.path().join(name));
    let before = start(&file("before.sqlite3"));
    let mut devices: Vec<_> = (1..=3).map(Device::numbered).collect();
    let mut all = Vec::new();
    for device in &mut devices {
        let account = enrol(&before, device);
        let reports: Vec<_> = (0..40).map(|n| device.report(1 + n % 2, n)).collect();
        let outcomes = submit(&before, &reports).await;
        let receipts: Vec<_> = outcomes.iter().map(receipt_bytes).collect();
        all.push((
            account,
            reports,
            receipts,
            before.balance(account).expect("a balance"),
        ));
    }
    before.finish();
    let home = Home::new();
    let server = Store::open(&home.place()).expect("PostgreSQL");
    let copied = copy(before.store(), &server).expect("copied");
    assert_eq!(copied.reports, 120);
    audited(&server);
    assert!(matches!(
        copy(before.store(), &server),
        Err(CopyError::NotEmpty)
    ));
    // It goes on there: replays, new reports, and a new chain with a number of its own.
    let signer = LedgerSigner::from_seed(&SEED);
    let ledger = Arc::new(Ledger::start(server, signer, EnrolmentRule::Open).expect("a ledger"));
    for (account, reports, receipts, balance) in &all {
        assert_eq!(ledger.balance(*account).expect("a balance"), *balance);
        let again = submit(&ledger, reports).await;
        assert_eq!(
            again.iter().map(receipt_bytes).collect::<Vec<_>>(),
            *receipts
        );
    }
    devices[0].begin_chain(meter_core::ChainId([9; 16]));
    let more = [devices[0].report(1, 1), devices[0].report(2, 2)];
    let outcomes = submit(&ledger, &more).await;
    assert_eq!(outcomes.iter().map(receipt_bytes).count(), 2);
    enrol(&ledger, &Device::numbered(9));
    ledger.finish();
    let there = ledger.store().read(contents).expect("read");
    let after = Store::open(&file("after.sqlite3")).expect("a database");
    assert_eq!(copy(ledger.store(), &after).expect("copied back"), there);
    audited(&after);
}
