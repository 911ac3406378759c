//! A host that lies or is broken: its messages are bounded, and unreadable ones are reported.

use crate::said::Words;
use crate::scene::{PORT, Scene, closed};
use meter_core::Backend;
use meter_wire::{
    Circuit, ErrorCode, Hop, HopRole, Notice, Outcome, Problem, RelayStatus, Reply, Request,
    Success, TorReply, TorState, U64Text, Unreached, WireBackend,
};
use onionmeter::proxy_value::Reading;
use onionmeter::update::{Effect, Event, Intent, SINK_PORT, Tab, Timer};
use onionmeter::view::{Light, Name, PopupView};
use serde_json::{Value, json};

fn sent(scene: &Scene) -> Vec<(u32, Request)> {
    let send = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => Some((envelope.id, envelope.request.clone())),
        _ => None,
    };
    scene.effects.iter().filter_map(send).collect()
}

/// The number of the last request of this kind.
#[track_caller]
fn last(scene: &Scene, kind: fn(&Request) -> bool) -> u32 {
    let all = sent(scene);
    let found = all.iter().rev().find(|(_, request)| kind(request));
    found.expect("it was asked").0
}

fn say(scene: &mut Scene, message: &Value) {
    let (connection, json) = (scene.connection, message.to_string());
    scene.happen(Event::Frame { connection, json });
}

fn answer(scene: &mut Scene, id: u32, ok: &Value) {
    say(scene, &json!({ "reply": { "id": id, "ok": ok } }));
}

fn status_json(scene: &Scene) -> Value {
    serde_json::to_value(&scene.status).expect("JSON")
}

#[track_caller]
fn shows(scene: &Scene, light: Light, code: ErrorCode) {
    let view = scene.view();
    assert_eq!(view.header.state, light, "{:?}", view.header.sentence);
    let problem = view.problem.expect("a problem");
    assert_eq!(problem.name, Name::Code(code));
    assert!(
        problem.sentence.en().ends_with('.'),
        "{:?}",
        problem.sentence
    );
    assert!(view.action.is_some(), "a way out");
    assert_eq!(view.badge.text.en(), "!");
}

/// A host that was greeted and sends nothing unless the test says so.
fn silent() -> Scene {
    let mut scene = Scene::new(1);
    scene.silent = true;
    scene.started()
}

fn hello(scene: &mut Scene, protocol: u16) {
    let id = last(scene, |request| matches!(request, Request::Hello(_)));
    let (key, chain) = ("11".repeat(32), "11".repeat(16));
    let hello = json!({ "protocol": protocol, "version": "9", "capabilities": ["witness"],
        "key": key, "chain": chain });
    answer(scene, id, &json!({ "hello": hello }));
}

#[test]
fn a_port_that_no_relay_of_ours_can_have_is_refused_and_the_browser_shut() {
    for port in [0, SINK_PORT, 22, 80, 443, 1_023] {
        let mut scene = Scene::new(1).started();
        scene.status.relay = RelayStatus::Listening { port };
        scene.say_status();
        shows(&scene, Light::Blocked, ErrorCode::RelayPortRefused);
        assert_eq!(scene.state().browser_port(), Some(SINK_PORT), "{port}");
        assert!(!scene.state().is_protected());
        assert_eq!(scene.view().identity.intent, None);
    }
    let mut scene = Scene::new(1);
    scene.status.relay = RelayStatus::Listening { port: 80 };
    let scene = scene.started();
    shows(&scene, Light::Unprotected, ErrorCode::RelayPortRefused);
    assert_eq!(scene.answer, Ok(Reading::Free), "it was never written");
    let mut scene = Scene::new(1).started();
    scene.status.relay = RelayStatus::Listening { port: 1_024 };
    scene.say_status();
    assert_eq!(scene.view().header.state, Light::Protected);
}

