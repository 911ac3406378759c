//! The life of an account at the command line: enrolling, joining by an invitation, removing a
//! device, recovering, leaving.

use crate::place::{CONFIG, LIMIT, Person, Place, lowered};
use checks::{earner::Earner, host::Host, ledger::Ledger};
use meter_core::{LedgerSigner, Vkey};
use meter_wire::{ErrorCode, Sending, Status};
use serde_json::Value;

/// The words that the command printed as `member`.
fn words(host: &Host, arguments: &[&str], member: &str) -> String {
    let said: Value = serde_json::from_str(&host.run(arguments).unwrap()).unwrap();
    let words = said[member].as_str().unwrap().to_owned();
    assert_eq!(words.split(' ').count(), 12, "{words}");
    words
}

fn enrol(host: &Host, place: &Place, code: &str) -> anyhow::Result<Value> {
    let (address, key) = (place.between.address().to_string(), place.ledger.vkey());
    let mut all = vec!["enroll", &address, "--yes", "--json", "--key", key];
    if !code.is_empty() {
        all.extend(["--code", code]);
    }
    Ok(serde_json::from_str(&host.run(&all)?)?)
}

/// One more host, which joins the account with this code.
async fn joins(place: &Place, code: &str) -> Person {
    let mut host = Host::start(CONFIG).unwrap();
    host.wait_for(LIMIT, |_| true).await.unwrap();
    let said = enrol(&host, place, code).unwrap();
    assert_eq!(said["account"], place.person.account.as_str(), "{said}");
    Person {
        earner: Earner::of(&host).unwrap(),
        account: place.person.account.clone(),
        host,
    }
}

/// The code of a new invitation to the account.
fn invited(place: &Place) -> String {
    words(&place.person.host, &["ledger", "invite", "--json"], "code")
}

/// Such a host by an invitation, whose first reports are answered; and the code that it used.
async fn second_device(place: &Place) -> (Person, String) {
    let code = invited(place);
    let mut second = joins(place, &code).await;
    second.earns(2);
    second.is_answered().await;
    (second, code)
}

fn devices(host: &Host) -> Vec<Value> {
    let said = host.run(&["ledger", "devices", "--json"]).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    said["devices"].as_array().unwrap().clone()
}

