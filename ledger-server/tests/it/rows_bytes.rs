//! Reports whose bytes alone decide (rows ): each is refused with its
//! reason, nothing of it is stored, and the chain takes its next report.

use crate::{
    clocked::{Clocked, HOUR, awarded, one, stored_rows, word, words},
    forge::{claimed, sign, with_large_s},
    support::{Bench, claim, enrol, receipt},
};
use meter_core::{
    Amount, ByteCount, ChainId, DeviceKey, DurationMs, Reason, SessionReport, SessionTotals,
    Signable as _, Tariff, TariffId, UnixMs,
};
use meter_testkit::device::Device;

const SEED: [u8; 32] = [0x21; 32];

fn device() -> Device {
    Device::with(&SEED, ChainId([0x21; 16]))
}

/// Signs the body of a device's next report after `change`, and checks that exactly `expected`
/// comes of it: the answer, nothing stored, and the true report is still taken.
#[track_caller]
fn check(change: impl Fn(&mut Vec<u8>), expected: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::new();
        let mut device = device();
        let account = enrol(&bench.ledger, &device);
        let before = stored_rows(&bench.ledger);
        let report = device.report(5, 5);
        let mut body = report.value().to_body().to_vec();
        change(&mut body);
        let answers = words(&bench.ledger, vec![sign(&SEED, &body)]).await;
        assert_eq!(answers, [expected]);
        assert_eq!(stored_rows(&bench.ledger), before);
        assert_eq!(awarded(&bench.ledger, account), (0, 0));
        assert_eq!(word(&one(&bench.ledger, &report).await), "accepted");
    });
}

/// The same with a change of the fields.
#[track_caller]
fn check_fields(change: impl Fn(&mut SessionReport), expected: &str) {
    let change = |body: &mut Vec<u8>| {
        let mut report = SessionReport::from_body(body).expect("a report");
        change(&mut report);
        *body = report.to_body().to_vec();
    };
    check(change, expected);
}

fn put(at: usize, bytes: &'static [u8]) -> impl Fn(&mut Vec<u8>) {
    move |body| body[at..at + bytes.len()].copy_from_slice(bytes)
}

const RULE: &str = "not a report: the signed bytes break a rule: ";

#[test]
fn r_01_a_body_of_another_length_is_no_report() {
    for length in [0, 1, 199, 201, 264, 1 << 20] {
        let expected = format!("{RULE}the body has {length} bytes instead of 200");
        check(|body| body.resize(length, 0), &expected);
    }
}

#[test]
fn r_02_another_format_or_version_is_no_report() {
    check(
        put(0, b"OMRC"),
        &format!("{RULE}the body is not a session report"),
    );
    for version in [0, 2, 255] {
        let expected = format!("{RULE}version {version} of the report format is not known here");
        check(|body| body[4] = version, &expected);
    }
    let kind = format!("{RULE}report kind 2 is not known here");
    check(put(5, &[2]), &kind);
}

#[test]
fn r_03_a_reserved_bit_is_refused() {
    let expected = format!("{RULE}a reserved bit or byte is not zero");
    check(put(6, &[0x80, 0]), &expected);
    check(put(7, &[2]), &expected);
    check(put(199, &[1]), &expected);
    check(put(180, &[1]), &expected);
}

#[tokio::test]
async fn r_05_a_key_that_nobody_enrolled_is_unknown_though_its_signature_is_valid() {
    let bench = Bench::new();
    let enrolled = device();
    enrol(&bench.ledger, &enrolled);
    let before = stored_rows(&bench.ledger);
    // The same chain id under another key.
    let mut other = Device::with(&[0x22; 32], enrolled.head().chain);
    let outcome = one(&bench.ledger, &other.report(1, 1)).await;
    assert_eq!(word(&outcome), "unknown device");
    // The enrolled device's report, signed by the other key.
    let body = device().report(1, 1).value().to_body();
    let answers = words(&bench.ledger, vec![sign(&[0x22; 32], &body)]).await;
    assert_eq!(answers, ["not a report: the signature does not match"]);
    assert_eq!(stored_rows(&bench.ledger), before);
}

#[tokio::test]
async fn r_06_a_signature_that_only_a_lax_verifier_accepts_is_refused() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let before = stored_rows(&bench.ledger);
    let report = device.report(1, 1);
    let (body, signature) = (report.signed().body(), report.signed().signature());
    let mut other_r = *signature;
    // No canonical encoding of a point.
    other_r[..32].copy_from_slice(&[0xff; 32]);
    let mut other_bit = *signature;
    other_bit[0] ^= 1;
    let bad = [[0; 64], with_large_s(signature), other_r, other_bit];
    for signature in bad {
        let answers = words(&bench.ledger, vec![claimed(body, signature)]).await;
        assert_eq!(answers, ["not a report: the signature does not match"]);
    }
    // Keys of small order: anybody can sign for them.
    for key in [[0; 32], {
        let mut identity = [0; 32];
        identity[0] = 1;
        identity
    }] {
        let mut weak = *report.value();
        weak.key = DeviceKey(key);
        let mut signature = [0; 64];
        signature[0] = 1;
        let answers = words(&bench.ledger, vec![claimed(&weak.to_body(), signature)]).await;
        let expected = "not a report: the key is not a usable Ed25519 public key";
        assert_eq!(answers, [expected]);
    }
    assert_eq!(stored_rows(&bench.ledger), before);
    assert_eq!(word(&one(&bench.ledger, &report).await), "accepted");
}

