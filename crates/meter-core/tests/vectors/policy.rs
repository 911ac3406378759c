//! The vectors of `docs/spec/policy.md`.

use crate::cases::{self, Reason, array, list};
use meter_core::{EnrolmentRule, LedgerSigner, Policy, PolicyError, Signable};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../../docs/spec/policy.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn fields(policy: &Policy) -> Value {
    let enrolment = match policy.enrolment {
        EnrolmentRule::Open => "open",
        EnrolmentRule::ByInvitation => "by-invitation",
    };
    json!({
        "enrolment": enrolment,
        "ledger": hex::encode(policy.ledger.0),
        "number": policy.number.0,
        "tariff": policy.tariff.0,
        "effective_at": policy.effective_at.get().to_string(),
        "time_backlog_ms": policy.time_backlog.get().to_string(),
        "bytes_per_day": policy.bytes_per_day.get().to_string(),
        "byte_backlog_ms": policy.byte_backlog.get().to_string(),
        "session_cap_ms": policy.session_cap.get().to_string(),
        "devices_per_account": policy.devices_per_account,
        "chains_per_day": policy.chains_per_day,
        "reports_per_minute": policy.reports_per_minute,
        "most_per_day": policy.most_per_day().total.get().to_string(),
        "idle_per_day": policy.idle_per_day().get().to_string(),
    })
}

#[test]
fn every_policy_is_accepted_or_refused_as_it_should() {
    let vectors = vectors();
    assert_eq!(vectors["payload_type"], Policy::KIND.payload_type());
    let signer = LedgerSigner::from_seed(&array(&vectors["seed"]));
    let key = signer.key();
    assert_eq!(key.0, array(&vectors["key"]));
    for case in list(&vectors["valid"]) {
        let policy = cases::valid::<Policy>(case, &signer);
        assert_eq!(fields(policy.value()), case["fields"]);
    }
    cases::invalid::<Policy>(&vectors["invalid"], key, 30);
    cases::every_bit_matters::<Policy>(&vectors["valid"][0], key);
}

#[test]
fn the_first_policy_of_the_vectors_promises_what_the_page_says() {
    let fields = &vectors()["valid"][0]["fields"];
    assert_eq!(fields["most_per_day"], "9640000000000");
    assert_eq!(fields["idle_per_day"], "8640000000000");
    let page = include_str!("../../../../docs/spec/policy.md");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("at most 9,640 credits a day; doing nothing earns 8,640."));
}

impl Reason for PolicyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Form(form) => form.reason(),
            Self::Enrolment(_) => "enrolment",
            Self::NumberZero => "number-zero",
            Self::Tariff(_) => "tariff",
            Self::LimitZero(_) => "limit-zero",
            Self::Amount => "amount",
        }
    }
}
