//! A host that lies or is broken: its messages are bounded, and unreadable ones are reported.

mod greeting;
mod words;

use crate::said::Words as _;
use crate::scene::{PORT, Scene, closed};
use meter_wire::{ErrorCode, Outcome, RelayStatus, Reply, Request, Success, U64Text};
use onionmeter::{
    proxy_value::Reading,
    update::{Effect, Event, Intent, SINK_PORT, Timer},
    view::{Light, Name},
};
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
