//! A deleted account does not come back.

use crate::{
    clocked::{Clocked, HOUR, awarded, count, one, stored_rows, words},
    support::{challenge, claim, enrol, far, receipt_bytes},
};
use meter_core::Signed;
use meter_testkit::device::Device;
use onionmeter_ledger::ledger::{Claimed, EnrolError};

/// The receipts of a ledger that was set back heal it. Those of a deleted account must not.
#[tokio::test]
async fn a_deleted_account_comes_back_by_none_of_its_keys_and_receipts() {
    let bench = Clocked::new();
    let mut devices = [Device::numbered(1), Device::numbered(2)];
    let account = enrol(&bench.ledger, &devices[0]);
    let (code, _) = bench.ledger.invite(Some(account), 60_000).expect("a code");
    let statement = devices[1].enrolment(bench.ledger.key(), challenge(), Some(code.hash()));
    bench.ledger.enrol(&statement, far()).expect("enrolled");
    bench.clock.set(HOUR);
    let mut held = Vec::new();
    for device in &mut devices {
        let report = device.report(HOUR / 4, 1_000);
        let outcome = one(&bench.ledger, &report).await;
        held.push((report, receipt_bytes(&outcome)));
    }
    bench
        .ledger
        .revoke(devices[1].key(), Some(account))
        .expect("removed");
    assert!(bench.ledger.delete_account(account).expect("deleted"));
    assert_eq!(
        count(&bench.ledger, "SELECT COUNT(*) FROM deleted_devices"),
        2
    );
    assert_eq!(stored_rows(&bench.ledger), 2, "two used challenges");

    let bench = bench.restarted(|| ());
    let ledger = &bench.ledger;
    let (code, _) = ledger.invite(None, 60_000).expect("a code");
    for device in [Device::numbered(1), Device::numbered(2)] {
        for code in [None, Some(code.hash())] {
            let statement = device.enrolment(ledger.key(), challenge(), code);
            let refused = ledger
                .enrol(&statement, far())
                .expect_err("its key is deleted");
            assert!(matches!(refused, EnrolError::Revoked), "{refused}");
        }
    }
    let new = enrol(ledger, &Device::numbered(3));
    for (report, receipt) in &held {
        let (body, signature) = receipt.split_last_chunk().expect("264 bytes");
        let claim = Claimed {
            receipt: Some(Signed::new(body.to_vec(), *signature)),
            ..claim(report)
        };
        assert_eq!(words(ledger, vec![claim]).await, ["unknown device"]);
    }
    assert_eq!(awarded(ledger, new), (0, 0));
    assert_eq!(count(ledger, "SELECT COUNT(*) FROM reports"), 0);
}