fn is_unknown(status: &Status) -> bool {
    let ledger = status.ledger.as_ref();
    ledger.is_some_and(|ledger| {
        matches!(&ledger.sending, Sending::Stopped(problem)
            if problem.code == ErrorCode::LedgerUnknownDevice)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_joins_by_an_invitation_and_is_out_for_good_once_it_is_removed() {
    let place = Place::new().await;
    let (mut second, code) = second_device(&place).await;
    let all = devices(&place.person.host);
    let others = all.iter().filter(|device| device["here"] == false);
    let keys: Vec<_> = others
        .map(|device| device["key"].as_str().unwrap())
        .collect();
    assert_eq!((all.len(), keys.len()), (2, 1), "{all:?}");
    // A code works once.
    let mut third = Host::start(CONFIG).unwrap();
    third.wait_for(LIMIT, |_| true).await.unwrap();
    let refused = enrol(&third, &place, &code).unwrap_err().to_string();
    assert!(refused.contains("ledger_declined"), "{refused}");
    // What was mistyped is told before the ledger hears of it.
    let heard = place.between.heard().len();
    let (last, _) = code.rsplit_once(' ').unwrap();
    for mistyped in [last, &format!("{code} {code}"), "0123", "no code"] {
        let refused = enrol(&third, &place, mistyped).unwrap_err().to_string();
        assert!(refused.contains("ledger_bad_code"), "{refused}");
    }
    assert_eq!(place.between.heard().len(), heard);

    let begin = keys[0].get(..8).unwrap();
    for arguments in [
        &["ledger", "remove", "", "--yes"][..],
        &["ledger", "remove", begin.get(..7).unwrap(), "--yes"],
        &["ledger", "remove", begin, "--json"],
        // Nobody answers the question.
        &["ledger", "remove", begin],
    ] {
        let refused = place.person.host.run(arguments).unwrap_err().to_string();
        let why = ["first 8 hexadecimal digits", "nothing was done"];
        assert!(why.iter().any(|why| refused.contains(why)), "{refused}");
    }
    let in_use = |device: &Value| device["removed_ms"].is_null();
    assert!(devices(&place.person.host).iter().all(in_use));
    place
        .person
        .host
        .run(&["ledger", "remove", begin, "--yes"])
        .unwrap();
    let removed = |device: &&Value| device["removed_ms"].is_string();
    let all = devices(&place.person.host);
    assert_eq!(all.iter().filter(removed).count(), 1, "{all:?}");
    second.earns(1);
    let stopped = second.sees(is_unknown).await;
    assert_eq!(stopped.ledger.unwrap().waiting_reports.0, 1, "it waits");
    let refused = second.host.run(&["ledger", "send", "--json"]).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("ledger_unknown_device"), "{refused}");
    assert!(refused.contains("onionmeter doctor"), "{refused}");

    let claimed = second.status().balance;
    second.host.run(&["ledger", "leave", "--yes"]).unwrap();
    let left = second.status();
    assert_eq!(
        (left.ledger, left.balance),
        (None, claimed),
        "nothing falls"
    );
    let heard = place.between.heard().len();
    second.earns(1);
    let refused = second.host.run(&["ledger", "send", "--json"]).unwrap_err();
    assert!(refused.to_string().contains("ledger_none"), "{refused}");
    assert_eq!(place.between.heard().len(), heard, "nothing is sent");

    let code = invited(&place);
    let refused = enrol(&second.host, &place, &code).unwrap_err().to_string();
    let way = "onionmeter new-chain --new-key";
    assert!(refused.contains("ledger_removed"), "{refused}");
    assert!(refused.contains(way), "{refused}");
    // The code is not used up by that.
    let mut other = joins(&place, &code).await;
    other.earns(1);
    let status = other.is_answered().await;
    assert!(status.ledger.unwrap().credited.0 > 0);
    place.ledger.run(&["audit"]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_device_comes_back_with_a_new_key_and_keeps_what_it_earned() {
    let place = Place::new().await;
    let (mut second, _) = second_device(&place).await;
    second.earns(1);
    second.is_answered().await;
    let key = key_of(&devices(&second.host));
    place
        .person
        .host
        .run(&["ledger", "remove", &key, "--yes"])
        .unwrap();
    second.earns(1);
    let before = second.sees(is_unknown).await;
    let refused = second.host.run(&["new-chain", "--new-key", "--json"]);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("ledger_enrolled"), "{refused}");
    let unchanged = second.status();
    assert_eq!(unchanged.chain, before.chain, "nothing has begun");

    second.host.run(&["ledger", "leave", "--yes"]).unwrap();
    let begun = second.host.run(&["new-chain", "--new-key", "--json"]);
    let begun: Value = serde_json::from_str(&begun.unwrap()).unwrap();
    let old_key = begun["old_key"].as_str().unwrap();
    assert!(old_key.ends_with("key/device.old-1.key"), "{begun}");
    assert_eq!(begun["reports"], "4", "{begun}");
    let after = second.status();
    assert_ne!(after.chain, before.chain);
    assert_eq!((after.balance.0, after.earlier.amount), (0, before.balance));
    // The old chain takes nothing any more, and its key signs nothing.
    let refused = second.earner.earns(&second.host, 1).unwrap_err();
    assert!(refused.to_string().contains("another chain"), "{refused}");

    let code = invited(&place);
    let said = enrol(&second.host, &place, &code).unwrap();
    assert_eq!(said["account"], place.person.account.as_str(), "{said}");
    second.earner = Earner::of(&second.host).unwrap();
    assert_ne!(key_of(&devices(&second.host)), key);
    second.earns(2);
    let status = second.is_answered().await;
    let ledger = status.ledger.as_ref().unwrap();
    assert!(ledger.credited.0 > 0);
    assert_eq!(ledger.before, before.balance, "shown apart");
    let claimed = ledger.before.0 + ledger.credited.0 + lowered(ledger) + ledger.waiting.0;
    assert_eq!(status.balance.0 + status.earlier.amount.0, claimed);

    let file = second.host.folder().join("all.json");
    let file = file.to_str().unwrap();
    second.host.run(&["export", file]).unwrap();
    let proven = second.host.run(&["verify", file, "--json"]).unwrap();
    let proven: Value = serde_json::from_str(&proven).unwrap();
    assert_eq!(proven["chains"], 2, "{proven}");
    assert_eq!(proven["other_keys"][0], key.as_str(), "{proven}");
    let named = second.host.run(&["verify", file]).unwrap();
    let line = format!("Another key signed some of these: {key}.");
    assert!(named.contains(&line), "{named}");
    // The receipts of the old key are there, under the enrolment that was left.
    let of = |ledger: &Value| (ledger["in_force"].as_bool(), ledger["receipts"].clone());
    let ledgers: Vec<_> = proven["ledgers"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect();
    assert_eq!(
        ledgers,
        [(Some(false), "3".into()), (Some(true), "2".into())],
        "{proven}"
    );
    second.dies().await;
    second.earns(1);
    second.is_answered().await;
    place.ledger.run(&["audit"]).unwrap();
}

/// The key of the device that answers.
fn key_of(devices: &[Value]) -> String {
    let here = devices.iter().find(|device| device["here"] == true);
    here.unwrap()["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_every_device_gets_in_by_the_newest_recovery_code_alone() {
    let mut place = Place::new().await;
    place.person.earns(1);
    place.settles().await;
    let recover = ["ledger", "recover", "--json"];
    let old = words(&place.person.host, &recover, "code");
    let newest = words(&place.person.host, &recover, "code");
    assert_ne!(old, newest);
    let mut stranger = Host::start(CONFIG).unwrap();
    stranger.wait_for(LIMIT, |_| true).await.unwrap();
    let refused = enrol(&stranger, &place, &old).unwrap_err().to_string();
    assert!(refused.contains("ledger_declined"), "{refused}");
    let mut heir = joins(&place, &newest).await;
    heir.earns(1);
    heir.is_answered().await;
    // The lost ones are out.
    place.person.earns(1);
    place.person.sees(is_unknown).await;
    place.ledger.run(&["audit"]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_enrolled_by_accident() {
    let place = Place::new().await;
    let again = enrol(&place.person.host, &place, "").unwrap_err();
    assert!(again.to_string().contains("ledger_enrolled"), "{again}");

    let mut host = Host::start(CONFIG).unwrap();
    host.wait_for(LIMIT, |_| true).await.unwrap();
    let address = place.between.address().to_string();
    let other = LedgerSigner::from_seed(&[5; 32]).key();
    let other = Vkey::new(&address, other).unwrap().to_string();
    for (arguments, why) in [
        (&[&address, "--json"][..], "--yes enrols without asking"),
        (&[&address, "--yes", "--key", &other], "another key"),
        (
            &["https://ledger.test", "--yes"],
            "https:// is left out on purpose",
        ),
        (
            &["ledger.test", "--yes"],
            "onion address or on this computer",
        ),
        (
            &["192.0.2.7:3443", "--yes"],
            "onion address or on this computer",
        ),
    ] {
        let refused = host.run(&[&["enroll"], arguments].concat()).unwrap_err();
        assert!(refused.to_string().contains(why), "{why}: {refused}");
    }
    let status: Status = serde_json::from_str(&host.run(&["status", "--json"]).unwrap()).unwrap();
    assert_eq!(status.ledger, None);
    is_alone(&place.ledger);
}

/// Only the account of the place.
fn is_alone(ledger: &Ledger) {
    let told = ledger.run(&["account", "list", "--json"]).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["accounts"].as_array().map(Vec::len), Some(1), "{told}");
}
