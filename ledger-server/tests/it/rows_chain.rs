//! Reports and their chain, their device and the clock (rows ).

use crate::{
    clocked::{Clocked, DAY, HOUR, PAID, awarded, count, one, stored_rows, word, words},
    forge::sign,
    support::{Bench, claim, enrol, receipt, receipt_bytes, submit},
};
use meter_core::{ChainId, LinkHash, Reason, Reasons, SessionReport, Signable as _, Verified};
use meter_testkit::device::Device;
use onionmeter_ledger::ledger::{Ledger, Outcome};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const SEED: [u8; 32] = [0x31; 32];

fn device() -> Device {
    Device::with(&SEED, ChainId([0x31; 16]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r_09_a_chain_that_is_sent_a_hundred_times_at_once_is_awarded_once_and_again_after_restart()
{
    let mut bench = Bench::new();
    let mut device = device();
    let account = enrol(&bench.ledger, &device);
    let reports: Vec<_> = (0..10).map(|_| device.report(1, 0)).collect();
    let mut receipts = BTreeSet::new();
    for round in 0..2 {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (ledger, reports) = (Arc::clone(&bench.ledger), reports.clone());
            tasks.spawn(async move { submit_until_told(&ledger, &reports).await });
        }
        let outcomes: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        receipts.extend(outcomes.iter().map(receipt_bytes));
        assert_eq!(receipts.len(), 10, "round {round}");
        let is_new = |outcome: &&_| word(outcome) == "accepted";
        let accepted = outcomes.iter().filter(is_new).count();
        // A report that was stored and could not be read back in time is told as busy, then as a
        // replay.
        assert!(accepted <= if round == 0 { 10 } else { 0 }, "{accepted}");
        bench = bench.restarted();
    }
    let sum = count(&bench.ledger, PAID);
    let (paid, _) = awarded(&bench.ledger, account);
    assert_eq!(i64::try_from(paid).expect("small"), sum);
}

/// Submits reports again as long as one of them is to come later, as a host does. Returns the last
/// outcomes, and what was accepted before.
async fn submit_until_told(
    ledger: &Arc<Ledger>,
    reports: &[Verified<SessionReport>],
) -> Vec<Outcome> {
    let mut told = Vec::new();
    loop {
        let outcomes = submit(ledger, reports).await;
        if !outcomes.iter().any(|outcome| word(outcome) == "busy") {
            told.extend(outcomes);
            return told;
        }
        // What follows a busy one in the chain does not follow yet.
        let is_new = |outcome: &Outcome| word(outcome) == "accepted";
        told.extend(outcomes.into_iter().filter(is_new));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn r_10_a_second_history_is_kept_as_evidence_and_freezes_its_chain_alone() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let (mut device, mut other) = (device(), Device::numbered(1));
    enrol(ledger, &device);
    enrol(ledger, &other);
    assert_eq!(word(&one(ledger, &device.report(1, 1)).await), "accepted");
    let forks = [device.draft(2, 2), device.draft(3, 3)];
    assert_eq!(word(&one(ledger, &device.report(1, 1)).await), "accepted");
    for fork in &forks {
        assert_eq!(word(&one(ledger, fork).await), "conflict, frozen at 2");
    }
    let evidence = ledger
        .store()
        .read(|db| db.rows("SELECT seq, signed FROM forks", &[]));
    let mut evidence = evidence.expect("rows");
    assert_eq!(evidence.len(), 1, "the first other body only");
    assert_eq!(evidence[0].int().expect("a number"), 2);
    let (body, signature) = (forks[0].signed().body(), forks[0].signed().signature());
    let stored = evidence[0].bytes().expect("bytes");
    assert_eq!(stored, [body, signature].concat());
    let after = one(ledger, &device.report(1, 1)).await;
    assert_eq!(word(&after), "conflict, frozen at 2");
    assert_eq!(word(&one(ledger, &other.report(1, 1)).await), "accepted");
    device.begin_chain(ChainId([0x32; 16]));
    assert_eq!(word(&one(ledger, &device.report(1, 1)).await), "accepted");
    // Frozen for ever, and what was given stays.
    let bench = bench.restarted();
    let mut again = self::device();
    let answers = [again.report(1, 1), again.report(1, 1), again.report(1, 1)];
    let answers = words(&bench.ledger, answers.iter().map(claim).collect()).await;
    assert_eq!(answers, ["replay", "replay", "conflict, frozen at 2"]);
}

#[tokio::test]
async fn r_11_a_gap_is_told_where_the_chain_is_and_an_impossible_number_is_refused() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let first = device.report(1, 1);
    assert_eq!(word(&one(&bench.ledger, &first).await), "accepted");
    let before = stored_rows(&bench.ledger);
    let second = device.report(1, 1);
    for (sequence, expected) in [
        (
            0,
            "not a report: the signed bytes break a rule: the sequence number is 0",
        ),
        (3, "conflict, open at 1"),
        (1_000_000, "conflict, open at 1"),
        (i64::MAX.unsigned_abs(), "conflict, open at 1"),
        (
            u64::MAX,
            "not a report: the signed bytes break a rule: the sequence number exceeds 2^63 - 1",
        ),
    ] {
        let mut body = second.value().to_body();
        body[56..64].copy_from_slice(&sequence.to_be_bytes());
        assert_eq!(
            words(&bench.ledger, vec![sign(&SEED, &body)]).await,
            [expected]
        );
    }
    assert_eq!(stored_rows(&bench.ledger), before);
    assert_eq!(word(&one(&bench.ledger, &second).await), "accepted");
}

#[tokio::test]
async fn r_12_a_link_that_is_wrong_by_one_bit_does_not_follow() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    assert_eq!(
        word(&one(&bench.ledger, &device.report(1, 1)).await),
        "accepted"
    );
    let second = device.report(1, 1);
    for bit in [0, 7, 128, 255] {
        let mut report = *second.value();
        let mut link = report.previous.0;
        link[bit / 8] ^= 1 << (bit % 8);
        report.previous = LinkHash(link);
        let answers = words(&bench.ledger, vec![sign(&SEED, &report.to_body())]).await;
        assert_eq!(answers, ["conflict, open at 1"]);
    }
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM forks"), 0);
    assert_eq!(word(&one(&bench.ledger, &second).await), "accepted");
}

#[tokio::test]
async fn r_18_a_restart_changes_no_answer() {
    let mut bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let first = device.report(1, 1);
    let fork = device.draft(2, 2);
    let gap = {
        let mut ahead = self::device();
        let _ = (ahead.report(1, 1), ahead.report(1, 1));
        ahead.report(1, 1)
    };
    let second = device.report(1, 1);
    let kept = receipt_bytes(&one(&bench.ledger, &first).await);
    for _ in 0..2 {
        let answers = submit(&bench.ledger, &[first.clone(), gap.clone()]).await;
        assert_eq!(receipt_bytes(&answers[0]), kept);
        assert_eq!(word(&answers[1]), "conflict, open at 1");
        bench = bench.restarted();
    }
    assert_eq!(word(&one(&bench.ledger, &second).await), "accepted");
    assert_eq!(
        word(&one(&bench.ledger, &fork).await),
        "conflict, frozen at 2"
    );
}

#[tokio::test]
async fn r_21_a_report_from_before_the_removal_of_its_device_is_not_taken_after_it() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut device = device();
    let account = enrol(ledger, &device);
    bench.clock.set(HOUR);
    let (taken, late) = (device.report(60_000, 0), device.report(60_000, 0));
    let kept = receipt_bytes(&one(ledger, &taken).await);
    ledger.revoke(device.key(), Some(account)).expect("removed");
    assert_eq!(word(&one(ledger, &late).await), "unknown device");
    let again = one(ledger, &taken).await;
    assert_eq!(
        (word(&again).as_str(), receipt_bytes(&again)),
        ("replay", kept)
    );
    assert_eq!(awarded(ledger, account), (60_000, 0));
}

