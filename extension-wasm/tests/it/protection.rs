//! When the browser is protected, when it is only kept closed, and who may open it.

mod other_settings;

use crate::{
    said::Words as _,
    scene::{NOT_FOUND, PORT, Scene},
};
use meter_core::Backend;
use meter_wire::{ErrorCode, Problem, RelayStatus, Request, TorState, TorTrouble, TorUse};
use onionmeter::{
    proxy_value::Reading,
    update::{Effect, Event, Intent, SINK_PORT, Timer},
    view::{Light, Name, Own},
};

fn applies(scene: &Scene) -> Vec<u16> {
    let apply = |effect: &Effect| match effect {
        Effect::ApplyProxy { port, .. } => Some(*port),
        _ => None,
    };
    scene.effects.iter().filter_map(apply).collect()
}

fn clears(scene: &Scene) -> usize {
    let clear = |effect: &&Effect| matches!(effect, Effect::ClearProxy { .. });
    scene.effects.iter().filter(clear).count()
}

fn asked_for(scene: &Scene, request: &Request) -> usize {
    let same = |effect: &&Effect| match effect {
        Effect::Send(_, envelope) => envelope.request == *request,
        _ => false,
    };
    scene.effects.iter().filter(same).count()
}

#[track_caller]
fn shows(scene: &Scene, light: Light, code: Option<ErrorCode>) {
    let view = scene.view();
    assert_eq!(view.header.state, light, "{:?}", view.header.sentence);
    assert_eq!(
        view.problem.map(|problem| problem.name),
        code.map(Name::Code)
    );
}

#[test]
fn the_port_is_the_one_that_the_host_told_and_never_assumed() {
    let mut scene = Scene::new(1);
    scene.silent = true;
    let scene = scene.started();
    assert!(applies(&scene).is_empty(), "nobody has told a port");
    let scene = Scene::new(1).started();
    assert_eq!(applies(&scene), [PORT]);
    shows(&scene, Light::Protected, None);
}

#[test]
fn a_port_that_changes_is_followed() {
    let mut scene = Scene::new(1).started();
    scene.status.relay = RelayStatus::Listening { port: 4_000 };
    scene.say_status();
    assert_eq!(applies(&scene), [PORT, 4_000]);
    assert_eq!(scene.state().route_port(), Some(4_000));
    shows(&scene, Light::Protected, None);
}

#[test]
fn the_browser_stays_shut_whatever_dies() {
    let mut scene = Scene::new(1).started();
    scene.tor(TorState::Failed(Problem::new(ErrorCode::TorCrashLoop)));
    shows(&scene, Light::Blocked, Some(ErrorCode::TorCrashLoop));
    scene.status.relay = RelayStatus::Failed(Problem::new(ErrorCode::PortTaken));
    scene.say_status();
    shows(&scene, Light::Blocked, Some(ErrorCode::PortTaken));
    scene.status.relay = RelayStatus::Stopped;
    scene.tor(TorState::Off);
    shows(&scene, Light::Blocked, None);
    scene.close(NOT_FOUND);
    shows(&scene, Light::Blocked, Some(ErrorCode::HostStopped));
    scene.wake();
    shows(&scene, Light::Blocked, Some(ErrorCode::HostNotInstalled));
    assert_eq!(scene.state().route_port(), Some(SINK_PORT));
    assert_eq!(clears(&scene), 0);
}

#[test]
fn a_tor_that_gets_nowhere_says_why_while_it_goes_on_trying() {
    let mut scene = Scene::new(1).started();
    let step = TorState::Bootstrapping {
        percent: 10,
        tag: "conn_done".to_owned(),
        summary: "Connected to a relay".to_owned(),
        warning: None,
    };
    scene.tor(step.clone());
    shows(&scene, Light::Connecting, None);
    scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::ShadowsocksUnreachable, 0));
    scene.tor(step);
    shows(
        &scene,
        Light::Connecting,
        Some(ErrorCode::ShadowsocksUnreachable),
    );
    scene.status.tor.trouble = None;
    scene.tor(TorState::Ready);
    shows(&scene, Light::Protected, None);
    assert_eq!(clears(&scene), 0);
}

