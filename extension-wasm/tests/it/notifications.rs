//! Notifications of the browser: asked for, each once.

use crate::scene::Scene;
use meter_wire::{ErrorCode, Problem, TorState};
use onionmeter::update::{Event, Intent};

fn intend(scene: &mut Scene, intent: Intent) {
    scene.happen(Event::Intent(intent));
}

fn failed() -> TorState {
    TorState::Failed(Problem::new(ErrorCode::TorCrashLoop))
}

#[test]
fn trouble_of_tor_is_told_once_and_only_to_who_asked_for_it() {
    let mut scene = Scene::new(3).started();
    scene.tor(TorState::Ready);
    scene.tor(failed());
    assert_eq!(scene.notified, [] as [&str; 0], "nobody asked for it");
    intend(&mut scene, Intent::TellTrouble);
    scene.tor(TorState::Ready);
    scene.tor(failed());
    scene.tor(failed());
    scene.say_status();
    assert_eq!(scene.notified, ["trouble"], "once");
    scene.tor(TorState::Ready);
    scene.tor(TorState::Starting);
    assert_eq!(scene.notified.len(), 1, "a start is no trouble");
    intend(&mut scene, Intent::TurnOff);
    scene.tor(TorState::Ready);
    scene.tor(failed());
    assert_eq!(scene.notified.len(), 1, "nobody waits for pages");
}

#[test]
fn what_a_person_chose_survives_the_worker() {
    let mut scene = Scene::new(3).started();
    intend(&mut scene, Intent::BadgeSpeed);
    intend(&mut scene, Intent::TellCredited);
    scene.wake();
    let chosen = scene.extension.state().preferences;
    assert!(chosen.tells_credited && !chosen.tells_trouble);
    assert_eq!(chosen.badge, onionmeter::update::BadgeShows::Speed);
}