#[test]
fn reports_that_are_promised_and_not_handed_out_are_not_asked_for_without_end() {
    let mut scene = Scene::new(1).started();
    scene.silent = true;
    scene.status.reports = U64Text(1_000);
    let before = sent(&scene).len();
    let mut seen = before;
    for _ in 0..50 {
        scene.say_status();
        while let Some((id, request)) = sent(&scene).get(seen).cloned() {
            seen += 1;
            assert!(seen - before <= 2, "{request:?}");
            let page = json!({ "reports": { "reports": [], "total": "0" } });
            answer(&mut scene, id, &page);
        }
    }
    let problem = scene.view().problem.expect("shown");
    assert_eq!(problem.name, Name::Code(ErrorCode::ReportRefused));
}

#[test]
fn a_page_that_says_less_than_the_status_before_it_is_the_end_of_asking() {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    scene.silent = true;
    scene.status.reports = U64Text(2);
    scene.say_status();
    let ask = |request: &Request| matches!(request, Request::Reports(_));
    let id = last(&scene, ask);
    answer(
        &mut scene,
        id,
        &json!({ "reports": { "reports": [], "total": "1" } }),
    );
    assert_eq!(last(&scene, ask), id, "not asked again");
    assert!(scene.state().report_refused());
}

#[test]
fn a_page_of_more_reports_than_were_asked_for_is_not_read() {
    let mut scene = Scene::new(1);
    for number in 0..501 {
        scene.sign(1_800_000_000_000 + number * 60_000, 30_000, 40_000, 60_000);
    }
    let page = json!({ "reports": { "reports": scene.reports, "total": "501" } });
    scene.silent = true;
    let mut scene = scene.started();
    let key = serde_json::to_value(meter_wire::HexBytes(scene.head.key.0)).expect("hex");
    let chain = serde_json::to_value(meter_wire::HexBytes(scene.head.chain.0)).expect("hex");
    let id = last(&scene, |request| matches!(request, Request::Hello(_)));
    let hello = json!({
        "protocol": 1,
        "version": "",
        "capabilities": ["witness"],
        "key": key,
        "chain": chain,
    });
    answer(&mut scene, id, &json!({ "hello": hello }));
    let id = last(&scene, |request| matches!(request, Request::Reports(_)));
    answer(&mut scene, id, &page);
    assert_eq!(scene.state().reports.sequence(), 0);
    assert!(scene.state().report_refused());
}

#[test]
fn a_first_status_that_cannot_be_read_is_told_at_once() {
    let mut scene = silent();
    hello(&mut scene, 1);
    let id = last(&scene, |request| *request == Request::Status);
    answer(
        &mut scene,
        id,
        &json!({ "status": { "relay": "listening" } }),
    );
    shows(&scene, Light::Unprotected, ErrorCode::HostUnreadable);
    // The next ping asks again, and a good answer repairs it.
    scene.silent = false;
    scene.happen(Event::Timer(Timer::Ping(scene.connection)));
    assert_eq!(scene.view().problem, None);
    assert_eq!(scene.view().header.state, Light::Protected);
}

#[test]
fn a_state_of_tomorrow_is_a_sentence_and_never_the_green_of_before() {
    let parts = [
        ("/relay", json!({ "resting": {} })),
        ("/tor/state", json!("dreaming")),
        ("/tor/state", json!({ "ready": { "really": true } })),
        (
            "/session",
            json!({ "started_at": "0", "duration_ms": "0", "bytes_up": "0",
            "bytes_down": "0", "progress_permille": 100_000 }),
        ),
        ("/session", json!([])),
        ("/balance", json!("18446744073709551615")),
        ("/balance", json!("-1")),
        ("/reports", json!(1.5)),
        ("/reports", json!(1e308)),
        ("/new_identity_in_s", json!(-1)),
        ("/thresholds", json!(null)),
        ("/problem", json!("none")),
    ];
    for (place, value) in parts {
        for notice in [true, false] {
            let mut scene = Scene::new(1).started();
            let mut status = status_json(&scene);
            *status.pointer_mut(place).expect("it is there") = value.clone();
            scene.silent = true;
            if notice {
                say(&mut scene, &json!({ "notice": { "status": status } }));
            } else {
                scene.happen(Event::Intent(Intent::RelayStart));
                let id = last(&scene, |request| *request == Request::MonitorStart);
                answer(&mut scene, id, &json!("done"));
                let id = last(&scene, |request| *request == Request::Status);
                answer(&mut scene, id, &json!({ "status": status }));
            }
            shows(&scene, Light::Blocked, ErrorCode::HostUnreadable);
            assert_eq!(scene.state().browser_port(), Some(SINK_PORT));
            scene.silent = false;
            scene.say_status();
            assert_eq!(scene.view().header.state, Light::Protected, "{place}");
        }
    }
}

