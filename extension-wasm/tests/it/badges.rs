//! The badge never has more than four characters, in any state, and each of its tones can be read
//! and has an icon.

use crate::said::Words as _;
use crate::scene::{NOT_FOUND, Scene};
use meter_fixtures::colours::contrast;
use meter_wire::{ErrorCode, Problem, RelayStatus, TorState, TorTrouble, U64Text};
use onionmeter::proxy_value::Reading;
use onionmeter::update::{Effect, Event, Intent, Timer};
use onionmeter::view::{Badge, Tone};
use std::path::Path;

fn bootstrapping(percent: u8) -> TorState {
    TorState::Bootstrapping {
        percent,
        tag: "a_tag_of_tomorrow".to_owned(),
        summary: "A sentence of tomorrow".to_owned(),
        warning: None,
    }
}

fn badge(scene: &Scene) -> Badge {
    scene.extension.drawn().next_badge(scene.state())
}

#[track_caller]
fn check(text: &str, tone: Tone, act: impl FnOnce(&mut Scene)) {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    act(&mut scene);
    let badge = badge(&scene);
    assert_eq!((badge.text.en().as_str(), badge.tone), (text, tone));
    let title = badge.title.en();
    assert!(title.starts_with("Onionmeter: "), "{title}");
    assert!(title.ends_with("4.575 credits."), "{title}");
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
    assert_eq!(scene.watches, [false, true]);
    scene.tor(TorState::Off);
    scene.tor(TorState::Starting);
    assert_eq!(scene.watches, [false, true, false]);
    scene.tor(TorState::Ready);
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.watches, [false, true, false, true, false]);
}

#[test]
fn a_waking_worker_shows_the_last_badge_until_the_host_has_spoken() {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    let before = badge(&scene);
    scene.silent = true;
    scene.wake();
    assert_eq!(badge(&scene), before);
    scene.close("Native host has exited.");
    assert_eq!(badge(&scene).text.en(), "!");
}

#[test]
fn green_stays_through_a_wake_up_until_something_speaks_against_it() {
    let mut scene = Scene::new(1).started();
    scene.badges.clear();
    scene.wake();
    assert!(scene.badges.iter().all(|badge| badge.tone == Tone::Good));

    // The witness does not arrive.
    scene.arrives = false;
    scene.wake();
    assert_eq!(badge(&scene).tone, Tone::Busy, "nothing is confirmed");
    scene.arrives = true;
    scene.wake();
    assert_eq!(badge(&scene).tone, Tone::Good);

    // Nothing answers.
    scene.silent = true;
    scene.wake();
    assert_eq!(badge(&scene).tone, Tone::Good);
    scene.happen(Event::Timer(Timer::Awake));
    assert_eq!(badge(&scene).tone, Tone::Busy);
    scene.silent = false;
    scene.wake();
    assert_eq!(badge(&scene).tone, Tone::Good);

    let against: [fn(&mut Scene); 4] = [
        |scene| scene.status.tor.state = TorState::Off,
        |scene| scene.status.relay = RelayStatus::Listening { port: 4_000 },
        |scene| scene.status.problem = Some(Problem::new(ErrorCode::DiskFull)),
        |scene| scene.answer = Ok(Reading::OtherExtension),
    ];
    for (index, act) in against.into_iter().enumerate() {
        let mut scene = Scene::new(1).started();
        act(&mut scene);
        scene.wake();
        let green = badge(&scene).tone == Tone::Good;
        // After a change of the port it is set again, and then everything holds again.
        assert_eq!(green, index == 1, "{index}");
        let was = scene.badges.iter().rev().skip(1);
        assert!(index != 1 || was.take(8).any(|badge| badge.tone != Tone::Good));
    }
}

/// The flash, in a state where all is well, after one more session was signed.
fn flash_after(act: impl FnOnce(&mut Scene)) -> (Scene, Option<String>) {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    assert_eq!(badge(&scene).flash, None, "what was there is no news");
    act(&mut scene);
    scene.sign(1_800_000_100_000, 45_000, 50_000, 100_000);
    scene.count_reports();
    scene.say_status();
    let flash = badge(&scene).flash.map(|flash| flash.en());
    (scene, flash)
}

#[test]
fn what_a_session_brought_stands_beside_the_sum_for_a_moment() {
    let (mut scene, flash) = flash_after(|_| {});
    assert_eq!(flash.as_deref(), Some("+4.5"));
    assert_eq!(badge(&scene).text.en(), "9.2");
    let ends = Effect::After(Timer::Flash(1), 2_500);
    assert!(scene.effects.contains(&ends), "it can be read");
    // A timer of a flash before ends no later one.
    scene.happen(Event::Timer(Timer::Flash(0)));
    assert!(badge(&scene).flash.is_some());
    scene.happen(Event::Timer(Timer::Flash(1)));
    assert_eq!(badge(&scene).flash, None);
    scene.say_status();
    assert_eq!(badge(&scene).flash, None, "once");
}

#[test]
fn nothing_flashes_for_who_does_not_want_it_nor_in_place_of_a_warning() {
    for intent in [Intent::BadgeStays, Intent::BadgeNothing, Intent::TurnOff] {
        let (_, flash) = flash_after(|scene| scene.happen(Event::Intent(intent)));
        assert_eq!(flash, None, "{intent:?}");
    }
    let (_, flash) = flash_after(|scene| {
        scene.happen(Event::Intent(Intent::BadgeStays));
        scene.happen(Event::Intent(Intent::BadgeFlashes));
    });
    assert_eq!(flash.as_deref(), Some("+4.5"));
}

#[test]
fn every_tone_has_colours_that_can_be_read_and_an_icon() {
    let script = include_str!("../../js/badge.js");
    let table = script.split_once("const COLOURS = {").expect("a table").1;
    let table = table.split_once("};").expect("its end").0.trim();
    assert_eq!(table.lines().count(), Tone::ALL.len());
    for tone in Tone::ALL {
        let name = serde_json::to_value(tone).expect("a name");
        let name = name.as_str().expect("a name");
        let start = format!("{name}: [");
        let row = table.lines().find(|row| row.trim().starts_with(&start));
        let colours: Vec<_> = row.expect(name).split('"').skip(1).step_by(2).collect();
        let [background, letters] = colours.as_slice() else {
            panic!("{name}: {colours:?}")
        };
        let ratio = contrast(background, letters);
        assert!(ratio >= 4.5, "{name}: {ratio}");
        for size in [16, 32] {
            let icon = format!("icons/states/{name}-{size}.png");
            let icon = Path::new(env!("CARGO_MANIFEST_DIR")).join(icon);
            assert!(icon.is_file(), "{}", icon.display());
        }
    }
}
