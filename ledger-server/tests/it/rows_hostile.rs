//! Hostile reports (rows G-01 to G-07, G-13, G-23 to G-25).

use crate::{
    clocked::{Clocked, DAY, HOUR, PAID, awarded, count, one, stored_rows, word, words},
    forge::sign_with_another_nonce,
    support::{Bench, claim, enrol, receipt, receipt_bytes, submit},
};
use meter_core::{ChainId, Reason, SessionReport, Verified};
use meter_testkit::device::Device;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::sync::Notify;

const SEED: [u8; 32] = [0x41; 32];

fn device() -> Device {
    Device::with(&SEED, ChainId([0x41; 16]))
}

#[tokio::test]
async fn g_01_a_chain_id_belongs_to_nobody() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut victim = device();
    let mut thief = Device::with(&[0x42; 32], victim.head().chain);
    let of_victim = enrol(ledger, &victim);
    let of_thief = enrol(ledger, &thief);
    assert_ne!(of_victim, of_thief);
    let taken = thief.report(1, 1);
    assert_eq!(word(&one(ledger, &taken).await), "accepted");
    let own = victim.report(1, 1);
    let outcome = one(ledger, &own).await;
    assert_eq!(word(&outcome), "accepted");
    receipt(ledger, &outcome, own.value());
    let sessions = ledger.session(of_victim, victim.head().chain, 1);
    let session = sessions.expect("an answer").expect("a session");
    assert_eq!(session.device, victim.key());
}

#[tokio::test]
async fn g_02_another_valid_signature_of_the_same_body_is_the_same_report() {
    let bench = Bench::new();
    let mut device = device();
    let account = enrol(&bench.ledger, &device);
    let first = device.report(1, 1);
    let second = device.report(1, 1);
    let again = sign_with_another_nonce(&SEED, first.signed().body());
    assert_ne!(again.report.signature(), first.signed().signature());
    // In one batch, and afterwards.
    let batch = vec![claim(&first), again.clone()];
    let outcomes = bench.ledger.submit(batch, |_| true).await;
    assert_eq!([0, 1].map(|n| word(&outcomes[n])), ["accepted", "replay"]);
    assert_eq!(receipt_bytes(&outcomes[0]), receipt_bytes(&outcomes[1]));
    assert_eq!(words(&bench.ledger, vec![again]).await, ["replay"]);
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM forks"), 0);
    let before = awarded(&bench.ledger, account);
    assert_eq!(word(&one(&bench.ledger, &second).await), "accepted");
    assert!(awarded(&bench.ledger, account) >= before);
}

#[tokio::test]
async fn g_03_a_hundred_times_one_report_and_another_body_for_its_place_in_one_batch() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let fork = device.draft(2, 2);
    let first = device.report(1, 1);
    let mut batch = vec![claim(&first); 100];
    batch.push(claim(&fork));
    batch.push(claim(&first));
    let answers = words(&bench.ledger, batch).await;
    assert_eq!(answers[0], "accepted");
    assert!(answers[1..100].iter().all(|word| word == "replay"));
    assert_eq!(answers[100..], ["conflict, frozen at 1", "replay"]);
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM reports"), 1);
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM forks"), 1);
}

#[tokio::test]
async fn g_04_a_shuffled_chain_is_taken_in_its_order_and_nothing_of_it_is_lost() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let reports: Vec<_> = (0..100).map(|_| device.report(1, 1)).collect();
    // A permutation without a pattern: 37 and 101 have no common divisor.
    let mut left: Vec<_> = (1..=100_usize)
        .map(|n| &reports[n * 37 % 101 - 1])
        .collect();
    let mut receipts = BTreeMap::new();
    for round in 0.. {
        assert!(round < 100, "each round takes at least one");
        let outcomes = bench
            .ledger
            .submit(left.iter().map(|r| claim(r)).collect(), |_| true);
        let outcomes = outcomes.await;
        let mut later = Vec::new();
        for (report, outcome) in left.into_iter().zip(&outcomes) {
            match word(outcome).as_str() {
                "accepted" => {
                    receipts.insert(
                        report.value().sequence,
                        receipt(&bench.ledger, outcome, report.value()),
                    );
                }
                other => {
                    assert!(other.starts_with("conflict, open at "), "{other}");
                    later.push(report);
                }
            }
        }
        left = later;
        if left.is_empty() {
            break;
        }
    }
    let receipts: Vec<_> = receipts.into_values().collect();
    assert_eq!(receipts.len(), 100);
    for pair in receipts.windows(2) {
        pair[1].follows(&pair[0]).expect("the receipts are a chain");
    }
}

#[tokio::test]
async fn g_05_a_device_that_begins_chain_after_chain_is_stopped_for_a_day() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut device = device();
    enrol(ledger, &device);
    let mut number = 0_u64;
    let mut begin = |device: &mut Device, count: u64| -> Vec<Verified<SessionReport>> {
        let next = |_| {
            number += 1;
            let mut id = [0x99; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            device.begin_chain(ChainId(id));
            device.report(1, 1)
        };
        (0..count).map(next).collect()
    };
    let reports = begin(&mut device, 300);
    let answers = words(ledger, reports.iter().map(claim).collect()).await;
    // Its first chain came with its enrolment.
    assert!(
        answers[..19].iter().all(|word| word == "accepted"),
        "{answers:?}"
    );
    assert!(
        answers[19..].iter().all(|word| word == "too many chains"),
        "{answers:?}"
    );
    assert_eq!(count(ledger, "SELECT COUNT(*) FROM chains"), 20);
    // A chain that it has goes on.
    let next = words(ledger, vec![claim(&reports[0])]).await;
    assert_eq!(next, ["replay"]);
    bench.clock.set(DAY + HOUR);
    let reports = begin(&mut device, 21);
    let answers = words(ledger, reports.iter().map(claim).collect()).await;
    assert!(
        answers[..20].iter().all(|word| word == "accepted"),
        "{answers:?}"
    );
    assert_eq!(answers[20], "too many chains");
}

