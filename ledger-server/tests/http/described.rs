//! The two descriptions of the API, compared with the table of its routes and with the types.

use meter_wire::ledger::{
    Answer, Answers, Balance, Batch, ChainAnswer, Challenge, Deleted, DeviceInfo, Devices, Enrol,
    Enrolled, Healthy, Invited, LedgerCode, LedgerInfo, LedgerProblem, Login, PolicyInfo, Recovery,
    Removed, SessionInfo, SessionsPage, Submit, Submitted, parse,
};
use onionmeter_ledger::http::{DESCRIPTION, routes};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

const FOR_PEOPLE: &str = include_str!("../../../docs/spec/ledger-http.md");

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).expect("JSON")
}

fn described() -> BTreeSet<(String, String)> {
    let description = description();
    let paths = description["paths"].as_object().expect("paths");
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().expect("methods").keys();
        let path = path.clone();
        methods
            .map(move |method| (method.clone(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let routed: BTreeSet<_> = routes()
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(described(), routed);
    for (method, path) in &routed {
        let line = format!("`{} {path}`", method.to_uppercase());
        assert!(FOR_PEOPLE.contains(&line), "ledger-http.md lacks {line}");
    }
    for line in FOR_PEOPLE.lines().filter(|line| line.starts_with("### `")) {
        let named = routed
            .iter()
            .any(|(method, path)| line == format!("### `{} {path}`", method.to_uppercase()));
        assert!(named, "{line} is no route");
    }
}

#[test]
fn every_code_of_a_refusal_is_described_with_its_status() {
    let description = description();
    let listed = &description["components"]["schemas"]["LedgerCode"]["enum"];
    let codes = serde_json::to_value(LedgerCode::ALL).expect("JSON");
    assert_eq!(*listed, codes);
    for code in codes.as_array().expect("codes") {
        let cell = format!("| `{}` |", code.as_str().expect("text"));
        assert!(FOR_PEOPLE.contains(&cell), "ledger-http.md lacks {cell}");
    }
}

/// Nothing of the example may be lost: the types know every field of it.
fn read<T: DeserializeOwned + Serialize>(example: &Value) -> bool {
    parse::<T>(example.to_string().as_bytes()).is_ok()
}

fn is_read(schema: &str, example: &Value) -> bool {
    match schema {
        "Answer" => read::<Answer>(example),
        "Answers" => read::<Answers>(example),
        "Balance" => read::<Balance>(example),
        "Batch" => read::<Batch>(example) && read::<Submit>(example),
        "ChainAnswer" => read::<ChainAnswer>(example),
        "Challenge" => read::<Challenge>(example),
        "Deleted" => read::<Deleted>(example),
        "DeviceInfo" => read::<DeviceInfo>(example),
        "Devices" => read::<Devices>(example),
        "Enrol" => read::<Enrol>(example),
        "Enrolled" => read::<Enrolled>(example),
        "Healthy" => read::<Healthy>(example),
        "Invited" => read::<Invited>(example),
        "LedgerInfo" => read::<LedgerInfo>(example),
        "LedgerProblem" => read::<LedgerProblem>(example),
        "Login" => read::<Login>(example),
        "PolicyInfo" => read::<PolicyInfo>(example),
        "Recovery" => read::<Recovery>(example),
        "Removed" => read::<Removed>(example),
        "SessionInfo" => read::<SessionInfo>(example),
        "SessionsPage" => read::<SessionsPage>(example),
        "Submitted" => read::<Submitted>(example) && read::<Submit>(example),
        _ => false,
    }
}

#[test]
fn every_example_is_read_by_the_types() {
    let description = description();
    let schemas = description["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let mut read = 0;
    for (name, schema) in schemas {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert!(is_read(name, example), "{name}: {example}");
            read += 1;
        }
    }
    assert!(read >= 22, "only {read} examples");
    assert!(
        !is_read("Balance", &serde_json::json!({})),
        "it refuses nothing"
    );
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let description = description();
    let mut waiting = vec![&description];
    let mut found = 0;
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(values) => waiting.extend(values),
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').expect("inside the document");
                    assert!(description.pointer(pointer).is_some(), "{reference}");
                    found += 1;
                }
                waiting.extend(fields.values());
            }
            _ => {}
        }
    }
    assert!(found > 20, "{found}");
}
