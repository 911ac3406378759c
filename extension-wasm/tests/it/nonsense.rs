//! A host that talks nonsense: each part of each message is replaced by what cannot stand there.
//! Nothing of it makes a popup green or blank, and "off" is always obeyed.

mod connection;

use crate::{
    said::{Words as _, say_all},
    scene::{PORT, Scene},
};
use meter_wire::{
    ErrorCode, FromDaemon, Notice, Problem, RelayStatus, Request, SessionStatus, Status, TorReply,
    TorState, TorTrouble, U64Text, Unreached, parse_from_daemon,
};
use onionmeter::{
    proxy_value::Reading,
    update::{Effect, Event, Intent, Tab, Timer},
    view::{Light, Name},
};
use serde_json::{Value, json};

fn say(scene: &mut Scene, json: String) {
    let connection = scene.connection;
    scene.happen(Event::Frame { connection, json });
}

/// What a lying host may put in the place of anything.
fn nonsense() -> Vec<Value> {
    let mut deep = json!([]);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let digits = "9".repeat(200);
    let mut values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!({ "__proto__": { "state": "ready" }, "constructor": 1 }),
        json!([["ready"]]),
        deep,
    ];
    let words = [
        "",
        " ",
        "0",
        "-1",
        "+1",
        "1e3",
        "1.0",
        "0x10",
        "٣",
        "１２",
        "NaN",
        "Infinity",
        "ready",
        "listening",
        "__proto__",
        "<img src=x onerror=alert(1)>",
        "\u{202E}\u{200B}\r\n🧅",
    ];
    values.extend(words.map(|word| json!(word)));
    values.extend([json!(digits), json!("W".repeat(10_000))]);
    values
}

/// The places of a message, as JSON pointers, from the outermost on.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(name, value)| places(value, &format!("{place}/{name}"), found)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{place}/{index}"), found)),
        _ => {}
    }
}

/// A message with nonsense in each of its places, one at a time, and without each of its members.
fn each_broken(message: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    places(message, "", &mut found);
    for place in found {
        let broken = |value: Value| {
            let mut message = message.clone();
            *message.pointer_mut(&place).expect("it is there") = value;
            message
        };
        all.extend(nonsense().into_iter().map(broken));
        let Some((above, name)) = place.rsplit_once('/') else {
            continue;
        };
        let mut message = message.clone();
        if let Some(Value::Object(map)) = message.pointer_mut(above) {
            map.remove(name);
            all.push(message);
        }
    }
    all
}

/// Everything that a status may hold, with relay and Tor as in a good one.
fn rich(scene: &Scene) -> Status {
    let mut status = scene.status.clone();
    status.session = Some(SessionStatus {
        started_at: U64Text(1_800_000_000_000),
        duration_ms: U64Text(12_000),
        bytes_up: U64Text(1),
        bytes_down: U64Text(2),
        progress_permille: 300,
    });
    status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorTooOld, 20));
    status.tor.chosen = Some(meter_core::Backend::Managed.into());
    status.unreached = vec![Unreached::new(TorReply::TimedOut, 3)];
    status.new_identity_in_s = 7;
    status
}

/// The popup says something in each of its places, within bounds, and "off" is obeyed.
#[track_caller]
fn is_bearable(scene: &mut Scene, said: &str) {
    let view = scene.view();
    say_all(&view);
    assert!(
        !view.header.word.en().is_empty() && !view.header.sentence.en().is_empty(),
        "{said}"
    );
    if let Some(problem) = &view.problem {
        let words = problem.sentence.en();
        let words = words.trim();
        assert!(!words.is_empty() && words != "\u{FFFD}", "{said}");
        assert!(view.action.is_some(), "{said}");
    }
    for kind in view.unreached.iter().flat_map(|unreached| &unreached.kinds) {
        assert!(!kind.sentence.en().trim().is_empty(), "{said}");
    }
    let drawn = serde_json::to_string(&view).expect("JSON");
    assert!(drawn.len() < 20_000, "{said}");
    assert!(view.badge.text.en().chars().count() <= 4, "{said}");
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.view().header.state, Light::Off, "{said}");
    assert_eq!(scene.answer, Ok(Reading::Free), "{said}");
}

