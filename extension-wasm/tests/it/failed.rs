//! A page that did not load: the popup over it says why, and no popup over another page does.

use crate::scene::{FIRST, NOT_FOUND, Scene, closed};
use meter_wire::{TorReply, Unreached};
use onionmeter::update::{Effect, Event, Intent, NetError, Tab};
use onionmeter::view::FailedView;

const TAB: i32 = 7;

/// A popup over a page.
fn over() -> Scene {
    let mut scene = Scene::new(1);
    let url = "https://example.com/".to_owned();
    scene.tab = Some(Tab {
        id: TAB,
        url,
        private: false,
    });
    scene.started()
}

fn fails(scene: &mut Scene, tab: i32, error: NetError) {
    scene.happen(Event::PageFailed {
        tab,
        error,
        private: false,
    });
}

fn said(scene: &Scene) -> Option<FailedView> {
    scene.view().page
}

fn refuses(scene: &mut Scene, all: &[(TorReply, u64)]) {
    let all = all
        .iter()
        .map(|(reply, count)| Unreached::new(*reply, *count));
    scene.status.unreached = all.collect();
    scene.say_status();
}

fn last_mark(scene: &Scene) -> Option<(i32, bool)> {
    let mark = |effect: &Effect| match effect {
        Effect::MarkTab { tab, failed } => Some((*tab, *failed)),
        _ => None,
    };
    scene.effects.iter().rev().find_map(mark)
}

#[test]
fn the_reason_is_what_tor_refused_since_the_tab_began_to_load() {
    let (refused, gone) = (TorReply::ConnectionRefused, TorReply::HostUnreachable);
    for before in [true, false] {
        let mut scene = over();
        refuses(&mut scene, &[(gone, 3)]);
        scene.happen(Event::PageBegun { tab: TAB });
        if before {
            refuses(&mut scene, &[(refused, 1), (gone, 3)]);
        }
        fails(&mut scene, TAB, NetError::NoConnection);
        if !before {
            assert_eq!(said(&scene).expect("at once").name, None);
            refuses(&mut scene, &[(refused, 1), (gone, 3)]);
        }
        assert_eq!(said(&scene).expect("said").name, Some(refused), "{before}");
    }
}

#[test]
fn a_reason_that_may_be_of_another_page_is_not_claimed() {
    let mut scene = over();
    scene.happen(Event::PageBegun { tab: TAB });
    fails(&mut scene, TAB, NetError::NoConnection);
    let both = [
        (TorReply::ConnectionRefused, 1),
        (TorReply::HostUnreachable, 1),
    ];
    refuses(&mut scene, &both);
    let view = said(&scene).expect("said");
    assert!(view.name.is_none() && view.action.is_some());
    // A worker that was started meanwhile does not know what was refused before.
    let mut scene = over();
    refuses(&mut scene, &[(TorReply::ConnectionRefused, 1)]);
    fails(&mut scene, TAB, NetError::NoConnection);
    assert_eq!(said(&scene).expect("said").name, None);
}

#[test]
fn only_the_tab_that_failed_says_so_and_only_until_it_loads_another_page() {
    let mut scene = over();
    fails(&mut scene, TAB + 1, NetError::NoConnection);
    assert_eq!(said(&scene), None);
    assert_eq!(last_mark(&scene), Some((TAB + 1, true)));
    fails(&mut scene, TAB, NetError::NoConnection);
    assert!(said(&scene).is_some());
    let before = scene.effects.len();
    scene.happen(Event::PageSettled { tab: TAB });
    assert_eq!(last_mark(&scene), Some((TAB, true)), "the browser took it");
    assert!(scene.effects.len() > before);
    scene.happen(Event::PageBegun { tab: TAB });
    assert_eq!(said(&scene), None);
    assert_eq!(last_mark(&scene), Some((TAB, false)));
}

#[test]
fn a_page_that_is_shown_without_a_request_takes_the_mark_away() {
    let mut scene = over();
    scene.happen(Event::PageBegun { tab: TAB });
    fails(&mut scene, TAB, NetError::NoConnection);
    scene.happen(Event::TabLoading { tab: TAB });
    assert!(said(&scene).is_some(), "that is the browser's error");
    scene.happen(Event::PageSettled { tab: TAB });
    assert_eq!(last_mark(&scene), Some((TAB, true)));
    // Back, to a page that the browser kept.
    scene.happen(Event::TabLoading { tab: TAB });
    scene.happen(Event::PageSettled { tab: TAB });
    assert_eq!(
        (said(&scene), last_mark(&scene)),
        (None, Some((TAB, false)))
    );
}

#[test]
fn turning_protection_off_takes_every_mark_away() {
    let mut scene = over();
    fails(&mut scene, TAB, NetError::NoConnection);
    scene.happen(Event::PageSettled { tab: TAB });
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.happen(Event::PageSettled { tab: TAB });
    assert_eq!(
        (said(&scene), last_mark(&scene)),
        (None, Some((TAB, false)))
    );
}

#[test]
fn a_relay_that_is_gone_is_named_as_that() {
    let mut scene = over();
    scene.closed_because = Some(NOT_FOUND);
    scene.happen(closed(scene.connection, NOT_FOUND));
    fails(&mut scene, TAB, NetError::NoProxy);
    let view = said(&scene).expect("said");
    assert_eq!((view.name, view.action), (None, None));
}

#[test]
fn a_page_that_fails_without_protection_is_the_browsers_own_affair() {
    let mut scene = over();
    scene.happen(Event::Intent(Intent::TurnOff));
    fails(&mut scene, TAB, NetError::NoConnection);
    assert_eq!((said(&scene), last_mark(&scene)), (None, None));
}

#[test]
fn only_errors_in_which_a_proxy_has_a_part_count() {
    for (name, error) in [
        ("net::ERR_PROXY_CONNECTION_FAILED", Some(NetError::NoProxy)),
        ("NS_ERROR_PROXY_CONNECTION_REFUSED", Some(NetError::NoProxy)),
        (
            "net::ERR_SOCKS_CONNECTION_FAILED",
            Some(NetError::NoConnection),
        ),
        ("NS_ERROR_UNKNOWN_HOST", Some(NetError::NoConnection)),
        ("net::ERR_ABORTED", None),
        ("NS_BINDING_ABORTED", None),
        ("net::ERR_CERT_DATE_INVALID", None),
        ("", None),
    ] {
        assert_eq!(NetError::of(name, "example.com"), error, "{name}");
    }
}

#[test]
fn a_closed_server_of_this_computer_is_not_blamed_on_tor() {
    for host in ["localhost", "a.localhost", "127.0.0.1", "[::1]"] {
        let error = NetError::of("NS_ERROR_CONNECTION_REFUSED", host);
        assert_eq!(error, None, "{host}");
    }
}

/// Private windows alone are protected: a page of another window failed without the relay.
#[test]
fn a_page_that_fails_past_the_relay_is_the_browsers_own_affair() {
    for private in [false, true] {
        let mut scene = over();
        scene.tab = scene.tab.take().map(|tab| Tab { private, ..tab });
        scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
        scene.happen(Event::Subscribed(FIRST));
        let (tab, error) = (TAB, NetError::NoConnection);
        scene.happen(Event::PageBegun { tab });
        scene.happen(Event::PageFailed {
            tab,
            error,
            private,
        });
        assert_eq!(said(&scene).is_some(), private);
        assert_eq!(last_mark(&scene).is_some(), private);
    }
}
