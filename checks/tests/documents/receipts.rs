//! The pages about what a ledger and a device sign: their tables add up, and a reader written from
//! the page of receipts alone, in another language, judges the vectors as they should be judged.

use crate::{
    files::{read, root},
    markdown,
};
use meter_core::{
    CHAIN_STATE_BODY_BYTES, ENROLMENT_BODY_BYTES, KEY_CHANGE_BODY_BYTES, LEDGER_REQUEST_BODY_BYTES,
    POLICY_BODY_BYTES, RECEIPT_BODY_BYTES, SESSION_REPORT_BODY_BYTES,
};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    process::{Command, Stdio},
};

const READER: &str = "docs/spec/receipt.py";

/// Claims as the reader takes them, without any answer, and the answers beside them.
#[derive(Default)]
struct Claims {
    claims: Vec<Value>,
    answers: Vec<Value>,
}

impl Claims {
    /// Adds a signed case; `more` are further members of the claim.
    fn signed(&mut self, kind: &str, key: &Value, case: &Value, more: Value, answer: &Value) {
        let mut claim = more;
        claim["kind"] = kind.into();
        claim["key"] = key.clone();
        claim["body"] = case["body"].clone();
        claim["signature"] = case["signature"].clone();
        self.add(claim, answer);
    }

    fn add(&mut self, claim: Value, answer: &Value) {
        self.claims.push(claim);
        self.answers.push(answer.clone());
    }

