//! The floor below the extension, as the bridge reports it: what is said of it, and that nothing
//! goes past it.

use crate::said::Words as _;
use crate::scene::{NOT_FOUND, PORT, Scene};
use meter_wire::{Notice, TorState};
use onionmeter::drawn::PageView;
use onionmeter::proxy_value::{Asking, BrowserFamily, ProxyRefusal, Route, route};
use onionmeter::update::{Event, Intent, PrivateWindows, Shows, SubscriberId, Windows};
use onionmeter::view::{Light, WindowsView};

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

/// Private windows alone were chosen, and then the browser was started with a floor.
fn private_only_above_a_floor(family: BrowserFamily) -> Scene {
    let mut scene = Scene::new(1);
    scene.family = family;
    let mut scene = scene.started();
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    scene.wake();
    scene.notice(Notice::Floor { present: true });
    assert_eq!(scene.state().windows, Windows::PrivateOnly, "kept");
    scene
}

fn choice(scene: &mut Scene) -> WindowsView {
    let (page, shows) = (SubscriberId(7), Shows::Options);
    scene.happen(Event::Opened { page, shows });
    match scene.pages.last() {
        Some((PageView::Options(view), _)) => view.windows,
        _ => panic!("another page"),
    }
}

#[test]
fn private_windows_alone_cannot_be_chosen_above_a_floor() {
    let mut scene = Scene::new(1).started();
    assert!(choice(&mut scene).private_only.is_some());
    scene.notice(Notice::Floor { present: true });
    let offered = choice(&mut scene);
    assert_eq!(offered.private_only, None);
    assert!(offered.says.en().contains("opened by Onionmeter"));
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    assert_eq!(scene.state().windows, Windows::All);
}

#[test]
fn firefox_sends_no_request_directly_above_a_floor() {
    let way = |scene: &Scene| {
        let state = scene.state();
        let (host, private) = ("example.com", false);
        let asking = Asking { host, private };
        route(state.route_port(), state.routed_windows(), asking)
    };
    let mut scene = private_only_above_a_floor(BrowserFamily::Gecko);
    assert_eq!(way(&scene), Route::Relay { port: PORT });
    scene.wake();
    assert_eq!(
        way(&scene),
        Route::Relay { port: PORT },
        "before it is told"
    );
    scene.notice(Notice::Floor { present: false });
    assert_eq!(way(&scene), Route::Direct, "as the person chose");
}

#[test]
fn no_window_is_said_to_go_out_directly_above_a_floor() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = private_only_above_a_floor(family);
        let says = |scene: &mut Scene| {
            let view = scene.view();
            let says = [view.header.sentence.en(), view.badge.title.en()];
            let options = choice(scene).says.en();
            for sentence in says.iter().chain([&options]) {
                assert!(!sentence.contains("direct"), "{sentence}");
                assert!(!sentence.contains("see your address"), "{sentence}");
            }
        };
        says(&mut scene);
        for state in [TorState::Starting, TorState::Off] {
            scene.tor(state);
            says(&mut scene);
        }
    }
}

#[test]
fn private_windows_that_are_not_allowed_load_nothing_above_a_floor() {
    let mut scene = private_only_above_a_floor(BrowserFamily::Chromium);
    scene.answer = Err(ProxyRefusal::PrivateWindows);
    scene.private = PrivateWindows::NotAllowed;
    scene.wake();
    let view = scene.view();
    assert_eq!(view.header.state, Light::Blocked);
    let problem = view.problem.expect("said").sentence.en();
    assert!(problem.contains("load nothing"), "{problem}");
}
