//! A request that the host refused: the reason is shown until the host's status contradicts it.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::Backend;
use meter_wire::{ErrorCode, Problem, RelayStatus, TorState};
use onionmeter::update::{Event, Intent};
use onionmeter::view::{Light, Name};

fn refused(scene: &mut Scene, intent: Intent, code: ErrorCode) {
    scene.refusal = Some(Problem::new(code));
    scene.happen(Event::Intent(intent));
    assert_eq!(problem(scene), Some(Name::Code(code)));
}

fn problem(scene: &Scene) -> Option<Name> {
    scene.view().problem.map(|problem| problem.name)
}

#[test]
fn a_refused_start_is_over_when_tor_runs() {
    for code in [ErrorCode::TorNotRunning, ErrorCode::Busy] {
        let mut scene = Scene::new(1).started();
        scene.tor(TorState::Off);
        refused(&mut scene, Intent::TorStart, code);
        scene.say_status();
        assert_eq!(problem(&scene), Some(Name::Code(code)), "nothing changed");
        scene.tor(TorState::Ready);
        assert_eq!(problem(&scene), None);
        let view = scene.view();
        assert_eq!(view.header.state, Light::Protected);
        assert_ne!(view.badge.text.en(), "!");
    }
}

#[test]
fn a_refused_start_is_over_when_another_connection_tells_that_tor_runs() {
    let mut scene = Scene::new(1).started();
    scene.tor(TorState::Off);
    refused(&mut scene, Intent::TorStart, ErrorCode::TorNotRunning);
    scene.status.tor.state = TorState::Ready;
    scene.happen(Event::Alarm);
    scene.close("Native host has exited.");
    scene.closed_because = None;
    scene.happen(Event::Alarm);
    assert_eq!(problem(&scene), None);
}

#[test]
fn a_start_that_the_relay_refused_is_over_when_it_listens() {
    let mut scene = Scene::new(1).started();
    let relay = std::mem::replace(&mut scene.status.relay, RelayStatus::Stopped);
    scene.say_status();
    refused(&mut scene, Intent::TorStart, ErrorCode::RelayFailed);
    scene.status.relay = relay;
    scene.say_status();
    assert_eq!(problem(&scene), None);
}

#[test]
fn too_soon_is_over_after_its_time() {
    let mut scene = Scene::new(1).started();
    let code = ErrorCode::IdentityTooSoon;
    refused(&mut scene, Intent::NewIdentity, code);
    for left in [2, 1] {
        scene.status.new_identity_in_s = left;
        scene.say_status();
        assert_eq!(problem(&scene), Some(Name::Code(code)));
    }
    scene.status.new_identity_in_s = 0;
    scene.say_status();
    assert_eq!(problem(&scene), None);
}

/// The Tor in use says nothing about the one that was asked for.
#[test]
fn another_tor_that_was_refused_is_told_while_the_present_one_runs() {
    let mut scene = Scene::new(1).started();
    assert_eq!(scene.status.tor.backend, Some(Backend::Managed.into()));
    refused(&mut scene, Intent::TorExisting, ErrorCode::NotTor);
    for _ in 0..3 {
        scene.say_status();
    }
    assert_eq!(problem(&scene), Some(Name::Code(ErrorCode::NotTor)));
}
