//! Losing the host, and finding it again.

use crate::said::Words as _;
use crate::scene::{FIRST, NOT_FOUND, Scene, closed};
use meter_wire::{ErrorCode, HOST_NAME, Notice, Problem, RelayStatus, Request};
use onionmeter::update::{ConnectionId, Effect, Event, Intent, Timer};
use onionmeter::view::{Light, Name};

fn connects(scene: &Scene) -> usize {
    let connect = |effect: &&Effect| matches!(effect, Effect::Connect(_));
    scene.effects.iter().filter(connect).count()
}

fn waits(scene: &Scene) -> Vec<u32> {
    let wait = |effect: &Effect| match effect {
        Effect::After(Timer::Reconnect(_), ms) => Some(*ms),
        _ => None,
    };
    scene.effects.iter().filter_map(wait).collect()
}

/// Lets the pause before the last planned reconnection pass.
fn wait_over(scene: &mut Scene) {
    let due = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::After(timer @ Timer::Reconnect(_), _) => Some(*timer),
        _ => None,
    });
    scene.happen(Event::Timer(due.expect("a reconnection was asked for")));
}

#[track_caller]
fn shows(scene: &Scene, light: Light, code: ErrorCode, intent: Intent) {
    let view = scene.view();
    assert_eq!(view.header.state, light);
    assert_eq!(
        view.problem.map(|problem| problem.name),
        Some(Name::Code(code))
    );
    assert_eq!(view.action.map(|button| button.intent), Some(intent));
    assert_eq!(view.badge.text.en(), "!");
}

#[test]
fn a_program_that_ends_at_once_each_time_leads_to_the_doctor() {
    let mut scene = Scene::new(1).started();
    scene.close("Native host has exited.");
    assert_eq!(scene.view().problem.expect("shown").command, None);
    scene.happen(Event::Timer(Timer::Reconnect(1)));
    let problem = scene.view().problem.expect("still shown");
    assert_eq!(problem.name, Name::Code(ErrorCode::HostStopped));
    assert_eq!(problem.command, Some("onionmeter doctor"));
}

#[test]
fn the_first_words_on_a_connection_are_hello_with_notices() {
    let scene = Scene::new(1).started();
    let first = scene.effects.iter().find_map(|effect| match effect {
        Effect::Send(_, envelope) => Some(envelope.request.clone()),
        _ => None,
    });
    let Some(Request::Hello(hello)) = first else {
        panic!("{first:?}");
    };
    assert!(hello.notices);
    assert_eq!(hello.client.version, "0.1.0");
    assert_eq!(HOST_NAME, "org.onionmeter.host");
}

#[test]
fn a_missing_host_is_looked_for_by_alarm_and_popup_only() {
    let mut scene = Scene::new(1);
    scene.closed_because = Some(NOT_FOUND);
    let mut scene = scene.started();
    let intent = Intent::Reconnect;
    shows(
        &scene,
        Light::Unprotected,
        ErrorCode::HostNotInstalled,
        intent,
    );
    let problem = scene.view().problem.expect("there is one");
    assert_eq!(problem.command, Some("onionmeter install"));
    assert!(
        waits(&scene).is_empty(),
        "no timer for a host that is not there"
    );
    let before = connects(&scene);
    scene.happen(Event::Alarm);
    scene.happen(Event::Subscribed(FIRST));
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(connects(&scene), before + 3);
}

#[test]
fn a_host_that_appears_leads_to_protection() {
    let mut scene = Scene::new(1);
    scene.closed_because = Some(NOT_FOUND);
    let mut scene = scene.started();
    scene.closed_because = None;
    scene.happen(Event::Alarm);
    assert_eq!(scene.view().header.state, Light::Protected);
    assert_eq!(scene.view().problem, None);
}

#[test]
fn a_forbidden_extension_is_told_to_register_again() {
    let mut scene = Scene::new(1);
    scene.closed_because = Some("Access to the specified native messaging host is forbidden.");
    let scene = scene.started();
    let intent = Intent::Reconnect;
    shows(&scene, Light::Unprotected, ErrorCode::HostForbidden, intent);
}

#[test]
fn a_stopped_host_is_called_again_ever_more_slowly() {
    let mut scene = Scene::new(1).started();
    scene.close("Native host has exited.");
    shows(
        &scene,
        Light::Blocked,
        ErrorCode::HostStopped,
        Intent::Reconnect,
    );
    for _ in 0..9 {
        wait_over(&mut scene);
    }
    assert_eq!(
        waits(&scene),
        [
            250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000
        ]
    );
    scene.closed_because = None;
    wait_over(&mut scene);
    assert_eq!(scene.view().header.state, Light::Protected);
}

#[test]
fn a_stopped_host_that_never_protected_does_not_claim_to_block() {
    let mut scene = Scene::new(1);
    scene.closed_because = Some("Failed to start native messaging host.");
    let scene = scene.started();
    shows(
        &scene,
        Light::Unprotected,
        ErrorCode::HostStopped,
        Intent::Reconnect,
    );
    let problem = scene.view().problem.expect("there is one");
    assert!(
        !problem.sentence.en().contains("blocked"),
        "{}",
        problem.sentence.en()
    );
}

#[test]
fn one_attempt_at_a_time() {
    let mut scene = Scene::new(1).started();
    scene.close("Native host has exited.");
    scene.closed_because = None;
    scene.silent = true;
    scene.happen(Event::Alarm);
    let before = connects(&scene);
    wait_over(&mut scene);
    scene.happen(Event::Alarm);
    scene.happen(Event::Subscribed(FIRST));
    assert_eq!(connects(&scene), before, "one is under way");
}

