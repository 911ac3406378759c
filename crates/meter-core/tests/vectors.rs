//! Checks the test vectors of `docs/spec/session-report.md`, and that changed bytes are refused.

use meter_core::{
    BodyError, ChainError, ChainHead, ChainId, DeviceKey, DeviceSigner, LinkHash, SessionReport,
    Signable as _, Signed, Verified, VerifyError, pae,
};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../docs/spec/session-report.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("of this length")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex")
}

fn signed(case: &Value) -> Signed<SessionReport> {
    Signed::new(bytes(&case["body"]), array(&case["signature"]))
}

fn valid_chain(vectors: &Value) -> Vec<Verified<SessionReport>> {
    let key = DeviceKey(array(&vectors["key"]));
    let cases = vectors["valid_chain"].as_array().expect("a list");
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
    let reports = valid_chain(&vectors);
    assert_eq!(reports.len(), 3);
    for (report, case) in reports
        .iter()
        .zip(vectors["valid_chain"].as_array().expect("a list"))
    {
        let value = report.value();
        let input = pae(SessionReport::KIND, report.signed().body());
        assert_eq!(input, bytes(&case["signing_input"]));
        assert_eq!(value.id().0, array(&case["report_id"]));
        assert_eq!(value.link().0, array(&case["link"]));
        assert_eq!(
            value.to_body().to_vec(),
            bytes(&case["body"]),
            "encode after decode"
        );
        assert_eq!(
            signer.sign(value).expect("our key").signed(),
            report.signed()
        );
        assert_eq!(value.amount.get().to_string(), case["fields"]["amount"]);
        assert_eq!(value.bytes_up.get().to_string(), case["fields"]["bytes_up"]);
        assert_eq!(value.resumed, case["fields"]["resumed"]);
    }
}

#[test]
fn every_invalid_vector_is_refused_for_its_reason() {
    let vectors = vectors();
    let key = DeviceKey(array(&vectors["key"]));
    let cases = vectors["invalid"].as_array().expect("a list");
    assert!(cases.len() > 15);
    for case in cases {
        let error = signed(case).verify(key).expect_err("must be refused");
        assert_eq!(reason(error), case["error"], "{case}");
    }
}

fn reason(error: VerifyError<BodyError>) -> &'static str {
    match error {
        VerifyError::Key => "key",
        VerifyError::Signature => "signature",
        VerifyError::Signer => "signer",
        VerifyError::Body(body) => match body {
            BodyError::Length(_) => "length",
            BodyError::Magic => "magic",
            BodyError::Version(_) => "version",
            BodyError::Kind(_) => "kind",
            BodyError::Reserved => "reserved",
            BodyError::Range(_) => "range",
            BodyError::SequenceZero => "sequence-zero",
            BodyError::EndBeforeStart => "end-before-start",
            BodyError::Tariff(_) => "tariff",
            BodyError::Amount => "amount",
            BodyError::Totals => "totals",
        },
    }
}

#[test]
fn every_single_bit_of_body_and_signature_matters() {
    let vectors = vectors();
    let key = DeviceKey(array(&vectors["key"]));
    let case = &vectors["valid_chain"][0];
    let (body, signature) = (bytes(&case["body"]), array::<64>(&case["signature"]));
    for bit in 0..(body.len() + signature.len()) * 8 {
        let (mut body, mut signature) = (body.clone(), signature);
        match (bit / 8).checked_sub(body.len()) {
            None => body[bit / 8] ^= 1 << (bit % 8),
            Some(at) => signature[at] ^= 1 << (bit % 8),
        }
        let result = Signed::<SessionReport>::new(body, signature).verify(key);
        assert_eq!(result, Err(VerifyError::Signature), "bit {bit}");
    }
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
