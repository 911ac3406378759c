//! The vectors of `docs/spec/enrolment.md`.

use crate::cases::{self, Reason, array, list};
use meter_core::{
    BodyHash, Challenge, CodeHash, DeviceSigner, Enrolment, EnrolmentError, LedgerKey,
    LedgerRequest, LedgerRequestError, RequestMethod, Signable, TargetHash,
};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../../docs/spec/enrolment.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn signer(vectors: &Value) -> DeviceSigner {
    let signer = DeviceSigner::from_seed(&array(&vectors["seed"]));
    assert_eq!(signer.key().0, array(&vectors["key"]));
    signer
}

#[test]
fn every_enrolment_is_accepted_or_refused_as_it_should() {
    let vectors = vectors();
    let signer = signer(&vectors);
    let enrolments = &vectors["enrolments"];
    for case in list(&enrolments["valid"]) {
        let verified = cases::valid::<Enrolment>(case, &signer);
        let (enrolment, head) = (verified.value(), verified.value().head);
        let fields = json!({
            "ledger": hex::encode(enrolment.ledger.0),
            "device": hex::encode(head.key.0),
            "challenge": hex::encode(enrolment.challenge.0),
            "chain": hex::encode(head.chain.0),
            "sequence": head.sequence.to_string(),
            "link": hex::encode(head.link.0),
            "total_duration_ms": head.totals.duration.get().to_string(),
            "total_bytes_up": head.totals.bytes_up.get().to_string(),
            "total_bytes_down": head.totals.bytes_down.get().to_string(),
            "total_amount": head.totals.amount.get().to_string(),
            "code_hash": enrolment.code.map(|code| hex::encode(code.0)),
        });
        assert_eq!(fields, case["fields"]);
    }
    cases::invalid::<Enrolment>(&enrolments["invalid"], signer.key(), 30);
    cases::every_bit_matters::<Enrolment>(&enrolments["valid"][1], signer.key());
}

#[test]
fn codes_have_the_hashes_of_the_vectors() {
    let vectors = vectors();
    for case in list(&vectors["codes"]) {
        let hash = CodeHash::of(&array(&case["code"]));
        assert_eq!(hash.0, array(&case["code_hash"]));
    }
}

/// A ledger never receives the body: it builds it from the request, as here.
#[test]
fn every_request_is_accepted_or_refused_as_it_should() {
    let vectors = vectors();
    let signer = signer(&vectors);
    let requests = &vectors["requests"];
    for case in list(&requests["valid"]) {
        let fields = &case["fields"];
        let text = |name: &str| fields[name].as_str().expect("text");
        let built = LedgerRequest {
            method: RequestMethod::by_name(text("method")).expect("a method"),
            ledger: LedgerKey(array(&vectors["ledger"])),
            device: signer.key(),
            challenge: Challenge(array(&fields["challenge"])),
            target: TargetHash::of(text("target")),
            body: BodyHash::of(text("request_body").as_bytes()),
        };
        let verified = cases::valid::<LedgerRequest>(case, &signer);
        assert_eq!(*verified.value(), built);
        assert_eq!(built.target.0, array(&fields["target_hash"]));
        assert_eq!(built.body.0, array(&fields["body_hash"]));
    }
    cases::invalid::<LedgerRequest>(&requests["invalid"], signer.key(), 20);
    cases::every_bit_matters::<LedgerRequest>(&requests["valid"][1], signer.key());
}

#[test]
fn the_vectors_of_enrolment_name_the_payload_types_of_the_code() {
    let types = &vectors()["payload_types"];
    assert_eq!(types["enrolment"], Enrolment::KIND.payload_type());
    assert_eq!(types["request"], LedgerRequest::KIND.payload_type());
}

impl Reason for EnrolmentError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::Genesis => "genesis",
            Self::Totals => "totals",
        }
    }
}

impl Reason for LedgerRequestError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::Method(_) => "method",
        }
    }
}