/// Another worker with what was stored, and protection that is wanted again. A new scene for each
/// message would have to make a key for each.
fn renew(scene: &mut Scene, silent: bool) {
    scene.effects.clear();
    scene.silent = silent;
    scene.happen(Event::Intent(Intent::TurnOn));
    scene.wake();
}

#[test]
fn no_nonsense_in_a_status_is_green_or_blank_or_keeps_a_person_from_turning_it_off() {
    let good = {
        let mut scene = Scene::new(1).started();
        let status = rich(&scene);
        scene.notice(Notice::Status(Box::new(status.clone())));
        assert_eq!(scene.view().header.state, Light::Protected);
        status
    };
    let message = json!({ "notice": { "status": good } });
    let mut read = 0;
    let mut scene = Scene::new(1).started();
    for broken in each_broken(&message) {
        renew(&mut scene, false);
        assert_eq!(scene.view().header.state, Light::Protected);
        scene.silent = true;
        let said = broken.to_string();
        say(&mut scene, said.clone());
        let is_status = broken["notice"].get("status").is_some();
        match parse_from_daemon(said.as_bytes()) {
            Ok(FromDaemon::Notice(Notice::Status(status))) => {
                read += 1;
                let runs = status.relay == RelayStatus::Listening { port: PORT };
                let green = runs && status.tor.is_usable();
                let light = scene.view().header.state;
                assert_eq!(light == Light::Protected, green, "{said}");
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) if is_status => {
                let problem = scene.view().problem.expect("told");
                assert_eq!(
                    problem.name,
                    Name::Code(ErrorCode::HostUnreadable),
                    "{said}"
                );
                assert_eq!(scene.view().header.state, Light::Blocked, "{said}");
            }
            // A notice of another version is none of ours.
            Err(_) => {}
        }
        is_bearable(&mut scene, &said);
    }
    assert!(read > 100, "{read} could be read");
}

#[test]
fn no_nonsense_in_tors_state_is_usable_or_blank() {
    let problem = Problem::with_detail(ErrorCode::Unknown, "detail");
    for state in [
        TorState::Bootstrapping {
            percent: 40,
            tag: "conn".to_owned(),
            summary: "Connecting".to_owned(),
            warning: Some("slow".to_owned()),
        },
        TorState::Restarting {
            attempt: 4,
            in_ms: 1_000,
            problem: problem.clone(),
        },
        TorState::Failed(problem),
    ] {
        let mut scene = Scene::new(1).started();
        let mut status = rich(&scene);
        status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorBlocked, 90));
        status.tor.state = state;
        let tor = serde_json::to_value(&status.tor).expect("JSON");
        let mut message = json!({ "notice": { "status": status } });
        for broken in each_broken(&tor) {
            let is_ready = broken["state"] == json!("ready") && broken["trouble"].is_null();
            message["notice"]["status"]["tor"] = broken;
            renew(&mut scene, false);
            say(&mut scene, message.to_string());
            let light = scene.view().header.state;
            assert!(light != Light::Protected || is_ready, "{message}");
            is_bearable(&mut scene, &message.to_string());
        }
    }
}

/// Lone surrogates, and more levels than any message has: no parser of ours takes it, and browsers
/// hand it on.
fn no_json() -> [String; 6] {
    let (open, close) = ("[".repeat(5_000), "]".repeat(5_000));
    [
        r#"{"notice":{"status":{"relay":"\ud800"}}}"#.to_owned(),
        r#"{"notice":{"\udfff":1}}"#.to_owned(),
        format!("{{\"notice\":{{\"status\":{open}{close}}}}}"),
        "[".repeat(100_000),
        String::new(),
        "\u{0}".to_owned(),
    ]
}

#[test]
fn a_message_that_no_parser_takes_ends_the_green_of_before() {
    for text in no_json() {
        let mut scene = Scene::new(1).started();
        scene.silent = true;
        say(&mut scene, text.clone());
        let view = scene.view();
        assert_eq!(view.header.state, Light::Blocked, "{text}");
        let name = view.problem.map(|problem| problem.name);
        assert_eq!(name, Some(Name::Code(ErrorCode::HostUnreadable)));
        is_bearable(&mut scene, &text);
        scene.silent = false;
        scene.happen(Event::Intent(Intent::TurnOn));
        scene.say_status();
        assert_eq!(scene.view().header.state, Light::Protected);

        let mut scene = Scene::new(1);
        scene.silent = true;
        let mut scene = scene.started();
        say(&mut scene, text);
        let problem = scene.view().problem.expect("not fifteen seconds later");
        assert_eq!(problem.name, Name::Code(ErrorCode::HostUnreadable));
        assert!(
            scene
                .effects
                .contains(&Effect::After(Timer::Reconnect(1), 250))
        );
    }
}