#[tokio::test]
async fn r_23_two_devices_of_one_account_are_paid_for_the_same_minutes_once() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let (mut one_device, mut other) = (device(), Device::numbered(2));
    let account = enrol(ledger, &one_device);
    let (code, _) = ledger.invite(Some(account), 60_000).expect("a code");
    let challenge = crate::support::challenge();
    let statement = other.enrolment(ledger.key(), challenge, Some(code.hash()));
    let joined = ledger.enrol(&statement, crate::support::far());
    assert_eq!(joined.expect("enrolled").account, account);
    bench.clock.set(HOUR);
    let reports = [one_device.report(HOUR, 10), other.report(HOUR, 10)];
    // One after the other: PostgreSQL may store them in either order.
    let outcomes = [
        one(ledger, &reports[0]).await,
        one(ledger, &reports[1]).await,
    ];
    let receipts = [0, 1].map(|n| receipt(ledger, &outcomes[n], reports[n].value()));
    assert_eq!(receipts.map(|r| r.awarded_duration.get()), [HOUR, 0]);
    assert_eq!(receipts[0].reasons, Reasons::NONE);
    assert!(receipts[1].reasons.contains(Reason::TimeBudget));
    assert_eq!(awarded(ledger, account), (HOUR, 20));
}

#[tokio::test]
async fn r_24_who_did_not_hear_the_answer_gets_the_same_receipt_thirty_days_later() {
    let bench = Clocked::new();
    let mut device = device();
    let account = enrol(&bench.ledger, &device);
    bench.clock.set(HOUR);
    let report = device.report(HOUR, 10);
    // Whoever asked goes away at once.
    let ledger = Arc::clone(&bench.ledger);
    let claims = vec![claim(&report)];
    let mut asked = tokio::task::JoinSet::new();
    asked.spawn(async move { ledger.submit(claims, |_| true).await });
    tokio::task::yield_now().await;
    asked.shutdown().await;
    let first = one(&bench.ledger, &report).await;
    let bench = bench.restarted(|| ());
    bench.clock.set(30 * DAY);
    let again = one(&bench.ledger, &report).await;
    assert_eq!(word(&again), "replay");
    assert_eq!(receipt_bytes(&again), receipt_bytes(&first));
    assert_eq!(awarded(&bench.ledger, account), (HOUR, 10));
}