#[test]
fn a_broken_connection_keeps_the_port_and_a_lost_relay_gives_it_up() {
    let mut scene = Scene::new(1).started();
    scene.close("Native host has exited.");
    assert_eq!(
        scene.state().route_port(),
        Some(PORT),
        "it may be back in a moment"
    );
    scene.happen(Event::Timer(Timer::Reconnect(1)));
    assert_eq!(
        applies(&scene),
        [PORT, SINK_PORT],
        "whoever opens the port now gets nothing"
    );
    assert_eq!(scene.state().route_port(), Some(SINK_PORT));
    shows(&scene, Light::Blocked, Some(ErrorCode::HostStopped));
    scene.wake();
    assert_eq!(
        scene.state().route_port(),
        Some(SINK_PORT),
        "also for the next worker"
    );
    scene.closed_because = None;
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(applies(&scene), [PORT, SINK_PORT, PORT]);
    shows(&scene, Light::Protected, None);
}

#[test]
fn a_relay_that_the_host_does_not_hold_is_no_place_to_send_anything() {
    for relay in [
        RelayStatus::Stopped,
        RelayStatus::Failed(Problem::new(ErrorCode::PortTaken)),
    ] {
        let mut scene = Scene::new(1).started();
        scene.status.relay = relay;
        scene.say_status();
        assert_eq!(applies(&scene), [PORT, SINK_PORT]);
        assert_eq!(scene.state().browser_port(), Some(SINK_PORT));
        assert_eq!(clears(&scene), 0);
    }
}

#[test]
fn before_a_port_was_ever_told_a_missing_host_blocks_nothing() {
    let mut scene = Scene::new(1);
    scene.closed_because = Some(NOT_FOUND);
    let scene = scene.started();
    assert!(applies(&scene).is_empty());
    shows(
        &scene,
        Light::Unprotected,
        Some(ErrorCode::HostNotInstalled),
    );
}

#[test]
fn turning_off_clears_and_stays_off_over_a_death() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Intent(Intent::TurnOff));
    shows(&scene, Light::Off, None);
    assert_eq!(scene.view().badge.text.en(), "off");
    assert_eq!(clears(&scene), 1);
    assert!(scene.effects.contains(&Effect::RestorePrivacy));
    assert_eq!(scene.state().route_port(), None);
    scene.wake();
    shows(&scene, Light::Off, None);
    assert_eq!(applies(&scene), [PORT], "not set again");
    scene.happen(Event::Intent(Intent::TurnOn));
    shows(&scene, Light::Protected, None);
    assert_eq!(applies(&scene), [PORT, PORT]);
}

#[test]
fn turning_off_is_finished_by_the_next_worker_if_this_one_dies() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Intent(Intent::TurnOff));
    // The order was lost: the browser still has our setting.
    scene.answer = Ok(Reading::Ours { port: PORT });
    scene.wake();
    assert_eq!(clears(&scene), 2);
    assert_eq!(scene.answer, Ok(Reading::Free));
}

#[test]
fn web_rtc_and_prefetching_are_restored_by_the_next_worker_if_this_one_dies_in_turning_off() {
    let restores = |scene: &Scene| {
        let restore = |effect: &&Effect| **effect == Effect::RestorePrivacy;
        scene.effects.iter().filter(restore).count()
    };
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(
        scene.answer,
        Ok(Reading::Free),
        "the proxy is cleared first"
    );
    scene.effects.clear();
    scene.wake();
    scene.happen(Event::Alarm);
    assert_eq!(restores(&scene), 1, "once for each worker");
    scene.happen(Event::Intent(Intent::TurnOn));
    scene.effects.clear();
    scene.wake();
    assert_eq!(restores(&scene), 0, "protection is on");
}

