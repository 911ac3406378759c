//! The vectors of `docs/spec/receipt.md`.

use crate::cases::{self, Reason, array, bytes, list, signed};
use meter_core::{
    AnswerError, ChainCondition, ChainState, ChainStateError, DeviceKey, KeyChange, KeyChangeError,
    LedgerKey, LedgerSigner, Receipt, ReceiptChainError, ReceiptError, SessionReport, Signable,
    Tariff, Verified, Vkey, VkeyError,
};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../../docs/spec/receipt.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn ledger(vectors: &Value) -> LedgerSigner {
    signer(&vectors["ledger"])
}

fn signer(ledger: &Value) -> LedgerSigner {
    let signer = LedgerSigner::from_seed(&array(&ledger["seed"]));
    assert_eq!(signer.key().0, array(&ledger["key"]));
    signer
}

fn report(vectors: &Value, case: &Value) -> Verified<SessionReport> {
    let device = DeviceKey(array(&vectors["device"]));
    let report = signed::<SessionReport>(&case["report"]).verify(device);
    report.expect("a valid report")
}

fn receipt(case: &Value, key: LedgerKey) -> Receipt {
    let receipt = signed::<Receipt>(case).verify(key);
    *receipt.expect("valid alone").value()
}

fn receipt_fields(receipt: &Receipt) -> Value {
    let reasons: Vec<_> = receipt.reasons.iter().map(|reason| reason.name()).collect();
    json!({
        "reasons": reasons,
        "ledger": hex::encode(receipt.ledger.0),
        "device": hex::encode(receipt.device.0),
        "chain": hex::encode(receipt.chain.0),
        "sequence": receipt.sequence.to_string(),
        "link": hex::encode(receipt.link.0),
        "at": receipt.at.get().to_string(),
        "awarded_ms": receipt.awarded_duration.get().to_string(),
        "awarded_bytes": receipt.awarded_bytes.get().to_string(),
        "amount": receipt.amount.get().to_string(),
        "awarded_total": receipt.awarded_total.get().to_string(),
        "policy": receipt.policy.0,
        "tariff": receipt.tariff.0,
    })
}

#[test]
fn every_valid_receipt_says_what_it_should_answers_its_report_and_follows() {
    let vectors = vectors();
    let cases = list(&vectors["valid_chain"]);
    let mut before: Option<Receipt> = None;
    for (number, case) in cases.iter().enumerate() {
        let name = if number < 4 { "ledger" } else { "next_ledger" };
        let verified = cases::valid::<Receipt>(case, &signer(&vectors[name]));
        let receipt = *verified.value();
        assert_eq!(receipt_fields(&receipt), case["fields"]);
        let report = report(&vectors, case);
        assert_eq!(receipt.answers(report.value()), Ok(()));
        if let Some(before) = before {
            assert_eq!(receipt.follows(&before), Ok(()));
        }
        before = Some(receipt);
    }
    assert_eq!(before.map(|last| last.sequence), Some(5));
}

/// What a stranger can check, written down once more beside the code that checks it.
#[test]
fn every_valid_receipt_awards_at_most_what_is_claimed_and_exactly_the_tariffs_amount() {
    let vectors = vectors();
    let mut total = 0;
    for case in list(&vectors["valid_chain"]) {
        let report = report(&vectors, case);
        let report = report.value();
        let key = LedgerKey(array(&case["fields"]["ledger"]));
        let receipt = receipt(case, key);
        assert!(receipt.awarded_duration <= report.duration);
        assert!(receipt.awarded_bytes <= report.bytes());
        let (ms, bytes) = (receipt.awarded_duration.get(), receipt.awarded_bytes.get());
        assert_eq!(receipt.amount.get(), 100_000 * ms + 500 * bytes);
        assert!(receipt.amount <= report.amount);
        total += receipt.amount.get();
        assert_eq!(receipt.awarded_total.get(), total);
    }
}

#[test]
fn every_invalid_receipt_is_refused_for_its_reason() {
    let vectors = vectors();
    let key = ledger(&vectors).key();
    cases::invalid::<Receipt>(&vectors["invalid"], key, 40);
}

#[test]
fn every_single_bit_of_a_receipt_and_its_signature_matters() {
    let vectors = vectors();
    let key = ledger(&vectors).key();
    cases::every_bit_matters::<Receipt>(&vectors["valid_chain"][0], key);
}

/// A reference row: receipt bytes as a report, and a report as a receipt.
#[test]
fn r_07_neither_receipt_nor_report_counts_for_the_other() {
    let vectors = vectors();
    let case = &vectors["valid_chain"][0];
    let key = ledger(&vectors).key();
    let as_report = signed::<SessionReport>(case).verify(DeviceKey(key.0));
    assert_eq!(as_report.expect_err("no report").reason(), "signature");
    let device = LedgerKey(array(&vectors["device"]));
    let as_receipt = signed::<Receipt>(&case["report"]).verify(device);
    assert_eq!(as_receipt.expect_err("no receipt").reason(), "signature");
}

#[test]
fn a_receipt_that_does_not_answer_its_report_is_refused_for_its_reason() {
    let vectors = vectors();
    let key = ledger(&vectors).key();
    let cases = list(&vectors["wrong_answers"]);
    assert!(cases.len() >= 16, "{}", cases.len());
    for case in cases {
        let report = report(&vectors, case);
        let answer = receipt(case, key).answers(report.value());
        let reason = match answer.expect_err("to be refused") {
            AnswerError::OtherReport => "other-report",
            AnswerError::Tariff => "tariff",
            AnswerError::MoreThanClaimed => "more-than-claimed",
            AnswerError::Unexplained => "unexplained",
            AnswerError::NeedlessReason => "needless-reason",
        };
        assert_eq!(reason, case["error"], "{case}");
    }
}

