//! A host whose greeting is none, of another version, or does not come.

use super::{answer, hello, last, sent, shows, silent};
use crate::{said::Words as _, scene::Scene};
use meter_wire::{ErrorCode, Problem, Request};
use onionmeter::{
    update::{Effect, Event, Intent, SINK_PORT, Timer},
    view::Light,
};
use serde_json::json;

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
