//! Properties of every signed format: any bytes are either refused or the only encoding of what
//! they decode to, and no bytes make the decoder panic.

use meter_core::{
    ChainState, Enrolment, KeyChange, LedgerRequest, Policy, Receipt, SessionReport, Signable,
};
use proptest::prelude::*;
use serde_json::Value;

/// Decodes these bytes as every kind. The result counts the kinds that accept them.
fn accepted(bytes: &[u8]) -> usize {
    let kinds = [
        is_accepted::<SessionReport>(bytes),
        is_accepted::<Receipt>(bytes),
        is_accepted::<ChainState>(bytes),
        is_accepted::<KeyChange>(bytes),
        is_accepted::<Policy>(bytes),
        is_accepted::<Enrolment>(bytes),
        is_accepted::<LedgerRequest>(bytes),
    ];
    kinds.iter().filter(|&&is_accepted| is_accepted).count()
}

fn is_accepted<T: Signable>(bytes: &[u8]) -> bool {
    let Ok(value) = T::from_body(bytes) else {
        return false;
    };
    let again = value.to_body();
    assert_eq!(again.as_ref(), bytes, "one encoding");
    true
}

/// The body of every case of every vector file, valid or not.
fn bodies() -> Vec<Vec<u8>> {
    let files = [
        include_str!("../../../../docs/spec/session-report.json"),
        include_str!("../../../../docs/spec/receipt.json"),
        include_str!("../../../../docs/spec/policy.json"),
        include_str!("../../../../docs/spec/enrolment.json"),
    ];
    let mut bodies = Vec::new();
    for file in files {
        let file: Value = serde_json::from_str(file).expect("JSON");
        collect(&file, &mut bodies);
    }
    bodies
}

fn collect(value: &Value, bodies: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(body)) = members.get("body") {
                bodies.push(hex::decode(body).expect("hex"));
            }
            members.values().for_each(|member| collect(member, bodies));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, bodies)),
        _ => {}
    }
}

/// A body of the vectors in which some bytes are replaced, cut off or added.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    // Small and large bytes are likelier to break only one rule.
    let byte = prop_oneof![
        Just(0),
        Just(1),
        Just(2),
        Just(0x80),
        Just(0xff),
        any::<u8>()
    ];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), byte), 0..4);
    let body = prop::sample::select(bodies());
    (body, changes, 0_usize..20, any::<u8>()).prop_map(|(mut body, changes, length, last)| {
        for (at, byte) in changes {
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        match length {
            0 => drop(body.pop()),
            1 => body.push(last),
            _ => {}
        }
        body
    })
}

#[test]
fn every_kind_has_bodies_that_it_alone_accepts() {
    let right = bodies().iter().filter(|body| accepted(body) == 1).count();
    // Also those whose signature only is wrong.
    assert!(right > 80, "{right}");
    assert!(bodies().iter().all(|body| accepted(body) <= 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        prop_assert_eq!(accepted(&bytes), 0);
    }

    #[test]
    fn bytes_that_are_nearly_right_are_refused_or_the_only_encoding(bytes in nearly_right()) {
        prop_assert!(accepted(&bytes) <= 1);
    }
}