#[test]
fn a_greeting_that_is_none_ends_the_connection_and_its_reason_stays() {
    for ok in [
        json!("done"),
        json!({ "hello": {} }),
        json!({ "hello": null }),
    ] {
        let mut scene = silent();
        let id = last(&scene, |request| matches!(request, Request::Hello(_)));
        answer(&mut scene, id, &ok);
        shows(&scene, Light::Unprotected, ErrorCode::HostUnreadable);
        assert!(
            scene
                .effects
                .contains(&Effect::Disconnect(scene.connection))
        );
        scene.happen(Event::Timer(Timer::Reconnect(1)));
        shows(&scene, Light::Unprotected, ErrorCode::HostUnreadable);
    }
}

#[test]
fn a_protocol_of_tomorrow_is_told_and_not_called_in_a_loop() {
    for protocol in [0, 2, u16::MAX] {
        let mut scene = silent();
        hello(&mut scene, protocol);
        shows(&scene, Light::Unprotected, ErrorCode::UnsupportedProtocol);
        let detail = scene.view().problem.and_then(|problem| problem.detail);
        let older = match protocol {
            0 => "The program is the older one: update Onionmeter's program.",
            _ => "The extension is the older one: update the extension.",
        };
        assert_eq!(detail.map(|detail| detail.en()).as_deref(), Some(older));
        let again = |effect: &Effect| matches!(effect, Effect::After(Timer::Reconnect(_), _));
        assert!(!scene.effects.iter().any(again));
    }
}

#[test]
fn what_failed_last_is_shown_until_something_succeeds() {
    let mut scene = silent();
    scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
    shows(&scene, Light::Unprotected, ErrorCode::HostSilent);
    for failures in 1..5 {
        scene.happen(Event::Timer(Timer::Reconnect(failures)));
        shows(&scene, Light::Unprotected, ErrorCode::HostSilent);
        scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
        shows(&scene, Light::Unprotected, ErrorCode::HostSilent);
    }
    // A person who tries again sees that a try is running.
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(scene.view().problem, None);
    scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
    shows(&scene, Light::Unprotected, ErrorCode::HostSilent);
    scene.silent = false;
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(scene.view().header.state, Light::Protected);
    assert_eq!(scene.view().problem, None);
}

#[test]
fn a_host_that_greets_and_then_says_nothing_is_given_up() {
    let mut scene = silent();
    hello(&mut scene, 1);
    scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
    shows(&scene, Light::Unprotected, ErrorCode::HostSilent);
}

#[test]
fn a_host_that_floods_is_cut_and_called_ever_more_slowly() {
    let mut scene = Scene::new(1).started();
    let connection = scene.connection;
    scene.happen(Event::Flooded { connection });
    shows(&scene, Light::Blocked, ErrorCode::HostFlooding);
    assert!(scene.effects.contains(&Effect::Disconnect(connection)));
    let wait = |effect: &Effect| match effect {
        Effect::After(Timer::Reconnect(_), ms) => Some(*ms),
        _ => None,
    };
    for failures in 1..4 {
        scene.happen(Event::Timer(Timer::Reconnect(failures)));
        scene.happen(Event::Flooded {
            connection: scene.connection,
        });
    }
    let waits: Vec<_> = scene.effects.iter().filter_map(wait).collect();
    assert_eq!(waits, [250, 500, 1_000, 2_000]);
    scene.happen(Event::Flooded { connection });
    assert_eq!(
        scene.effects.iter().filter_map(wait).count(),
        4,
        "of before"
    );
    // Its relay does not count.
    assert_eq!(scene.state().browser_port(), Some(SINK_PORT));
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.view().header.state, Light::Off);
}

