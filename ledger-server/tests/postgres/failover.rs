//! G-10: the primary is lost with the last receipts, and the devices bring them back.

use crate::{
    home::{new_database, place},
    support::{enrol, receipt_bytes, start, submit},
};
use meter_core::{Receipt, SIGNATURE_BYTES, SessionReport, Signed, Verified};
use meter_testkit::{
    device::Device,
    postgres::{Postgres, Stop},
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Claimed, Outcome},
};

#[tokio::test(flavor = "multi_thread")]
async fn g_10_a_failover_to_a_standby_that_lags_is_healed_by_the_receipts_that_devices_hold() {
    let mut primary = Postgres::start().expect("PostgreSQL");
    let database = new_database(&primary);
    let standby = primary.start_standby().expect("a standby");
    // One address of both: the ledger goes to the one that takes writes.
    let url = primary.url(&database);
    let both = format!("{},{}", primary.address(), standby.address());
    let url = url.replace(&primary.address().to_string(), &both);
    let ledger = start(&place(&format!("{url}?target_session_attrs=read-write")));
    let mut device = Device::numbered(1);
    let account = enrol(&ledger, &device);

    let mut held = Vec::new();
    for number in 0..20 {
        if number == 10 {
            let rows = "SELECT count(*) FROM reports";
            while standby
                .sql(&database, rows)
                .is_ok_and(|count| count != "10")
            {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            standby.stop_following().expect("it follows nothing");
        }
        let report = device.report(1, 1);
        let outcomes = submit(&ledger, std::slice::from_ref(&report)).await;
        held.push((report, receipt_bytes(&outcomes[0])));
    }
    let before = ledger.balance(account).expect("a balance");

    primary.stop_by(Stop::Kill).expect("killed");
    let next = device.report(1, 1);
    let down = submit(&ledger, std::slice::from_ref(&next)).await;
    assert!(
        matches!(down[0], Outcome::Answered(Answer::Busy)),
        "{down:?}"
    );
    standby.promote().expect("promoted");
    let left = standby.sql(&database, "SELECT count(*) FROM reports");
    assert_eq!(left.expect("a number"), "10", "half of them are lost");

    let claims = held.iter().map(|(report, receipt)| claim(report, receipt));
    let outcomes = ledger.submit(claims.collect(), |_| true).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        let is_healed = matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
        assert_eq!(is_healed, number >= 10, "{number}: {outcome:?}");
        assert_eq!(receipt_bytes(outcome), held[number].1);
    }
    assert_eq!(ledger.balance(account).expect("a balance"), before);
    let outcomes = submit(&ledger, &[next]).await;
    assert!(
        matches!(outcomes[0], Outcome::Answered(Answer::Accepted(_))),
        "{outcomes:?}"
    );
}

fn claim(report: &Verified<SessionReport>, receipt: &[u8; 264]) -> Claimed {
    let (body, signature) = receipt
        .split_last_chunk::<SIGNATURE_BYTES>()
        .expect("264 bytes");
    let receipt: Signed<Receipt> = Signed::new(body.to_vec(), *signature);
    Claimed {
        report: report.signed().clone(),
        receipt: Some(receipt),
    }
}
