//! A ledger that changes its policy: the host has it once a receipt names it.

use crate::place::{LIMIT, Place};
use checks::face::Face;
use meter_core::{Policy, Signed, Vkey};
use meter_wire::ledger::WireSigned;
use serde_json::Value;
use std::time::Instant;

/// The policy as `onionmeter serve` tells it, verified with the ledger's key.
fn told(face: &Face, place: &Place) -> (Value, Policy) {
    let told: Value = serde_json::from_str(&face.get("/api/sessions/policy").unwrap()).unwrap();
    let signed: WireSigned<128> = serde_json::from_value(told["policy"].clone()).unwrap();
    let vkey: Vkey = place.ledger.vkey().parse().unwrap();
    let policy = Signed::<Policy>::from(&signed).verify(vkey.key()).unwrap();
    (told, *policy.value())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_policy_is_told_and_exported_once_a_receipt_names_it() {
    let mut place = Place::new().await;
    let folder = place.person.host.folder().to_path_buf();
    let face = Face::start(&folder.join("om"), &folder).unwrap();
    let (first, policy) = told(&face, &place);
    assert_eq!((first["number"].as_u64(), policy.number.0), (Some(1), 1));
    assert_eq!(first["mostPerDay"], "9640.0");

    place.person.earns(1);
    place.settles().await;
    let set = ["policy", "set", "--bytes-per-day", "500MB"];
    place.ledger.run(&set).unwrap();
    // The running server notices it within two seconds.
    let deadline = Instant::now() + LIMIT;
    while told(&face, &place).0["number"] == 1 {
        assert!(Instant::now() < deadline, "{}", place.person.host.log());
        place.person.earns(1);
        place.settles().await;
    }
    let (second, policy) = told(&face, &place);
    assert_eq!((second["number"].as_u64(), policy.number.0), (Some(2), 2));
    assert_eq!(policy.bytes_per_day.get(), 500_000_000);
    assert_eq!(second["mostPerDay"], "8890.0");

    let file = folder.join("all.json");
    let file = file.to_str().unwrap();
    place.person.host.run(&["export", file]).unwrap();
    let proven = place.person.host.run(&["verify", file, "--json"]).unwrap();
    let proven: Value = serde_json::from_str(&proven).unwrap();
    assert_eq!(proven["ledgers"][0]["policies"], 2, "{proven}");
}