#[test]
fn a_host_that_never_answers_is_given_up() {
    let mut scene = Scene::new(1);
    scene.silent = true;
    let mut scene = scene.started();
    assert_eq!(scene.view().header.state, Light::Connecting);
    scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
    assert!(
        scene
            .effects
            .contains(&Effect::Disconnect(scene.connection))
    );
    shows(
        &scene,
        Light::Unprotected,
        ErrorCode::HostSilent,
        Intent::Reconnect,
    );
}

#[test]
fn a_host_that_stops_answering_pings_is_given_up() {
    let mut scene = Scene::new(1).started();
    let ping = Event::Timer(Timer::Ping(scene.connection));
    scene.happen(ping.clone());
    scene.happen(ping.clone());
    assert_eq!(scene.view().header.state, Light::Protected);
    scene.silent = true;
    scene.happen(ping.clone());
    assert_eq!(scene.view().header.state, Light::Protected);
    scene.closed_because = Some("Native host has exited.");
    scene.happen(ping);
    assert_eq!(scene.view().header.state, Light::Blocked);
}

#[test]
fn the_bridges_own_words_win_over_the_browsers() {
    let mut scene = Scene::new(1).started();
    let problem = Problem::with_detail(ErrorCode::DaemonUnreachable, "no space left");
    scene.notice(Notice::Problem(problem));
    shows(
        &scene,
        Light::Blocked,
        ErrorCode::DaemonUnreachable,
        Intent::Reconnect,
    );
    scene.close("Native host has exited.");
    shows(
        &scene,
        Light::Blocked,
        ErrorCode::DaemonUnreachable,
        Intent::Reconnect,
    );
    assert_eq!(waits(&scene), [250], "it may be back in a moment");
    let detail = scene.view().problem.and_then(|problem| problem.detail);
    let detail = detail.map(|detail| detail.en());
    assert_eq!(detail.as_deref(), Some("no space left"));
}

#[test]
fn what_an_old_connection_still_says_is_not_believed() {
    let mut scene = Scene::new(1).started();
    let old = scene.connection;
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_ne!(scene.connection, old);
    scene.happen(closed(old, "Native host has exited."));
    assert_eq!(scene.view().header.state, Light::Protected);
    let json = r#"{"notice":{"problem":{"code":"internal","message":"x"}}}"#.to_owned();
    scene.happen(Event::Frame {
        connection: old,
        json,
    });
    assert_eq!(scene.view().problem, None);
    scene.happen(Event::Timer(Timer::HelloDue(old)));
    scene.happen(Event::Timer(Timer::Ping(old)));
    scene.happen(Event::Timer(Timer::Reconnect(0)));
    assert_eq!(scene.view().header.state, Light::Protected);
}

#[test]
fn what_is_no_message_of_this_version_changes_nothing() {
    let mut scene = Scene::new(1).started();
    let before = scene.view();
    for json in [
        "null",
        "{}",
        "[]",
        r#"{"reply":{"id":1}}"#,
        r#"{"reply":{"id":4294967295,"ok":"done"}}"#,
        r#"{"reply":{"id":null,"error":{"code":"internal","message":"x"}}}"#,
        r#"{"notice":{"moonrise":{}}}"#,
        r#"{"notice":{"session_closed":{"report":{"body":"00","signature":"00"}}}}"#,
    ] {
        let (connection, json) = (scene.connection, json.to_owned());
        scene.happen(Event::Frame { connection, json });
    }
    assert_eq!(scene.view(), before);
    scene.happen(Event::Frame {
        connection: ConnectionId(77),
        json: String::new(),
    });
    assert_eq!(scene.view(), before);
}

#[test]
fn a_host_of_another_protocol_is_not_called_in_a_loop() {
    let mut scene = Scene::new(1);
    scene.silent = true;
    let mut scene = scene.started();
    let json = r#"{"reply":{"id":1,"error":{"code":"unsupported_protocol","message":"x"}}}"#;
    let (connection, json) = (scene.connection, json.to_owned());
    scene.happen(Event::Frame { connection, json });
    let intent = Intent::Reconnect;
    shows(
        &scene,
        Light::Unprotected,
        ErrorCode::UnsupportedProtocol,
        intent,
    );
    assert!(waits(&scene).is_empty());
    assert!(scene.effects.contains(&Effect::Disconnect(connection)));
}

#[test]
fn a_daemon_whose_key_is_repaired_while_it_runs_is_greeted_again() {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let healthy = scene.status.clone();
    scene.status.problem = Some(Problem::new(ErrorCode::KeyRefused));
    scene.status.relay = RelayStatus::Stopped;
    let mut scene = scene.started();
    shows(
        &scene,
        Light::Unprotected,
        ErrorCode::KeyRefused,
        Intent::RelayStart,
    );
    assert_eq!(scene.state().reports.sequence(), 0);
    scene.status = healthy;
    scene.say_status();
    assert_eq!(scene.view().header.state, Light::Protected);
    assert_eq!(scene.state().reports.sequence(), 1);
}

#[test]
fn a_start_that_finds_nobody_is_asked_for_as_soon_as_somebody_is_there() {
    let mut scene = Scene::new(1).started();
    scene.notice(Notice::Problem(Problem::new(ErrorCode::HomeUnusable)));
    scene.close("Native host has exited.");
    shows(
        &scene,
        Light::Blocked,
        ErrorCode::HomeUnusable,
        Intent::RelayStart,
    );
    scene.closed_because = None;
    scene.status.relay = RelayStatus::Stopped;
    scene.happen(Event::Intent(Intent::RelayStart));
    let asked = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => envelope.request == Request::MonitorStart,
        _ => false,
    };
    assert!(scene.effects.iter().any(asked));
}