#[tokio::test]
async fn r_14_the_longest_session_that_can_be_written_is_paid_what_the_budgets_hold() {
    let bench = Clocked::new();
    let mut device = device();
    let account = enrol(&bench.ledger, &device);
    bench.clock.set(3 * HOUR);
    // (2⁶³ − 1) / 100,000 ms: a longer one has no amount.
    let longest = i64::MAX.unsigned_abs() / 100_000;
    let report = device.report(longest, 0);
    let outcome = one(&bench.ledger, &report).await;
    let paid = receipt(&bench.ledger, &outcome, report.value());
    assert_eq!(paid.awarded_duration.get(), 2 * HOUR);
    let reasons = [Reason::SessionCap].into_iter().collect();
    assert_eq!(paid.reasons, reasons);
    assert_eq!(awarded(&bench.ledger, account), (2 * HOUR, 0));
    // Its chain's totals are at the limit now; another chain goes on.
    device.begin_chain(ChainId([0x44; 16]));
    assert_eq!(
        word(&one(&bench.ledger, &device.report(1, 1)).await),
        "accepted"
    );
}

#[test]
fn r_15_sums_beyond_the_range_are_refused_and_never_wrap() {
    let most = ByteCount::new(i64::MAX.unsigned_abs()).expect("the limit");
    let amount = format!("{RULE}the amount is not what the tariff gives for these totals");
    check_fields(
        |report| (report.bytes_up, report.bytes_down) = (most, most),
        &amount,
    );
    check_fields(
        |report| (report.bytes_up, report.bytes_down) = (most, ByteCount::from_u32(1)),
        &amount,
    );
    check(
        put(120, &[0x80]),
        &format!("{RULE}bytes up exceeds 2^63 - 1"),
    );
    check(
        put(128, &[0xff; 8]),
        &format!("{RULE}bytes down exceeds 2^63 - 1"),
    );
    check_fields(|report| report.amount = Amount::ZERO, &amount);
}

#[tokio::test]
async fn r_16_totals_that_shrink_are_refused_and_the_chain_goes_on() {
    let bench = Bench::new();
    let mut device = device();
    enrol(&bench.ledger, &device);
    let first = device.report(100, 100);
    assert_eq!(word(&one(&bench.ledger, &first).await), "accepted");
    let before = stored_rows(&bench.ledger);
    let second = device.report(10, 10);
    let mut smaller = *second.value();
    smaller.totals.duration = smaller.duration;
    let mut too_small = *second.value();
    too_small.totals.bytes_down = ByteCount::from_u32(9);
    let mut larger = *second.value();
    larger.totals.amount = larger.totals.amount.saturating_add(Amount::from_u32(1));
    let claims = [smaller, too_small, larger].map(|report| sign(&SEED, &report.to_body()));
    let answers = words(&bench.ledger, claims.to_vec()).await;
    let in_itself = format!("{RULE}a running total does not contain this session");
    assert_eq!(answers, ["refused", &in_itself, "refused"]);
    assert_eq!(stored_rows(&bench.ledger), before);
    assert_eq!(word(&one(&bench.ledger, &second).await), "accepted");
}

#[test]
fn r_17_a_session_that_ends_before_it_starts_is_refused() {
    let end = |report: &mut SessionReport| {
        report.ended_at = UnixMs::new(report.started_at.get() - 1).expect("a time");
    };
    check_fields(end, &format!("{RULE}the session ends before it starts"));
}

#[tokio::test]
async fn r_17_no_award_depends_on_the_clock_of_the_device() {
    let bench = Clocked::new();
    let device = device();
    let account = enrol(&bench.ledger, &device);
    bench.clock.set(HOUR);
    let (mut head, mut paid) = (*device.head(), 0);
    // 1970, the year 9999, and the same time again.
    for year in [0, 253_402_300_799_000, 0] {
        let time = UnixMs::new(year).expect("a time");
        let session = SessionTotals {
            started_at: time,
            ended_at: time,
            duration: DurationMs::from_u32(1_000),
            bytes_up: ByteCount::ZERO,
            bytes_down: ByteCount::ZERO,
            resumed: false,
        };
        let report = head.next_report(&session, &Tariff::V1).expect("small");
        let report = device.signer().sign(&report).expect("it keeps the rules");
        assert_eq!(word(&one(&bench.ledger, &report).await), "accepted");
        head = head.follow(&report).expect("the next one");
        paid += 1_000;
        assert_eq!(awarded(&bench.ledger, account), (paid, 0));
    }
}

#[test]
fn r_19_a_tariff_that_is_not_known_is_refused() {
    check_fields(
        |report| report.tariff = TariffId(2),
        &format!("{RULE}tariff 2 is not known here"),
    );
    check_fields(
        |report| report.tariff = TariffId(0),
        &format!("{RULE}tariff 0 is not known here"),
    );
}

#[tokio::test]
async fn one_bad_report_in_a_batch_does_not_spoil_the_good_ones() {
    let bench = Bench::new();
    let (mut one, mut other) = (device(), Device::numbered(7));
    enrol(&bench.ledger, &one);
    enrol(&bench.ledger, &other);
    let (good, fine) = (one.report(1, 1), other.report(1, 1));
    let claims = vec![claim(&good), sign(&SEED, &[0; 200]), claim(&fine)];
    let answers = words(&bench.ledger, claims).await;
    assert_eq!([&*answers[0], &*answers[2]], ["accepted"; 2]);
    assert!(answers[1].starts_with("not a report"), "{answers:?}");
}
