//! The text about the floor below the extension, as the bridge reports it.

use crate::said::Words as _;
use crate::scene::NOT_FOUND;
use crate::scene::Scene;
use meter_wire::Notice;
use onionmeter::update::{Event, Intent, PrivateWindows};
use onionmeter::view::Light;

fn note(scene: &Scene) -> Option<Intent> {
    scene.view().note.map(|note| note.button.intent)
}

#[test]
fn a_missing_floor_is_told_once_and_again_after_a_start_with_one() {
    let mut scene = Scene::new(1).started();
    assert_eq!(note(&scene), None, "nobody can tell");
    scene.notice(Notice::Floor { present: false });
    let shown = scene.view().note.expect("a note");
    assert!(
        shown.text.en().contains("onionmeter open"),
        "{:?}",
        shown.text
    );
    assert_eq!(
        shown.text.en().matches(['.', '!', '?']).count(),
        1,
        "one sentence"
    );
    scene.happen(Event::Intent(shown.button.intent));
    assert_eq!(note(&scene), None);
    scene.wake();
    scene.notice(Notice::Floor { present: false });
    assert_eq!(note(&scene), None, "remembered over the worker's death");
    scene.notice(Notice::Floor { present: true });
    assert_eq!(note(&scene), None);
    scene.notice(Notice::Floor { present: false });
    assert_eq!(note(&scene), Some(Intent::FloorSeen));
}

#[test]
fn off_above_a_floor_is_blocked_and_says_how_to_browse_without_tor() {
    let mut scene = Scene::new(1).started();
    scene.notice(Notice::Floor { present: false });
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.view().header.state, Light::Off);
    assert_eq!(note(&scene), None, "off, everything goes direct anyway");
    scene.notice(Notice::Floor { present: true });
    let header = scene.view().header;
    assert_eq!(header.state, Light::Blocked);
    assert!(
        !header.sentence.en().contains("see your address"),
        "{}",
        header.sentence.en()
    );
    assert!(
        header.sentence.en().contains("as usual"),
        "{:?}",
        header.sentence
    );
}

/// The floor belongs to the browser: it does not end with the program or with a worker.
#[test]
fn the_floor_is_known_until_the_browser_ends() {
    let says = |scene: &Scene| {
        let header = scene.view().header;
        (header.state, header.sentence.en())
    };
    let mut scene = Scene::new(1).started();
    scene.notice(Notice::Floor { present: true });
    scene.happen(Event::Intent(Intent::TurnOff));
    let above = says(&scene);
    assert_eq!(above.0, Light::Blocked);
    scene.close("Native host has exited.");
    assert_eq!(says(&scene), above);
    scene.wake();
    assert_eq!(says(&scene), above);
}

#[test]
fn private_windows_stay_blocked_by_the_floor_when_the_program_is_gone() {
    let mut scene = Scene::new(1);
    scene.private = PrivateWindows::NotAllowed;
    let mut scene = scene.started();
    scene.notice(Notice::Floor { present: true });
    let note = scene.view().note;
    scene.close("Native host has exited.");
    assert_eq!(scene.view().note, note);
}

#[test]
fn no_site_is_said_to_see_the_address_above_a_floor() {
    let mut scene = Scene::new(1).started();
    scene.notice(Notice::Floor { present: true });
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.close(NOT_FOUND);
    scene.happen(Event::Intent(Intent::TurnOn));
    assert_eq!(scene.state().route_port(), None, "no port was named since");
    let header = scene.view().header;
    assert_eq!(header.state, Light::Blocked);
    assert!(!header.sentence.en().contains("see your address"));
}
