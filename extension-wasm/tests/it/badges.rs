//! Four characters, in every state.

use crate::scene::{NOT_FOUND, Scene};
use meter_wire::{ErrorCode, Problem, RelayStatus, TorState, TorTrouble, U64Text};
use onionmeter::proxy_value::Reading;
use onionmeter::update::{Effect, Event, Intent};
use onionmeter::view::{Tone, badge};

fn bootstrapping(percent: u8) -> TorState {
    TorState::Bootstrapping {
        percent,
        tag: "a_tag_of_tomorrow".to_owned(),
        summary: "A sentence of tomorrow".to_owned(),
        warning: None,
    }
}

#[track_caller]
fn check(text: &str, tone: Tone, act: impl FnOnce(&mut Scene)) {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    act(&mut scene);
    let badge = badge(&scene.state);
    assert_eq!((badge.text.as_str(), badge.tone), (text, tone));
    assert!(badge.title.starts_with("Onionmeter: "), "{}", badge.title);
    assert!(badge.title.ends_with("4.575 credits."), "{}", badge.title);
}

#[test]
fn every_state_has_its_badge() {
    check("4.6", Tone::Good, |_| {});
    for (percent, text) in [(0, "0%"), (45, "45%"), (100, "100%"), (255, "100%")] {
        check(text, Tone::Busy, |scene| scene.tor(bootstrapping(percent)));
    }
    check("4.6", Tone::Busy, |scene| scene.tor(TorState::Starting));
    check("!", Tone::Warning, |scene| scene.tor(TorState::Off));
    check("!", Tone::Warning, |scene| {
        scene.tor(TorState::Failed(Problem::new(ErrorCode::TorMissing)));
    });
    check("!", Tone::Warning, |scene| {
        scene.status.relay = RelayStatus::Failed(Problem::new(ErrorCode::PortTaken));
        scene.say_status();
    });
    check("!", Tone::Warning, |scene| {
        scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::ShadowsocksSilent, 0));
        scene.tor(bootstrapping(10));
    });
    check("!", Tone::Warning, |scene| scene.close(NOT_FOUND));
    check("!", Tone::Warning, |scene| {
        scene.status.balance = U64Text(1);
        scene.say_status();
    });
    check("!", Tone::Alarm, |scene| {
        scene.proxy_becomes(Reading::OtherExtension);
    });
    check("!", Tone::Alarm, |scene| {
        scene.happen(Event::ProxyError { fatal: false });
    });
    check("off", Tone::Off, |scene| {
        scene.happen(Event::Intent(Intent::TurnOff));
    });
    check("off", Tone::Off, |scene| {
        scene.happen(Event::Intent(Intent::TurnOff));
        scene.tor(bootstrapping(45));
        scene.close(NOT_FOUND);
    });
}

#[test]
fn only_a_green_badge_is_watched_closely() {
    let mut scene = Scene::new(1).started();
    let watches = |scene: &Scene| -> Vec<bool> {
        let watch = |effect: &Effect| match effect {
            Effect::Watch(watched) => Some(*watched),
            _ => None,
        };
        scene.effects.iter().filter_map(watch).collect()
    };
    assert_eq!(watches(&scene), [false, true]);
    scene.tor(TorState::Off);
    scene.tor(TorState::Starting);
    assert_eq!(watches(&scene), [false, true, false]);
    scene.tor(TorState::Ready);
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(watches(&scene), [false, true, false, true, false]);
}

#[test]
fn a_waking_worker_shows_the_last_badge_until_the_host_has_spoken() {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    let before = badge(&scene.state);
    scene.silent = true;
    scene.wake();
    assert_eq!(badge(&scene.state), before);
    scene.close("Native host has exited.");
    assert_eq!(badge(&scene.state).text, "!");
}
