//! The two descriptions of the server, compared with the table of its routes and its answers.

use crate::stand::Stand;
use meter_face::{DESCRIPTION, routes};
use meter_wire::face::FaceCode;
use serde_json::Value;
use std::collections::BTreeSet;

const FOR_PEOPLE: &str = include_str!("../../../../docs/spec/http-face.md");

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).expect("JSON")
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let routed: BTreeSet<(String, String)> = routes()
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let description = description();
    let paths = description["paths"].as_object().expect("paths");
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().expect("methods").keys();
        let pair = |method: &String| (method.clone(), path.clone());
        methods.map(pair).collect::<Vec<_>>()
    };
    assert_eq!(
        paths.iter().flat_map(of_path).collect::<BTreeSet<_>>(),
        routed
    );
    for (method, path) in &routed {
        let line = format!("`{} {path}`", method.to_uppercase());
        assert!(FOR_PEOPLE.contains(&line), "http-face.md lacks {line}");
    }
    for line in FOR_PEOPLE.lines().filter(|line| line.starts_with("### `")) {
        let named = routed
            .iter()
            .any(|(method, path)| line == format!("### `{} {path}`", method.to_uppercase()));
        assert!(named, "{line} is no route");
    }
}

#[test]
fn every_code_of_a_refusal_has_its_row() {
    for code in FaceCode::ALL {
        let cell = format!("| `{}` |", code.text());
        assert!(FOR_PEOPLE.contains(&cell), "http-face.md lacks {cell}");
    }
}

/// Members of an answer that the description does not have, or the other way round.
fn compare(description: &Value, schema: &Value, answer: &Value, place: &str) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        let schema = &description["components"]["schemas"][name];
        return compare(description, schema, answer, name);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        if !answer.is_null() {
            compare(description, &choices[0], answer, place);
        }
        return;
    }
    match answer {
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return;
            };
            for (name, value) in members {
                let property = properties.get(name);
                let property =
                    property.unwrap_or_else(|| panic!("{place}.{name} is not described"));
                compare(description, property, value, name);
            }
            for name in schema["required"].as_array().expect("a list") {
                let name = name.as_str().expect("a name");
                assert!(members.contains_key(name), "{place}.{name} is not there");
            }
        }
        Value::Array(items) => {
            for item in items {
                compare(description, &schema["items"], item, place);
            }
        }
        Value::String(_) => assert_eq!(schema["type"], "string", "{place}"),
        Value::Bool(_) => assert_eq!(schema["type"], "boolean", "{place}"),
        Value::Number(_) | Value::Null => assert!(schema["type"] != "string", "{place}"),
    }
}

#[tokio::test]
async fn every_answer_has_the_members_that_are_described_and_no_others() {
    let stand = Stand::start();
    stand.enrol();
    let description = description();
    let paths = description["paths"].as_object().expect("paths");
    let mut compared = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let ok = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let filled = path.replace("{id}", &"c4".repeat(16));
            let reply = match method.as_str() {
                "get" if path == "/api/events" => continue,
                "get" => stand.send(&format!("GET {filled}"), "").await,
                _ => stand.post(&filled, "{}").await,
            };
            let is_refused = reply.status != 200;
            let refusal = &description["components"]["schemas"]["Refusal"];
            let schema = if is_refused { refusal } else { ok };
            if schema.is_null() {
                continue;
            }
            let body: Value = serde_json::from_str(&reply.body).expect("JSON");
            compare(&description, schema, &body, path);
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared}");
    stand.end().await;
}
