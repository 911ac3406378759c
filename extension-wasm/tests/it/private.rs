//! Private windows: green never promises more than is true.

use crate::scene::{FIRST, PORT, Scene};
use onionmeter::proxy_value::{Engine, Reading};
use onionmeter::update::{Effect, Event, Intent, PrivateWindows};
use onionmeter::view::Light;

fn with(engine: Engine, private: PrivateWindows) -> Scene {
    let mut scene = Scene::new(1);
    (scene.engine, scene.private) = (engine, private);
    scene.started()
}

/// Whether header, badge and note all say that private windows are not covered.
#[track_caller]
fn says_so(scene: &Scene) -> bool {
    let view = scene.view();
    assert_eq!(view.header.state, Light::Protected);
    let note = view.note.map_or("", |note| note.text);
    let said = [view.header.sentence.as_str(), &view.badge.title, note]
        .map(|text| text.to_lowercase().contains("private windows"));
    let [header, badge, line] = said;
    assert!(header == badge && badge == line, "{said:?}");
    header
}

#[test]
fn chromium_is_not_green_without_a_word_about_private_windows_that_go_past_tor() {
    let allowed = |reading| PrivateWindows::Allowed(reading);
    for (private, uncovered) in [
        (PrivateWindows::NotAllowed, true),
        (allowed(Reading::OtherExtension), true),
        (allowed(Reading::NotControllable), true),
        (allowed(Reading::Free), true),
        (allowed(Reading::Ours { port: PORT }), false),
    ] {
        let scene = with(Engine::Chromium, private);
        assert_eq!(says_so(&scene), uncovered, "{private:?}");
    }
}

#[test]
fn firefox_takes_its_settings_for_all_windows_or_for_none() {
    assert!(!says_so(&with(Engine::Gecko, PrivateWindows::NotAllowed)));
}

#[test]
fn the_word_comes_and_goes_with_the_switch() {
    let mut scene = with(Engine::Chromium, PrivateWindows::NotAllowed);
    assert!(says_so(&scene));
    let note = scene.view().note.expect("shown");
    scene.happen(Event::Intent(note.button.intent));
    assert!(scene.effects.contains(&Effect::OpenDetails));
    assert!(says_so(&scene), "seeing the switch changes nothing");
    scene.private = PrivateWindows::Allowed(Reading::Ours { port: PORT });
    scene.happen(Event::Subscribed(FIRST));
    assert!(!says_so(&scene));
    scene.private = PrivateWindows::NotAllowed;
    scene.wake();
    assert!(says_so(&scene));
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.view().note, None, "nothing is covered then");
}
