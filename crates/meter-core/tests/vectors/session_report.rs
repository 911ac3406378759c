//! The vectors of `docs/spec/session-report.md`.

use crate::cases::{self, Reason, array, list};
use meter_core::{
    BodyError, ChainError, ChainHead, ChainId, DeviceKey, DeviceSigner, LinkHash, SessionReport,
    Signed, Verified, VerifyError,
};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../docs/spec/session-report.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn signed(case: &Value) -> Signed<SessionReport> {
    cases::signed(case)
}

fn valid_chain(vectors: &Value) -> Vec<Verified<SessionReport>> {
    let key = DeviceKey(array(&vectors["key"]));
    let cases = list(&vectors["valid_chain"]);
    cases
        .iter()
        .map(|case| signed(case).verify(key).expect("a valid report"))
        .collect()
}

fn genesis(vectors: &Value) -> ChainHead {
    ChainHead::genesis(
        ChainId(array(&vectors["chain"])),
        DeviceKey(array(&vectors["key"])),
    )
}

#[test]
fn every_valid_vector_verifies_and_says_what_it_should() {
    let vectors = vectors();
    let signer = DeviceSigner::from_seed(&array(&vectors["seed"]));
    assert_eq!(signer.key().0, array(&vectors["key"]));
    let cases = list(&vectors["valid_chain"]);
    assert_eq!(cases.len(), 3);
    for case in cases {
        let report = cases::valid::<SessionReport>(case, &signer);
        let value = report.value();
        assert_eq!(value.id().0, array(&case["report_id"]));
        assert_eq!(value.link().0, array(&case["link"]));
        assert_eq!(value.amount.get().to_string(), case["fields"]["amount"]);
        assert_eq!(value.bytes_up.get().to_string(), case["fields"]["bytes_up"]);
        assert_eq!(value.resumed, case["fields"]["resumed"]);
    }
}

#[test]
fn every_invalid_vector_is_refused_for_its_reason() {
    let vectors = vectors();
    let key = DeviceKey(array(&vectors["key"]));
    cases::invalid::<SessionReport>(&vectors["invalid"], key, 16);
}

impl Reason for BodyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::Magic => "magic",
            Self::Version(_) => "version",
            Self::Kind(_) => "kind",
            Self::Reserved => "reserved",
            Self::Range(_) => "range",
            Self::SequenceZero => "sequence-zero",
            Self::EndBeforeStart => "end-before-start",
            Self::Tariff(_) => "tariff",
            Self::Amount => "amount",
            Self::Totals => "totals",
        }
    }
}

#[test]
fn every_single_bit_of_body_and_signature_matters() {
    let vectors = vectors();
    let key = DeviceKey(array(&vectors["key"]));
    cases::every_bit_matters::<SessionReport>(&vectors["valid_chain"][0], key);
}

#[test]
fn weak_and_broken_keys_verify_nothing() {
    let vectors = vectors();
    let claim = || signed(&vectors["valid_chain"][0]);
    // The neutral element: with lax checks, a signature of zeros would be valid for any message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(claim().verify(DeviceKey(neutral)), Err(VerifyError::Key));
    let off_curve = DeviceKey([0x02; 32]);
    assert_eq!(claim().verify(off_curve), Err(VerifyError::Key));
}

#[test]
fn the_valid_chain_follows_from_its_beginning() {
    let vectors = vectors();
    let mut head = genesis(&vectors);
    assert_eq!(head.link, LinkHash(array(&vectors["genesis_link"])));
    for report in &valid_chain(&vectors) {
        head = head.follow(report).expect("the next report");
    }
    assert_eq!(head.sequence, 3);
    let sum: u64 = valid_chain(&vectors)
        .iter()
        .map(|report| report.value().amount.get())
        .sum();
    assert_eq!(head.totals.amount.get(), sum);
}

#[test]
fn a_missing_repeated_or_foreign_report_breaks_the_chain() {
    let vectors = vectors();
    let reports = valid_chain(&vectors);
    let start = genesis(&vectors);
    assert_eq!(
        start.follow(&reports[1]),
        Err(ChainError::Sequence {
            expected: 1,
            found: 2
        })
    );
    let one = start.follow(&reports[0]).expect("first");
    assert_eq!(
        one.follow(&reports[0]),
        Err(ChainError::Sequence {
            expected: 2,
            found: 1
        })
    );
    let other = ChainHead::genesis(ChainId([9; 16]), start.key);
    assert_eq!(other.follow(&reports[0]), Err(ChainError::OtherChain));
}

#[test]
fn a_replaced_report_is_noticed_by_the_next_one() {
    let vectors = vectors();
    let signer = DeviceSigner::from_seed(&array(&vectors["seed"]));
    let reports = valid_chain(&vectors);
    let forked = SessionReport {
        resumed: true,
        ..*reports[0].value()
    };
    let forked = signer
        .sign(&forked)
        .expect("a valid report of the same key");
    let head = genesis(&vectors)
        .follow(&forked)
        .expect("also a first report");
    assert_eq!(
        head.follow(&reports[1]),
        Err(ChainError::Link { sequence: 2 })
    );

    let mut inflated = *reports[1].value();
    inflated.totals.amount = inflated.totals.amount.saturating_add(inflated.amount);
    let inflated = signer.sign(&inflated).expect("each body alone is in order");
    let head = genesis(&vectors).follow(&reports[0]).expect("first");
    assert_eq!(
        head.follow(&inflated),
        Err(ChainError::Totals { sequence: 2 })
    );
}