#[test]
fn a_setting_made_just_before_a_death_is_taken_up() {
    let mut scene = Scene::new(1);
    scene.answer = Ok(Reading::Ours { port: PORT });
    scene.closed_because = Some("Native host has exited.");
    let scene = scene.started();
    assert_eq!(scene.state().route_port(), Some(SINK_PORT));
    shows(&scene, Light::Blocked, Some(ErrorCode::HostStopped));
}

#[test]
fn a_request_past_tor_is_an_alarm_until_it_was_seen() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::ProxyError { fatal: true });
    shows(&scene, Light::Protected, None);
    scene.happen(Event::ProxyError { fatal: false });
    let alarm = |scene: &Scene| {
        let view = scene.view();
        assert_eq!(view.header.state, Light::Unprotected);
        let name = view.problem.map(|problem| problem.name);
        assert_eq!(name, Some(Name::Own(Own::Bypassed)));
    };
    alarm(&scene);
    scene.wake();
    alarm(&scene);
    scene.happen(Event::Intent(Intent::Dismiss));
    shows(&scene, Light::Protected, None);
}

#[test]
fn what_is_not_running_is_started_once_at_first_and_by_turning_on() {
    let mut scene = Scene::new(1);
    scene.status.relay = RelayStatus::Stopped;
    let mut scene = scene.started();
    assert_eq!(asked_for(&scene, &Request::MonitorStart), 1);
    shows(&scene, Light::Unprotected, None);
    scene.wake();
    scene.say_status();
    assert_eq!(
        asked_for(&scene, &Request::MonitorStart),
        1,
        "stopped on purpose"
    );
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.happen(Event::Intent(Intent::TurnOn));
    assert_eq!(asked_for(&scene, &Request::MonitorStart), 2);
}

fn use_tor(backend: Option<Backend>) -> Request {
    Request::TorUse(TorUse { backend })
}

#[test]
fn buttons_ask_the_host_for_what_they_say() {
    let mut scene = Scene::new(1).started();
    for (intent, request) in [
        (Intent::TorStart, Request::TorStart),
        (Intent::TorStop, Request::TorStop),
        (Intent::RelayStart, Request::MonitorStart),
        (Intent::TorAuto, use_tor(None)),
        (Intent::TorExisting, use_tor(Some(Backend::Existing))),
        (Intent::TorManaged, use_tor(Some(Backend::Managed))),
        (Intent::TorEmbedded, use_tor(Some(Backend::Embedded))),
    ] {
        scene.happen(Event::Intent(intent));
        assert_eq!(asked_for(&scene, &request), 1, "{intent:?}");
    }
    scene.happen(Event::Intent(Intent::OpenExtensions));
    assert!(scene.effects.contains(&Effect::OpenExtensions));
}

#[test]
fn what_is_to_outlive_the_worker_is_stored_before_the_proxy_is_touched() {
    let mut scene = Scene::new(1).started();
    scene.effects.clear();
    scene.happen(Event::Intent(Intent::TurnOff));
    let cleared = |effect: &Effect| matches!(effect, Effect::ClearProxy { .. });
    let cleared = scene.effects.iter().position(cleared).expect("cleared");
    let (before, stored) = scene.locals.last().expect("stored");
    assert!(*before <= cleared);
    assert!(stored.contains("\"protection_wanted\":false"));
}

#[test]
fn nothing_is_written_or_drawn_twice() {
    let mut scene = Scene::new(1).started();
    let seen = |scene: &Scene| {
        let written = scene.locals.len() + scene.sessions.len();
        let drawn = scene.badges.len() + scene.watches.len() + scene.draws.len();
        (scene.effects.len(), written, drawn)
    };
    let before = seen(&scene);
    for _ in 0..3 {
        scene.say_status();
    }
    assert_eq!(seen(&scene), before);
}