    /// Adds `valid` and `invalid` cases; `signer` names the field of the signing key.
    fn pages(&mut self, kind: &str, signer: &str, key: &Value, cases: &Value) {
        for case in list(&cases["valid"]) {
            let fields = &case["fields"];
            self.signed(kind, &fields[signer], case, json!({}), fields);
        }
        for case in list(&cases["invalid"]) {
            self.signed(kind, key, case, json!({}), &case["error"]);
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn claims(vectors: &Value) -> Claims {
    let key = &vectors["ledger"]["key"];
    let mut all = Claims::default();
    let mut before = None;
    for case in list(&vectors["valid_chain"]) {
        let mut more = json!({ "report": case["report"]["body"] });
        if let Some(before) = before.replace(&case["body"]) {
            more["before"] = before.clone();
        }
        let fields = &case["fields"];
        all.signed("receipt", &fields["ledger"], case, more, fields);
    }
    for case in list(&vectors["invalid"]) {
        let key = case.get("key").unwrap_or(key);
        all.signed("receipt", key, case, json!({}), &case["error"]);
    }
    for case in list(&vectors["wrong_answers"]) {
        let more = json!({ "report": case["report"]["body"] });
        all.signed("receipt", key, case, more, &case["error"]);
    }
    for case in list(&vectors["broken_chains"]) {
        let more = json!({ "before": case["before"]["body"] });
        all.signed("receipt", key, &case["after"], more, &case["error"]);
    }
    all.pages("chain-state", "ledger", key, &vectors["chain_states"]);
    all.pages("key-change", "old", key, &vectors["key_changes"]);
    for case in list(&vectors["vkeys"]["valid"]) {
        let answer = json!({ "name": case["name"], "key": case["key"] });
        all.add(json!({ "kind": "vkey", "line": case["line"] }), &answer);
    }
    for case in list(&vectors["vkeys"]["invalid"]) {
        let claim = json!({ "kind": "vkey", "line": case["line"] });
        all.add(claim, &case["error"]);
    }
    all
}

fn answers_of_the_reader(claims: &[Value]) -> Vec<Value> {
    let mut reader = Command::new("python3")
        .arg(root().join(READER))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let input = serde_json::to_vec(claims).expect("plain JSON");
    let mut stdin = reader.stdin.take().expect("a pipe");
    // The reader reads all of it before it answers, so neither waits for the other.
    stdin.write_all(&input).expect("the reader reads");
    drop(stdin);
    let output = reader.wait_with_output().expect("the reader ends");
    let answers = serde_json::from_slice(&output.stdout).expect("a list");
    let is_any_refused = list(&answers).iter().any(Value::is_string);
    assert_eq!(output.status.code(), Some(is_any_refused.into()));
    list(&answers).to_vec()
}

#[test]
fn a_reader_written_from_the_page_alone_accepts_and_refuses_the_vectors_for_their_reasons() {
    let vectors: Value = serde_json::from_str(&read("docs/spec/receipt.json")).expect("JSON");
    let all = claims(&vectors);
    assert!(all.claims.len() > 130, "{}", all.claims.len());
    let found = answers_of_the_reader(&all.claims);
    assert_eq!(found.len(), all.claims.len());
    for ((claim, wanted), found) in all.claims.iter().zip(&all.answers).zip(&found) {
        assert_eq!(found, wanted, "{claim}");
    }
}

/// Each of these is valid alone: only the report, or the receipt before, shows what is wrong.
#[test]
fn the_reader_accepts_each_wrong_answer_as_a_receipt_alone() {
    let vectors: Value = serde_json::from_str(&read("docs/spec/receipt.json")).expect("JSON");
    let key = &vectors["ledger"]["key"];
    let mut all = Claims::default();
    for case in list(&vectors["wrong_answers"]) {
        all.signed("receipt", key, case, json!({}), &Value::Null);
    }
    for case in list(&vectors["broken_chains"]) {
        all.signed("receipt", key, &case["after"], json!({}), &Value::Null);
        all.signed("receipt", key, &case["before"], json!({}), &Value::Null);
    }
    let found = answers_of_the_reader(&all.claims);
    assert!(found.iter().all(Value::is_object), "{found:?}");
}

#[test]
fn the_reader_is_short_and_uses_only_the_standard_library() {
    let text = read(READER);
    assert!(text.lines().count() <= 300);
    let imports = text.lines().filter(|line| {
        let words = ["import ", "from "];
        words.iter().any(|word| line.trim_start().starts_with(word))
    });
    let imports: Vec<_> = imports.collect();
    let standard = ["base64", "hashlib", "json", "struct", "sys"];
    let wanted = standard.map(|module| format!("import {module}"));
    assert_eq!(imports, wanted);
}

/// One page repeats the text of the other, so that each is complete.
#[test]
fn both_pages_say_in_the_same_words_which_signatures_are_accepted() {
    let [reports, receipts] = ["session-report", "receipt"].map(|name| {
        let page = read(&format!("docs/spec/{name}.md"));
        markdown::section(&page, "### What verification accepts").to_owned()
    });
    assert!(reports.lines().count() > 30);
    assert_eq!(reports.trim(), receipts.trim());
}

/// In every table of a body, each field begins where the one before it ends, and the last one ends
/// at the length that the code and the page name.
#[test]
fn the_fields_of_every_signed_body_add_up_to_its_length() {
    for (page, heading, length) in [
        ("session-report", "## Body", SESSION_REPORT_BODY_BYTES),
        ("receipt", "## Body", RECEIPT_BODY_BYTES),
        ("receipt", "## Chain state", CHAIN_STATE_BODY_BYTES),
        ("receipt", "## Key change", KEY_CHANGE_BODY_BYTES),
        ("policy", "## Body", POLICY_BODY_BYTES),
        ("enrolment", "## Enrolment", ENROLMENT_BODY_BYTES),
        ("enrolment", "## Signed requests", LEDGER_REQUEST_BODY_BYTES),
    ] {
        let text = read(&format!("docs/spec/{page}.md"));
        let section = markdown::section(&text, heading);
        let rows = markdown::rows(section);
        let mut end = 0;
        for row in &rows {
            // The other tables of a section begin with a word.
            let [Ok(offset), Ok(bytes)] = [&row[0], &row[1]].map(|cell| cell.parse::<usize>())
            else {
                continue;
            };
            assert_eq!(offset, end, "{page}, {heading}: {row:?}");
            end = offset + bytes;
        }
        assert_eq!(end, length, "{page}, {heading}");
        let rule = format!("| `length` | it does not have exactly {length} bytes |");
        assert!(section.contains(&rule), "{page}, {heading}: {rule}");
    }
}