#[tokio::test]
async fn g_07_nothing_is_stored_for_a_thousand_unknown_keys() {
    let bench = Bench::new();
    let before = stored_rows(&bench.ledger);
    for batch in 0..10_u64 {
        let report = |number| {
            let mut stranger = Device::numbered(batch * 100 + number);
            claim(&stranger.report(1, 1))
        };
        let claims: Vec<_> = (0..100).map(report).collect();
        for claims in claims.chunks(4) {
            let answers = words(&bench.ledger, claims.to_vec()).await;
            // After three such keys in one request nobody looks at the rest.
            assert_eq!(answers[..3], ["unknown device"; 3]);
            assert_eq!(answers[3], "busy");
        }
    }
    assert_eq!(stored_rows(&bench.ledger), before);
}

#[tokio::test]
async fn g_23_two_copies_of_a_device_freeze_one_chain_and_are_paid_as_one() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut original = device();
    let account = enrol(ledger, &original);
    let mut copy = device();
    bench.clock.set(HOUR);
    let mine = original.report(HOUR, 0);
    let other = copy.report(HOUR - 1, 0);
    assert_eq!(word(&one(ledger, &mine).await), "accepted");
    assert_eq!(word(&one(ledger, &other).await), "conflict, frozen at 1");
    original.begin_chain(ChainId([0x43; 16]));
    copy.begin_chain(ChainId([0x44; 16]));
    for hours in 2..20 {
        bench.clock.set(hours * HOUR);
        let reports = [original.report(HOUR, 0), copy.report(HOUR, 0)];
        let answers = words(ledger, reports.iter().map(claim).collect()).await;
        assert_eq!(answers, ["accepted", "accepted"]);
        assert_eq!(awarded(ledger, account), (hours * HOUR, 0));
    }
}

#[tokio::test]
async fn g_24_a_report_of_ten_years_is_paid_what_the_budgets_hold_and_says_why() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut device = device();
    let account = enrol(ledger, &device);
    bench.clock.set(HOUR);
    let report = device.report(10 * 365 * DAY, 10_000_000_000_000_000);
    let outcome = one(ledger, &report).await;
    let paid = receipt(ledger, &outcome, report.value());
    let reasons = [
        Reason::SessionCap,
        Reason::BeforeEnrolment,
        Reason::ByteBudget,
    ];
    assert_eq!(paid.reasons, reasons.into_iter().collect());
    assert_eq!(awarded(ledger, account), (HOUR, 2_000_000_000 / 24));
    let next = device.report(HOUR, 1);
    bench.clock.set(2 * HOUR);
    let outcome = one(ledger, &next).await;
    assert_eq!(
        receipt(ledger, &outcome, next.value())
            .awarded_duration
            .get(),
        HOUR
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g_25_a_removal_amid_a_thousand_reports_comes_before_or_after_each_of_them() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut device = device();
    let account = enrol(ledger, &device);
    let reports: Vec<_> = (0..1000).map(|_| device.report(1, 0)).collect();
    let (begin, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn({
        let (ledger, begin, done) = (Arc::clone(ledger), Arc::clone(&begin), Arc::clone(&done));
        async move {
            let mut outcomes = Vec::new();
            for (number, batch) in reports.chunks(100).enumerate() {
                match number {
                    4 => begin.notify_one(),
                    // Whatever the race: these come after the removal.
                    9 => done.notified().await,
                    _ => (),
                }
                outcomes.extend(submit(&ledger, batch).await);
            }
            outcomes
        }
    });
    begin.notified().await;
    let to = Arc::clone(ledger);
    let removed = tokio::task::spawn_blocking(move || to.revoke(device.key(), None));
    removed.await.expect("a thread").expect("removed");
    let stored = count(ledger, "SELECT COUNT(*) FROM reports");
    done.notify_one();
    let outcomes = tasks.join_next().await.expect("a task").expect("answers");
    let answers: Vec<_> = outcomes.iter().map(word).collect();
    let taken = answers
        .iter()
        .take_while(|word| *word == "accepted")
        .count();
    assert!((400..=900).contains(&taken), "{taken}");
    let rest: BTreeSet<_> = answers[taken..].iter().collect();
    assert_eq!(rest.into_iter().collect::<Vec<_>>(), ["unknown device"]);
    // None after the removal was committed.
    assert_eq!(i64::try_from(taken).expect("small"), stored);
    assert_eq!(count(ledger, "SELECT COUNT(*) FROM reports"), stored);
    let sum = count(ledger, PAID);
    assert_eq!(
        i64::try_from(awarded(ledger, account).0).expect("small"),
        sum
    );
}