#[test]
fn a_host_whose_key_comes_and_goes_is_not_greeted_in_a_loop() {
    let mut scene = silent();
    let greetings = |scene: &Scene| {
        let all = sent(scene);
        all.iter()
            .filter(|(_, request)| matches!(request, Request::Hello(_)))
            .count()
    };
    for _ in 0..20 {
        let id = last(&scene, |request| matches!(request, Request::Hello(_)));
        let nameless = json!({ "hello": { "protocol": 1, "version": "", "capabilities": ["witness"],
            "key": null, "chain": null } });
        answer(&mut scene, id, &nameless);
        scene.status.problem = Some(Problem::new(ErrorCode::KeyRefused));
        scene.say_status();
        scene.status.problem = None;
        scene.say_status();
    }
    assert_eq!(greetings(&scene), 2);
    scene.happen(Event::Timer(Timer::Ping(scene.connection)));
    assert_eq!(greetings(&scene), 3, "once for each ping");
}

#[test]
fn a_choice_that_is_not_offered_is_a_sentence() {
    for (chosen, offered) in [
        (WireBackend::Unknown, vec![Backend::Managed.into()]),
        (Backend::Embedded.into(), vec![Backend::Managed.into()]),
        (
            Backend::Existing.into(),
            vec![Backend::Managed.into(); 10_000],
        ),
    ] {
        let mut scene = Scene::new(1).started();
        scene.status.tor.chosen = Some(chosen);
        scene.status.tor.offered = offered;
        scene.say_status();
        let choice = scene.view().tor.and_then(|tor| tor.choice).expect("shown");
        let chosen: Vec<_> = choice
            .options
            .iter()
            .filter(|option| option.chosen)
            .collect();
        let labels: Vec<_> = chosen
            .iter()
            .map(|option| (option.label.en(), option.intent))
            .collect();
        assert_eq!(labels, [("Another one".to_owned(), None)]);
        assert_eq!(choice.options.len(), 3);
        assert!(
            choice
                .why
                .expect("a sentence")
                .en()
                .contains("not among these")
        );
    }
    let mut scene = Scene::new(1).started();
    scene.status.tor.chosen = Some(WireBackend::Unknown);
    scene.status.tor.offered = vec![WireBackend::Unknown; 3];
    scene.say_status();
    assert_eq!(scene.view().tor.and_then(|tor| tor.choice), None);
}

