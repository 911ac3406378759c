//! A host that breaks its side of the connection: silence, endless ends, ports that change.

use super::{is_bearable, silent};
use crate::scene::{PORT, Scene, closed};
use meter_wire::{ErrorCode, Notice, Problem, RelayStatus};
use onionmeter::{
    proxy_value::Reading,
    update::{Effect, Event, Intent, Timer},
    view::{Light, Name},
};

#[test]
fn a_host_that_leaves_all_questions_open_and_answers_pings_is_given_up() {
    let mut scene = Scene::new(1).started();
    scene.silent = true;
    for _ in 0..40 {
        scene.happen(Event::Intent(Intent::TorStop));
    }
    let connection = scene.connection;
    scene.happen(Event::Timer(Timer::Ping(connection)));
    assert!(scene.effects.contains(&Effect::Disconnect(connection)));
    let problem = scene.view().problem.expect("told");
    assert_eq!(problem.name, Name::Code(ErrorCode::HostSilent));
    is_bearable(&mut scene, "nothing");
}

#[test]
fn a_host_that_ends_a_thousand_times_is_called_twice_a_minute_at_most() {
    let mut scene = Scene::new(1).started();
    let port = scene.state().browser_port();
    assert_eq!(port, Some(PORT));
    for failures in 1..=1_000 {
        scene.happen(closed(scene.connection, "Native host has exited."));
        assert_ne!(scene.view().header.state, Light::Protected);
        scene.happen(Event::Timer(Timer::Reconnect(failures)));
    }
    let wait = |effect: &Effect| match effect {
        Effect::After(Timer::Reconnect(_), ms) => Some(*ms),
        _ => None,
    };
    let waits: Vec<_> = scene.effects.iter().filter_map(wait).collect();
    assert_eq!(waits.len(), 1_000);
    assert!(waits.iter().skip(7).all(|ms| *ms == 30_000));
    scene.happen(closed(scene.connection, "Native host has exited."));
    let problem = scene.view().problem.expect("told");
    assert_eq!(problem.name, Name::Code(ErrorCode::HostStopped));
    is_bearable(&mut scene, "nothing");
}

#[test]
fn a_relay_whose_port_changes_with_every_status_is_green_for_no_port_that_was_not_reached() {
    let mut scene = Scene::new(1).started();
    scene.arrives = false;
    for port in 20_000..20_100 {
        scene.status.relay = RelayStatus::Listening { port };
        scene.say_status();
        assert_ne!(scene.view().header.state, Light::Protected, "{port}");
        assert_eq!(
            scene.answer,
            Ok(Reading::Ours { port }),
            "the browser follows"
        );
    }
    is_bearable(&mut scene, "ports");
}

#[test]
fn a_host_that_says_what_is_wrong_instead_of_a_greeting_and_stays_is_called_again() {
    let mut scene = silent();
    let said = Problem::new(ErrorCode::DaemonUnreachable);
    scene.notice(Notice::Problem(said));
    let connection = scene.connection;
    scene.happen(Event::Timer(Timer::HelloDue(connection)));
    assert!(scene.effects.contains(&Effect::Disconnect(connection)));
    assert!(
        scene
            .effects
            .contains(&Effect::After(Timer::Reconnect(1), 250))
    );
    let problem = scene.view().problem.expect("what it said");
    assert_eq!(problem.name, Name::Code(ErrorCode::DaemonUnreachable));
    is_bearable(&mut scene, "a problem");
}
