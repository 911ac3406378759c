//! Reports over HTTP: each outcome, each form of the body, and floods.

use crate::{
    client::{Answer as Raw, Client, ask, post},
    running::{WithLedger, start_ledger, start_limited},
};
use meter_core::{ChainState, Receipt, SessionReport, Signed, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Answer, Answers, Outcome, Submit, Submitted};
use onionmeter_ledger::http::Limits;
use std::num::NonZeroU32;
use tokio::task::JoinSet;

const TARGET: &str = "/api/sessions/submit";

async fn alone(bench: &WithLedger, report: &Verified<SessionReport>) -> (u16, Answer) {
    let one = Submit::One(Box::new(submitted(report.signed())));
    let answered = bench.client.post(TARGET, &one).await.expect("an answer");
    (
        answered.status.as_u16(),
        answered.message().expect("an outcome"),
    )
}

async fn raw(bench: &WithLedger, media_type: &str, body: &[u8]) -> Raw {
    let to = bench.to;
    let mut request = format!(
        "POST {TARGET} HTTP/1.1\r\nHost: {to}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    ask(to, request).await
}

fn record(report: &Verified<SessionReport>) -> Vec<u8> {
    [report.signed().body(), report.signed().signature()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_outcome_of_a_report_alone_has_its_own_status() {
    let bench = start_ledger();
    let mut device = Device::numbered(1);
    let first = device.report(1, 100);
    assert_eq!(
        alone(&bench, &first).await.1.outcome,
        Outcome::UnknownDevice
    );
    let mut device = Device::numbered(1);
    bench.enrol(&device).await;
    let first_again = device.report(1, 100);
    assert_eq!(first, first_again);
    let (status, accepted) = alone(&bench, &first).await;
    assert_eq!((status, accepted.outcome), (201, Outcome::Accepted));
    let receipt: Signed<Receipt> = accepted.receipt.as_ref().expect("a receipt").into();
    let receipt = receipt
        .verify(bench.ledger.key())
        .expect("the ledger signed it");
    receipt
        .value()
        .answers(first.value())
        .expect("it answers the report");
    let (status, replay) = alone(&bench, &first).await;
    assert_eq!((status, replay.outcome), (200, Outcome::Replay));
    assert_eq!(replay.receipt, accepted.receipt, "byte for byte");
    device.report(1, 100);
    let third = device.report(1, 100);
    let (status, conflict) = alone(&bench, &third).await;
    assert_eq!((status, conflict.outcome), (409, Outcome::Conflict));
    let head: Signed<ChainState> = conflict.head.as_ref().expect("a head").into();
    let head = head
        .verify(bench.ledger.key())
        .expect("the ledger signed it");
    assert_eq!(head.value().sequence, 1);
    let mut forged = submitted(third.signed());
    forged.body.0[100] ^= 1;
    let forged = Submit::One(Box::new(forged));
    let answered = bench.client.post(TARGET, &forged).await.expect("an answer");
    let refused: Answer = answered.message().expect("an outcome");
    assert_eq!(
        (answered.status.as_u16(), refused.outcome),
        (422, Outcome::Refused)
    );
    assert!(refused.code.is_some(), "{refused:?}");
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_as_records_and_as_json_gets_the_same_receipts() {
    let bench = start_ledger();
    let mut device = Device::numbered(1);
    bench.enrol(&device).await;
    let chain: Vec<_> = (0..100).map(|_| device.report(1, 1)).collect();
    let records: Vec<u8> = chain.iter().flat_map(record).collect();
    let answer = raw(&bench, "application/octet-stream", &records).await;
    assert_eq!(answer.status, 200);
    let first: Answers = serde_json::from_slice(&answer.body).expect("outcomes");
    assert!(
        first
            .outcomes
            .iter()
            .all(|one| one.outcome == Outcome::Accepted)
    );
    let reports = chain
        .iter()
        .map(|report| submitted(report.signed()))
        .collect();
    let again = bench.client.submit(reports).await.expect("answered");
    assert_eq!(again.len(), 100);
    for (first, again) in first.outcomes.iter().zip(&again) {
        assert_eq!(again.outcome, Outcome::Replay);
        assert_eq!(first.receipt, again.receipt);
    }
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h_05_g_18_a_body_of_another_form_is_refused_by_its_form() {
    let bench = start_ledger();
    let mut device = Device::numbered(1);
    bench.enrol(&device).await;
    let report = device.report(1, 1);
    let json = serde_json::to_string(&submitted(report.signed())).expect("JSON");
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ] {
        let answer = raw(&bench, media_type, json.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (415, "media_type"),
            "{media_type}"
        );
    }
    let number = json.replacen('"', "\"n\":9007199254740993,\"", 1);
    let body = "{\"body\":9007199254740993,\"signature\":\"00\"}";
    let many = format!("{{\"reports\":[{}]}}", vec![json.as_str(); 101].join(","));
    for (body, status, code) in [
        ("", 400, "bad_json"),
        ("{", 400, "bad_json"),
        ("\u{feff}{}", 400, "bad_json"),
        (&format!("{json} x"), 400, "bad_json"),
        ("{}", 422, "bad_field"),
        ("null", 422, "bad_field"),
        ("[]", 422, "bad_field"),
        ("{\"reports\":[]}", 422, "bad_field"),
        ("{\"reports\":9007199254740993}", 422, "bad_field"),
        (&number, 422, "bad_field"),
        (body, 422, "bad_field"),
        (&json.to_uppercase(), 422, "bad_field"),
        (&json.replace('}', ",\"receipt\":null}"), 422, "bad_field"),
        (&many, 413, "too_large"),
    ] {
        let answer = raw(&bench, "application/json", body.as_bytes()).await;
        let found = (answer.status, answer.code());
        assert_eq!(
            found,
            (status, code.to_owned()),
            "{}",
            body.get(..60).unwrap_or(body)
        );
    }
    let record = record(&report);
    for (records, status) in [
        (&record[..263], 422),
        (&[&record[..], &[0]].concat()[..], 422),
        (&record.repeat(101)[..], 413),
    ] {
        let answer = raw(&bench, "application/octet-stream", records).await;
        assert_eq!(answer.status, status, "{} bytes", records.len());
    }
    assert_eq!(alone(&bench, &report).await.1.outcome, Outcome::Accepted);
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_06_a_stranger_who_names_a_device_does_not_use_up_its_share() {
    let bench = start_ledger();
    let policy = bench.ledger.change_policy(|policy| meter_core::Policy {
        reports_per_minute: 3,
        ..policy
    });
    policy.expect("another policy");
    let mut victim = Device::numbered(1);
    bench.enrol(&victim).await;
    let report = victim.report(1, 1);
    let mut forged = submitted(report.signed());
    forged.signature.0[0] ^= 1;
    for _ in 0..2 {
        let answers = bench
            .client
            .submit(vec![forged.clone(); 100])
            .await
            .expect("answered");
        let is_refused = |one: &Answer| one.code.as_deref() == Some("signature");
        let (looked_at, rest) = answers.split_at(3);
        assert!(looked_at.iter().all(is_refused), "{answers:?}");
        let is_later = |one: &Answer| one.outcome == Outcome::Busy;
        assert!(rest.len() == 97 && rest.iter().all(is_later), "{answers:?}");
    }
    for number in 0..5 {
        let report = if number == 0 {
            report.clone()
        } else {
            victim.report(1, 1)
        };
        let (status, answer) = alone(&bench, &report).await;
        let expected = match number {
            0..3 => (201, Outcome::Accepted),
            _ => (429, Outcome::Busy),
        };
        assert_eq!((status, answer.outcome), expected, "report {number}");
    }
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_06_a_connection_with_too_many_wrong_signatures_ends_and_others_go_on() {
    let bench = start_limited(Limits {
        mistakes_per_minute: NonZeroU32::new(5).expect("positive"),
        ..Limits::default()
    });
    let mut device = Device::numbered(1);
    bench.enrol(&device).await;
    let report = device.report(1, 1);
    let mut forged = submitted(report.signed());
    forged.signature.0[0] ^= 1;
    let forged = serde_json::to_string(&forged).expect("JSON");
    let to = bench.to;
    let mut stranger = Client::connect(to).await;
    let mut refused = 0;
    let last = loop {
        stranger.send(post(TARGET, to, &forged)).await;
        let answer = stranger.answer().await.expect("an answer");
        if answer.status != 422 {
            break answer;
        }
        refused += 1;
    };
    assert_eq!(
        (refused, last.status, last.code().as_str()),
        (5, 429, "too_many")
    );
    assert!(!stranger.closed().await);
    assert_eq!(alone(&bench, &report).await.1.outcome, Outcome::Accepted);
    bench.ended().await;
}

/// Submits batches of a hundred wrong signatures, one connection after another, for ever.
async fn flood(bench: LedgerClient, forged: Vec<Submitted>) {
    loop {
        // The server ends the connections of a client that makes too many mistakes.
        drop(bench.submit(forged.clone()).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_06_under_a_flood_of_forgeries_the_victims_reports_are_accepted() {
    let bench = start_ledger();
    let mut victim = Device::numbered(1);
    bench.enrol(&victim).await;
    let mut forged = submitted(victim.draft(1, 1).signed());
    forged.signature.0[0] ^= 1;
    let mut flooding = JoinSet::new();
    for _ in 0..16 {
        flooding.spawn(flood(bench.client, vec![forged.clone(); 100]));
    }
    for _ in 0..20 {
        let report = victim.report(1, 1);
        assert_eq!(alone(&bench, &report).await.1.outcome, Outcome::Accepted);
    }
    assert_eq!(flooding.len(), 16, "the flood goes on");
    flooding.shutdown().await;
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_07_nothing_is_stored_for_keys_that_nobody_enrolled() {
    let bench = start_ledger();
    let rows = || {
        let count = "SELECT (SELECT count(*) FROM devices) + (SELECT count(*) FROM chains) + \
                     (SELECT count(*) FROM reports) + (SELECT count(*) FROM used_challenges)";
        let rows = bench.ledger.store().read(|db| db.rows(count, &[]));
        rows.expect("a row").remove(0).int().expect("a count")
    };
    let before = rows();
    for number in 0..20_u64 {
        let reports = (0..3).map(|key| {
            let mut device = Device::numbered(1_000 + number * 3 + key);
            submitted(device.report(1, 1).signed())
        });
        let answers = bench
            .client
            .submit(reports.collect())
            .await
            .expect("answered");
        assert!(
            answers
                .iter()
                .all(|one| one.outcome == Outcome::UnknownDevice)
        );
    }
    for _ in 0..20 {
        bench.client.challenge().await.expect("a challenge");
    }
    assert_eq!(rows(), before);
    bench.ended().await;
}