/// Puts this text, repeated `times` times, into every place of the host's messages that is shown.
fn with_words(words: &str, times: usize) -> Vec<PopupView> {
    let words = words.to_owned();
    let problem = |code| {
        let mut problem = Problem::with_detail(code, words.clone());
        problem.message.clone_from(&words);
        problem
    };
    let mut views = Vec::new();
    let mut scene = Scene::new(1).started();
    scene.status.tor.version = Some(words.clone());
    let mut unreached = Unreached::new(TorReply::Other, 3);
    (unreached.message, unreached.action) = (words.clone(), words.clone());
    scene.status.unreached = vec![unreached; times];
    scene.say_status();
    let hop = Hop {
        role: HopRole::Other,
        relay: words.clone(),
        country: Some(words.clone()),
    };
    scene.circuit = Circuit::Built {
        ways: vec![vec![hop; times]; 2],
        onion: true,
    };
    scene.happen(Event::Tab(Some(Tab {
        id: 1,
        url: format!("https://{}/", "a".repeat(255)),
    })));
    views.push(scene.view());
    scene.tor(TorState::Bootstrapping {
        percent: 255,
        tag: words.clone(),
        summary: words.clone(),
        warning: Some(words.clone()),
    });
    views.push(scene.view());
    scene.status.problem = Some(problem(ErrorCode::Unknown));
    scene.say_status();
    views.push(scene.view());
    scene.notice(Notice::Problem(problem(ErrorCode::Unknown)));
    views.push(scene.view());
    scene.happen(closed(scene.connection, &words));
    views.push(scene.view());
    views
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => map.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_word_of_the_host_turns_hides_or_piles_up_our_own() {
    let hostile = "\u{202E}a\u{2066}b\u{200F}\u{61C}c\u{0}\u{1B}[31m\u{2028}d\u{FEFF}\u{E0041}";
    let zalgo = format!("e{}", "\u{30D}".repeat(500));
    for view in with_words(&format!("{hostile}{zalgo}"), 1_000) {
        let mut found = Vec::new();
        texts(&serde_json::to_value(&view).expect("JSON"), &mut found);
        for text in found {
            let bad = |found: char| hostile.contains(found) && !found.is_ascii_graphic();
            assert!(!text.contains(bad), "{text:?}");
            assert!(!text.contains("\u{30D}\u{30D}\u{30D}"), "{text:?}");
        }
    }
}

#[test]
fn no_word_of_the_host_is_long_and_no_list_of_it() {
    for view in with_words(&"W".repeat(100_000), 10) {
        let json = serde_json::to_value(&view).expect("JSON");
        let mut found = Vec::new();
        texts(&json, &mut found);
        let longest = found.iter().map(|text| text.chars().count()).max();
        assert!(longest <= Some(2_000), "{longest:?}");
        assert!(json.to_string().len() < 20_000);
    }
}

#[test]
fn a_country_that_is_none_is_left_out() {
    for (code, shown) in [
        ("is", Some("IS")),
        ("i", None),
        ("isl", None),
        ("1s", None),
        ("ß", None),
    ] {
        let mut scene = Scene::new(1).started();
        let hop = Hop {
            role: HopRole::Exit,
            relay: "x".to_owned(),
            country: Some(code.to_owned()),
        };
        scene.circuit = Circuit::Built {
            ways: vec![vec![hop]],
            onion: false,
        };
        scene.happen(Event::Tab(Some(Tab {
            id: 1,
            url: "https://example.com/".to_owned(),
        })));
        let stops = scene.view().circuit.expect("shown").stops;
        assert_eq!(stops[1].country.as_ref().map(Words::en).as_deref(), shown);
    }
}

#[test]
fn answers_to_nothing_that_was_asked_change_nothing() {
    let mut scene = Scene::new(1).started();
    let before = scene.view();
    let mut status = scene.status.clone();
    status.relay = RelayStatus::Stopped;
    let outcome = Outcome::Ok(Success::Status(Box::new(status)));
    let reply = Reply {
        id: Some(u32::MAX),
        outcome,
    };
    let reply = serde_json::to_value(meter_wire::FromDaemon::Reply(reply)).expect("JSON");
    let asked = sent(&scene).len();
    for _ in 0..3 {
        say(&mut scene, &reply);
        hello(&mut scene, 1);
    }
    assert_eq!(scene.view(), before);
    assert_eq!(sent(&scene).len(), asked);
}

#[test]
fn a_host_that_closes_every_connection_never_looks_protected_again() {
    let mut scene = Scene::new(1).started();
    for failures in 1..6 {
        scene.happen(closed(scene.connection, "Native host has exited."));
        let view = scene.view();
        assert_eq!(view.header.state, Light::Blocked);
        scene.silent = true;
        scene.happen(Event::Timer(Timer::Reconnect(failures)));
        shows(&scene, Light::Blocked, ErrorCode::HostStopped);
    }
    assert_eq!(scene.state().browser_port(), Some(SINK_PORT));
}

#[test]
fn a_host_that_says_done_and_does_nothing_is_not_believed() {
    let mut scene = Scene::new(1);
    scene.status.relay = RelayStatus::Stopped;
    let mut scene = scene.started();
    let asked = sent(&scene).len();
    scene.happen(Event::Intent(Intent::TurnOn));
    let start = |scene: &Scene| sent(scene).split_off(asked);
    assert!(start(&scene).len() <= 3, "{:?}", start(&scene));
    assert_ne!(scene.view().header.state, Light::Protected);
    assert_eq!(
        scene.view().action.map(|button| button.intent),
        Some(Intent::RelayStart)
    );
    assert_eq!(scene.state().browser_port(), None);
    assert_ne!(scene.answer, Ok(Reading::Ours { port: PORT }));
}

#[test]
fn what_an_older_worker_knew_is_not_shown_for_long() {
    let mut scene = Scene::new(1).started();
    let green = scene.view().badge;
    scene.silent = true;
    scene.wake();
    assert_eq!(scene.view().badge, green, "no blinking at every wake-up");
    scene.happen(Event::Timer(Timer::Awake));
    assert_ne!(scene.view().badge.tone, green.tone);
}
