//! A ledger that was set back to an older copy gets its awards back from its devices.

use crate::{
    clocked::{Clocked, DAY, HOUR, awarded, one, word},
    support::{challenge, claim, enrol, far, receipt, receipt_bytes},
};
use meter_core::{SIGNATURE_BYTES, SessionReport, Signed, Verified};
use meter_testkit::device::Device;
use onionmeter_ledger::{ledger::Claimed, store::Place};
use std::{fs, path::PathBuf};

fn file(bench: &Clocked) -> PathBuf {
    match bench.home.place() {
        Place::File(path) => path,
        Place::Server(_) => panic!("a file"),
    }
}

/// A report with the receipt that its device holds.
fn with_receipt(report: &Verified<SessionReport>, receipt: &[u8; 264]) -> Claimed {
    let (body, signature) = receipt
        .split_last_chunk::<SIGNATURE_BYTES>()
        .expect("264 bytes");
    Claimed {
        receipt: Some(Signed::new(body.to_vec(), *signature)),
        ..claim(report)
    }
}

struct Held {
    report: Verified<SessionReport>,
    receipt: [u8; 264],
}

/// Lets a device report an hour for each hour that passes.
async fn live(bench: &Clocked, device: &mut Device, hours: std::ops::Range<u64>) -> Vec<Held> {
    let mut held = Vec::new();
    for hour in hours {
        bench.clock.set((hour + 1) * HOUR);
        let report = device.report(HOUR, 1_000_000);
        let outcome = one(&bench.ledger, &report).await;
        assert_eq!(word(&outcome), "accepted");
        held.push(Held {
            receipt: receipt_bytes(&outcome),
            report,
        });
    }
    held
}

async fn give_back(bench: &Clocked, held: &[Held]) {
    for Held { report, receipt } in held {
        let claims = vec![with_receipt(report, receipt)];
        let outcomes = bench.ledger.submit(claims, |_| true).await;
        assert_eq!(&receipt_bytes(&outcomes[0]), receipt);
    }
}

/// Two devices of an account take turns for thirty days after the copy was made: more than one
/// backlog, and given back in another order than it was earned.
#[tokio::test]
async fn every_award_comes_back_byte_for_byte_and_the_next_hour_is_paid() {
    let bench = Clocked::new();
    let (mut one_device, mut other) = (Device::numbered(1), Device::numbered(2));
    let account = enrol(&bench.ledger, &one_device);
    let (code, _) = bench.ledger.invite(Some(account), 60_000).expect("a code");
    let statement = other.enrolment(bench.ledger.key(), challenge(), Some(code.hash()));
    bench.ledger.enrol(&statement, far()).expect("enrolled");
    live(&bench, &mut one_device, 0..3).await;
    let copy = tempfile::NamedTempFile::new().expect("a file");
    let database = file(&bench);
    let bench = bench.restarted(|| {
        fs::copy(&database, copy.path()).expect("copied");
    });
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for day in 1..31 {
        let noon = day * 24 + 12;
        first.extend(live(&bench, &mut one_device, day * 24..noon).await);
        second.extend(live(&bench, &mut other, noon..noon + 12).await);
    }
    let before = awarded(&bench.ledger, account);
    assert_eq!(before.0, (3 + 30 * 24) * HOUR);
    let bench = bench.restarted(|| {
        fs::copy(copy.path(), &database).expect("copied");
    });
    assert_eq!(awarded(&bench.ledger, account).0, 3 * HOUR);
    give_back(&bench, &first).await;
    give_back(&bench, &second).await;
    assert_eq!(awarded(&bench.ledger, account), before);
    // Twice is once.
    give_back(&bench, &first).await;
    assert_eq!(awarded(&bench.ledger, account), before);
    bench.clock.set(31 * DAY + HOUR);
    let next = one_device.report(HOUR, 1_000_000);
    let outcome = one(&bench.ledger, &next).await;
    let paid = receipt(&bench.ledger, &outcome, next.value());
    assert_eq!(paid.awarded_duration.get(), HOUR);
    assert_eq!(paid.awarded_bytes.get(), 1_000_000);
    // The time that was given back is not paid again: one day was left over, at the beginning.
    let long: Vec<_> = (0..20).map(|_| one_device.report(2 * HOUR, 0)).collect();
    for report in &long {
        one(&bench.ledger, report).await;
    }
    assert!(awarded(&bench.ledger, account).0 <= 31 * DAY + HOUR);
}

/// A device that was enrolled after the copy was made must enrol again. What it gives back is from
/// before its new account was opened, and does not make it wait.
#[tokio::test]
async fn a_device_whose_enrolment_was_lost_gets_its_awards_back_and_is_paid_on() {
    let bench = Clocked::new();
    let copy = tempfile::NamedTempFile::new().expect("a file");
    let database = file(&bench);
    let bench = bench.restarted(|| {
        fs::copy(&database, copy.path()).expect("copied");
    });
    let mut device = Device::numbered(1);
    let lost = enrol(&bench.ledger, &device);
    let held = live(&bench, &mut device, 0..48).await;
    let before = awarded(&bench.ledger, lost);
    let bench = bench.restarted(|| {
        fs::copy(copy.path(), &database).expect("copied");
    });
    bench.clock.set(2 * DAY + HOUR);
    // The chain from where the ledger had begun to follow it.
    let account = enrol(&bench.ledger, &Device::numbered(1));
    give_back(&bench, &held).await;
    assert_eq!(awarded(&bench.ledger, account), before);
    bench.clock.set(2 * DAY + 2 * HOUR);
    let next = device.report(HOUR, 1_000_000);
    let outcome = one(&bench.ledger, &next).await;
    let paid = receipt(&bench.ledger, &outcome, next.value());
    assert_eq!(paid.awarded_duration.get(), HOUR);
}

#[tokio::test]
async fn a_receipt_of_another_report_or_another_ledger_is_as_good_as_none() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let (mut device, mut other) = (Device::numbered(1), Device::numbered(2));
    let account = enrol(ledger, &device);
    enrol(ledger, &other);
    bench.clock.set(HOUR);
    let theirs = other.report(HOUR, 5);
    let of_theirs = receipt_bytes(&one(ledger, &theirs).await);
    let mine = device.report(HOUR, 5);
    bench.clock.set(HOUR + 1);
    let mut forged = of_theirs;
    forged[200] ^= 1;
    for bad in [of_theirs, forged, [0; 264]] {
        let draft = device.report(HOUR, 5);
        let claims = vec![with_receipt(&draft, &bad)];
        let outcomes = ledger.submit(claims, |_| true).await;
        assert_eq!(word(&outcomes[0]), "conflict, open at 0");
    }
    let outcomes = ledger
        .submit(vec![with_receipt(&mine, &of_theirs)], |_| true)
        .await;
    assert_ne!(receipt_bytes(&outcomes[0]), of_theirs);
    receipt(ledger, &outcomes[0], mine.value());
    assert_eq!(awarded(ledger, account), (HOUR, 5));
}