/// Whether a request is of one kind.
type Kind = fn(&Request) -> bool;

/// The answer that a good host gives to the last request of this kind.
fn answers(scene: &Scene, ok: &Value, kind: Kind) -> Value {
    let number = |effect: &Effect| match effect {
        Effect::Send(_, envelope) if kind(&envelope.request) => Some(envelope.id),
        _ => None,
    };
    let id = scene.effects.iter().rev().find_map(number);
    json!({ "reply": { "id": id.expect("it was asked"), "ok": ok } })
}

fn silent() -> Scene {
    let mut scene = Scene::new(1);
    scene.silent = true;
    scene.started()
}

#[test]
fn no_nonsense_in_a_greeting_is_green_or_blank_or_keeps_a_person_from_turning_it_off() {
    let hello = json!({ "hello": { "protocol": 1, "version": "1",
        "capabilities": ["witness", "restore_reports"], "key": "11".repeat(32),
        "chain": "11".repeat(16) } });
    let is_hello = |request: &Request| matches!(request, Request::Hello(_));
    let message = answers(&silent(), &hello, is_hello);
    let mut scene = silent();
    for broken in each_broken(&message) {
        renew(&mut scene, true);
        say(&mut scene, broken.to_string());
        let status = serde_json::to_value(&scene.status).expect("JSON");
        say(
            &mut scene,
            json!({ "notice": { "status": status } }).to_string(),
        );
        assert_ne!(
            scene.view().header.state,
            Light::Protected,
            "no witness: {broken}"
        );
        is_bearable(&mut scene, &broken.to_string());
    }
}

#[test]
fn no_nonsense_in_an_answer_is_blank_counts_or_keeps_a_person_from_turning_it_off() {
    let mut before = Scene::new(1);
    let report = before.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let page = json!({ "reports": { "reports": [report], "total": "1" } });
    let witness = json!({ "witness": { "name": "0".repeat(32) + ".invalid" } });
    let seen = json!({ "witness_seen": { "arrived": false, "connections": 3 } });
    let circuit = json!({ "circuit": { "site": "example.com", "circuit": { "built": { "onion": true,
        "ways": [[{ "role": "guard", "relay": "a", "country": "is" }]] } } } });
    let is_page = |request: &Request| matches!(request, Request::Reports(_));
    let is_witness = |request: &Request| *request == Request::Witness;
    let is_seen = |request: &Request| matches!(request, Request::WitnessSeen(_));
    let is_circuit = |request: &Request| matches!(request, Request::Circuit(_));
    let tab = Tab {
        id: 1,
        url: "https://example.com/".to_owned(),
        private: false,
    };
    let kinds: [(&str, &Value, Kind); 4] = [
        ("page", &page, is_page),
        ("witness", &witness, is_witness),
        ("seen", &seen, is_seen),
        ("circuit", &circuit, is_circuit),
    ];
    let mut scene = Scene::new(1).started();
    let mut is_counted = false;
    for (name, ok, kind) in kinds {
        for broken in each_broken(ok) {
            renew(&mut scene, false);
            scene.silent = true;
            scene.effects.clear();
            scene.happen(Event::Tab(Some(tab.clone())));
            scene.happen(Event::ProxyChanged);
            scene.happen(Event::Intent(Intent::CheckReports));
            if name == "seen" {
                let named = answers(&scene, &witness, is_witness);
                say(&mut scene, named.to_string());
            }
            let answer = answers(&scene, &broken, kind);
            say(&mut scene, answer.to_string());
            // A report that holds counts, whatever stands around it, and is kept from then on.
            is_counted |= broken["reports"]["reports"] == page["reports"]["reports"];
            let balance = scene.state().reports.balance().get();
            assert!(balance == 0 || is_counted, "{broken}");
            is_bearable(&mut scene, &broken.to_string());
        }
    }
}
