//! The vectors of `docs/spec/receipt.json`, through the whole `update`: natively here, and as Wasm
//! in `tests/wasm.rs`.

use meter_core::Amount;
use onionmeter::update::{Effect, Event, ReceiptRefusal, State, update};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../docs/spec/receipt.json");
const ACCOUNT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A host that has the reports of the vectors, and these receipts for them.
fn verdict(vectors: &Value, receipts: &[Value]) -> (State, Option<Amount>) {
    let chain = vectors["valid_chain"].as_array().expect("a list");
    let reports: Vec<_> = chain.iter().map(|one| signed(&one["report"])).collect();
    let change = signed(&vectors["key_changes"]["valid"][0]);
    let totals: Value = chain.last().expect("five")["report"]["body"].clone();
    let host = Host {
        hello: json!({ "hello": {
            "protocol": 1, "version": "0.1.0", "capabilities": [],
            "key": vectors["device"], "chain": vectors["chain"],
        }}),
        status: json!({ "status": status(&vectors["chain"], &totals, reports.len()) }),
        reports: json!({ "reports": {
            "reports": reports, "total": reports.len().to_string(),
        }}),
        receipts: json!({ "receipts": {
            "account": ACCOUNT, "chain": vectors["chain"], "receipts": receipts,
            "start": "0", "last": receipts.len().to_string(),
            "key": vectors["ledger"]["key"], "changes": [change],
        }}),
    };
    let state = host.meets_the_extension();
    let credited = state.receipts.credited();
    (state, credited)
}

struct Host {
    hello: Value,
    status: Value,
    reports: Value,
    receipts: Value,
}

impl Host {
    fn meets_the_extension(&self) -> State {
        let started = Event::Started(Box::default());
        let (mut state, mut effects) = update(State::default(), started);
        // Each answer leads to the next request; a hundred are far more than there are.
        for _ in 0..100 {
            let sent = effects.iter().find_map(|effect| match effect {
                Effect::Send(connection, envelope) => Some((*connection, envelope.clone())),
                _ => None,
            });
            let Some((connection, envelope)) = sent else {
                break;
            };
            let request = serde_json::to_value(&envelope.request).expect("JSON");
            let ok = self.answer(&request);
            let json = json!({ "reply": { "id": envelope.id, "ok": ok } }).to_string();
            let (next, more) = update(state, Event::Frame { connection, json });
            state = next;
            let is_sent = |effect: &Effect| matches!(effect, Effect::Send(..));
            let first = effects.iter().position(is_sent).expect("just found");
            effects.remove(first);
            effects.extend(more);
        }
        state
    }

    fn answer(&self, request: &Value) -> &Value {
        let is = |name: &str| request == name || request.get(name).is_some();
        match () {
            () if is("hello") => &self.hello,
            () if is("status") => &self.status,
            () if is("reports") => &self.reports,
            () if is("receipts") => &self.receipts,
            () => &DONE,
        }
    }
}

static DONE: Value = Value::Null;

fn status(chain: &Value, last: &Value, reports: usize) -> Value {
    // The running total of the amount stands at byte 168 of a report.
    let total = last.as_str().and_then(|body| body.get(336..352));
    let total = total.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    json!({
        "relay": {"listening": {"port": 9149}},
        "tor": {"backend": "managed", "version": null, "state": "ready"},
        "session": null, "balance": total.expect("a number").to_string(),
        "reports": reports.to_string(), "chain": chain,
        "ledger": {
            "address": "127.0.0.1:3443", "account": ACCOUNT, "before": "0", "answered": "0",
            "credited": "0", "waiting": "0", "waiting_reports": "0", "lowered": [],
            "sending": "idle",
        },
        "thresholds": {
            "min_bytes": "100000", "min_duration_ms": "30000", "max_duration_ms": "600000",
        },
        "problem": null,
    })
}

fn signed(one: &Value) -> Value {
    json!({ "body": one["body"], "signature": one["signature"] })
}

fn answer(case: &Value) -> Value {
    json!({ "report": signed(&case["report"]), "receipt": signed(case) })
}

/// All receipts of the vectors count, the change of the ledger's key included, and nothing that the
/// vectors call wrong does.
pub(crate) fn hold() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vector file is JSON");
    let cases = |name: &str| vectors[name].as_array().expect("a list").clone();
    let valid: Vec<_> = cases("valid_chain").iter().map(answer).collect();
    let (state, credited) = verdict(&vectors, &valid);
    assert_eq!(state.receipts.refusal(), None);
    let last = &cases("valid_chain")[4]["fields"]["awarded_total"];
    let expected = last
        .as_str()
        .map(str::to_owned)
        .unwrap_or_else(|| last.to_string());
    let credited = credited.map(|credited| credited.get().to_string());
    assert_eq!(credited, Some(expected));

    let mut tried = 0;
    for case in cases("invalid") {
        let is_whole = case["body"].as_str().is_some_and(|body| body.len() == 400);
        let mut first = valid[0].clone();
        first["receipt"] = signed(&case);
        if is_whole {
            refused(&vectors, &[first], &case);
            tried += 1;
        }
    }
    for case in cases("wrong_answers") {
        refused(&vectors, &[answer(&case)], &case);
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
}

#[track_caller]
fn refused(vectors: &Value, receipts: &[Value], case: &Value) {
    let (state, credited) = verdict(vectors, receipts);
    assert_eq!(credited, None, "{}", case["error"]);
    let refusal = state.receipts.refusal();
    assert_eq!(refusal, Some(ReceiptRefusal::Invalid), "{}", case["error"]);
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_product_counts_the_receipts_of_the_vectors_and_none_that_is_wrong() {
    hold();
}