#[tokio::test]
async fn r_26_a_clock_that_is_set_back_or_forward_pays_no_more_than_one_backlog() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut device = device();
    let account = enrol(ledger, &device);
    bench.clock.set(2 * DAY);
    let claimed = 2 * HOUR;
    let take = async |device: &mut Device| {
        let report = device.report(claimed, 1_000_000_000_000);
        let outcome = one(ledger, &report).await;
        receipt(ledger, &outcome, report.value())
    };
    let first = take(&mut device).await;
    assert_eq!(first.awarded_duration.get(), claimed);
    assert_eq!(first.awarded_bytes.get(), 2_000_000_000);
    // Back by a day: what was not paid yet is still there, and nothing is taken away.
    bench.clock.set(DAY);
    let back = take(&mut device).await;
    assert_eq!(
        (back.awarded_duration.get(), back.awarded_bytes.get()),
        (claimed, 0)
    );
    // Forward by a year: one backlog of seven days, and one day of bytes.
    bench.clock.set(366 * DAY);
    let mut sum = 0;
    for _ in 0..100 {
        sum += take(&mut device).await.awarded_duration.get();
    }
    assert_eq!(sum, 7 * DAY);
    assert_eq!(
        awarded(ledger, account),
        (7 * DAY + 2 * claimed, 4_000_000_000)
    );
    // And back again: nothing at once, and then what passes.
    bench.clock.set(3 * DAY);
    assert_eq!(take(&mut device).await.awarded_duration.get(), 0);
    bench.clock.set(3 * DAY + HOUR);
    assert_eq!(take(&mut device).await.awarded_duration.get(), HOUR);
}