#[test]
fn a_receipt_that_does_not_follow_is_refused_for_its_reason() {
    let vectors = vectors();
    let key = ledger(&vectors).key();
    let cases = list(&vectors["broken_chains"]);
    assert!(cases.len() >= 6, "{}", cases.len());
    for case in cases {
        let (before, after) = (receipt(&case["before"], key), receipt(&case["after"], key));
        let reason = match after.follows(&before).expect_err("to be refused") {
            ReceiptChainError::OtherChain => "other-chain",
            ReceiptChainError::Sequence { .. } => "sequence",
            ReceiptChainError::Totals { .. } => "chain-totals",
        };
        assert_eq!(reason, case["error"], "{case}");
    }
}

#[test]
fn every_chain_state_is_accepted_or_refused_as_it_should() {
    let vectors = vectors();
    let signer = ledger(&vectors);
    let states = &vectors["chain_states"];
    for case in list(&states["valid"]) {
        let verified = cases::valid::<ChainState>(case, &signer);
        let state = verified.value();
        let fields = json!({
            "condition": match state.condition {
                ChainCondition::Open => "open",
                ChainCondition::Frozen => "frozen",
            },
            "ledger": hex::encode(state.ledger.0),
            "device": hex::encode(state.device.0),
            "chain": hex::encode(state.chain.0),
            "sequence": state.sequence.to_string(),
            "link": hex::encode(state.link.0),
            "at": state.at.get().to_string(),
            "awarded_total": state.awarded_total.get().to_string(),
        });
        assert_eq!(fields, case["fields"]);
    }
    cases::invalid::<ChainState>(&states["invalid"], signer.key(), 25);
    cases::every_bit_matters::<ChainState>(&states["valid"][0], signer.key());
}

#[test]
fn every_key_change_is_accepted_or_refused_as_it_should() {
    let vectors = vectors();
    let signer = ledger(&vectors);
    let changes = &vectors["key_changes"];
    let mut before: Option<KeyChange> = None;
    for (case, name) in list(&changes["valid"])
        .iter()
        .zip(["ledger", "next_ledger"])
    {
        let verified = cases::valid::<KeyChange>(case, &self::signer(&vectors[name]));
        let change = *verified.value();
        let fields = json!({
            "old": hex::encode(change.old.0),
            "new": hex::encode(change.new.0),
            "number": change.number,
            "at": change.at.get().to_string(),
        });
        assert_eq!(fields, case["fields"]);
        assert!(before.is_none_or(|before| change.follows(&before)));
        before = Some(change);
    }
    assert_eq!(before.map(|last| last.number), Some(3));
    cases::invalid::<KeyChange>(&changes["invalid"], signer.key(), 25);
    cases::every_bit_matters::<KeyChange>(&changes["valid"][0], signer.key());
}

#[test]
fn every_vkey_is_read_or_refused_as_it_should() {
    let vectors = vectors();
    for name in ["ledger", "next_ledger"] {
        let key = LedgerKey(array(&vectors[name]["key"]));
        let vkey = Vkey::new("ledger.example", key).expect("a name");
        assert_eq!(vkey.to_string(), vectors[name]["vkey"]);
    }
    for case in list(&vectors["vkeys"]["valid"]) {
        let line = case["line"].as_str().expect("text");
        let vkey: Vkey = line.parse().expect("a vkey");
        assert_eq!(vkey.name(), case["name"]);
        assert_eq!(vkey.key().0.to_vec(), bytes(&case["key"]));
    }
    for case in list(&vectors["vkeys"]["invalid"]) {
        let line = case["line"].as_str().expect("text");
        let reason = match line.parse::<Vkey>().expect_err("to be refused") {
            VkeyError::Form => "form",
            VkeyError::Algorithm(_) => "algorithm",
            VkeyError::Name => "name",
            VkeyError::Number => "number",
        };
        assert_eq!(reason, case["error"], "{line}");
    }
}

#[test]
fn the_page_of_receipts_names_the_payload_types_and_the_tariff_of_the_code() {
    let vectors = vectors();
    let types = &vectors["payload_types"];
    assert_eq!(types["receipt"], Receipt::KIND.payload_type());
    assert_eq!(types["chain_state"], ChainState::KIND.payload_type());
    assert_eq!(types["key_change"], KeyChange::KIND.payload_type());
    let page = include_str!("../../../../docs/spec/receipt.md");
    for kind in [Receipt::KIND, ChainState::KIND, KeyChange::KIND] {
        let payload_type = kind.payload_type();
        let row = format!("| `{payload_type}` | {} |", payload_type.len());
        assert!(page.contains(&row), "{row}");
    }
    assert_eq!(Tariff::V1.id().0, 1);
}

impl Reason for ReceiptError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::SequenceZero => "sequence-zero",
            Self::Policy => "policy",
            Self::Tariff(_) => "tariff",
            Self::Amount => "amount",
            Self::Totals => "totals",
        }
    }
}

impl Reason for ChainStateError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::Condition(_) => "condition",
            Self::Genesis => "genesis",
            Self::Totals => "totals",
        }
    }
}

impl Reason for KeyChangeError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::Number(_) => "number",
            Self::SameKey => "same-key",
        }
    }
}
