//! G-10: the primary is lost with the last receipts, and the devices bring them back.

use crate::{home::new_database, program};
use meter_core::{SessionReport, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
    postgres::{Postgres, Stop},
};
use meter_wire::ledger::{Answer, Outcome, Submit, Submitted, WireSigned};
use std::time::Duration;

const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(20);

/// A report and the receipt that its device holds.
type Held = (Verified<SessionReport>, WireSigned<200>);

/// Submits until nothing is busy.
async fn submit(client: LedgerClient, reports: &[Submitted]) -> Vec<Answer> {
    for _ in 0..TRIES {
        let answers = client.submit(reports.to_vec()).await.expect("answers");
        if answers.iter().all(|answer| answer.outcome != Outcome::Busy) {
            return answers;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("the ledger stays busy");
}

async fn take(client: LedgerClient, report: Verified<SessionReport>) -> Held {
    let answers = submit(client, &[submitted(report.signed())]).await;
    assert_eq!(answers[0].outcome, Outcome::Accepted);
    let receipt = answers.into_iter().next().and_then(|answer| answer.receipt);
    (report, receipt.expect("a receipt"))
}

fn with_receipt((report, receipt): &Held) -> Submitted {
    Submitted {
        receipt: Some(receipt.clone()),
        ..submitted(report.signed())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g_10_a_failover_to_a_standby_that_lags_is_healed_by_the_receipts_that_devices_hold() {
    let mut primary = Postgres::start().expect("PostgreSQL");
    let database = new_database(&primary);
    let standby = primary.start_standby().expect("a standby");
    // One address of both: the ledger goes to the one that takes writes.
    let url = primary.url(&database);
    let both = format!("{},{}", primary.address(), standby.address());
    let url = url.replace(&primary.address().to_string(), &both);
    let url = format!("{url}?target_session_attrs=read-write");
    let words = ["--database", &url];
    let home = program::Home::new();
    let serving = home.serve(&words);
    let client = |serving: &program::Serving| {
        LedgerClient::new(serving.word("listen").parse().expect("an address"))
    };
    let ledger = client(&serving);
    let mut device = Device::numbered(1);
    let enrolled = ledger.enrol(&device, None).await.expect("an answer");
    assert_eq!(enrolled.status, 201, "{}", enrolled.words());

    let mut held: Vec<Held> = Vec::new();
    for number in 0..20 {
        if number == 10 {
            let rows = "SELECT count(*) FROM reports";
            while standby
                .sql(&database, rows)
                .is_ok_and(|count| count != "10")
            {
                tokio::time::sleep(PAUSE).await;
            }
            standby.stop_following().expect("it follows nothing");
        }
        held.push(take(ledger, device.report(1, 1)).await);
    }
    let sums = "SELECT count(*), sum(award) FROM reports";
    let before = primary.sql(&database, sums).expect("sums");

    primary.stop_by(Stop::Kill).expect("killed");
    let next = device.report(1, 1);
    let alone = Submit::One(Box::new(submitted(next.signed())));
    let down = ledger.post("/api/sessions/submit", &alone).await;
    assert_eq!(down.expect("an answer").status, 503);
    let health = ledger.get("/healthz").await.expect("an answer");
    assert_eq!(health.status, 503);
    standby.promote().expect("promoted");
    let left = standby.sql(&database, "SELECT count(*) FROM reports");
    assert_eq!(left.expect("a number"), "10", "half of them are lost");

    let again: Vec<_> = held.iter().map(with_receipt).collect();
    for (answer, (_, receipt)) in submit(ledger, &again).await.iter().zip(&held) {
        assert_eq!(answer.receipt.as_ref(), Some(receipt), "{answer:?}");
    }
    assert_eq!(standby.sql(&database, sums).expect("sums"), before);
    held.push(take(ledger, next).await);

    // The next start does not take it for a database that was set back, and finds it sound.
    serving.kill();
    let serving = home.serve(&words);
    assert!(serving.told["read_only"].is_null(), "{}", serving.told);
    let again: Vec<_> = held.iter().map(with_receipt).collect();
    for (answer, (_, receipt)) in submit(client(&serving), &again).await.iter().zip(&held) {
        assert_eq!(answer.outcome, Outcome::Replay);
        assert_eq!(answer.receipt.as_ref(), Some(receipt));
    }
    let audit = home.told(&[&["audit"][..], &words].concat());
    assert_eq!(audit["state"], "sound", "{audit}");
    assert_eq!(audit["reports"], "21", "{audit}");
}
