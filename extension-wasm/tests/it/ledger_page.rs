//! Pages of the ledger that a person asks for in a terminal: only a browser that is set to Tor
//! opens them, and only those.

use crate::{ledger::Ledger, scene::Scene};
use meter_wire::{LedgerLogin, Notice, RelayStatus, Request};
use onionmeter::proxy_value::BrowserFamily;
use onionmeter::update::{Effect, Event, Intent, PrivateWindows, Timer};

const LINK: &str = "http://127.0.0.1:3443/login/000102030405060708090a0b0c0d0e0f";

/// A browser that is set to Tor, whose host is enrolled.
fn enrolled(family: BrowserFamily, change: impl Fn(&mut Scene)) -> Scene {
    let mut scene = Scene::new(1);
    scene.family = family;
    scene.capabilities.push("opens_pages".to_owned());
    drop(Ledger::enrol(&mut scene, 0));
    change(&mut scene);
    scene.started()
}

/// The host offers this link. Returns how often it was asked for, and what was opened.
fn offered(scene: &mut Scene, link: &str) -> (usize, Vec<(String, bool)>) {
    scene.effects.clear();
    scene.page = Some(LedgerLogin {
        link: link.to_owned(),
        words: "brave otter".to_owned(),
    });
    scene.notice(Notice::PageOffered);
    let asked = sent(scene, &Request::TakePage);
    let opened = scene.effects.iter().filter_map(|effect| match effect {
        Effect::OpenLink { url, in_private } => Some((url.clone(), *in_private)),
        _ => None,
    });
    (asked, opened.collect())
}

fn sent(scene: &Scene, request: &Request) -> usize {
    let requests = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, envelope) => Some(&envelope.request),
        _ => None,
    });
    requests.filter(|sent| *sent == request).count()
}

#[test]
fn a_host_is_told_that_pages_are_opened_only_if_it_knows_the_word() {
    let scene = enrolled(BrowserFamily::Chromium, |_| {});
    assert_eq!(sent(&scene, &Request::OpensPages), 1);
    let older = enrolled(BrowserFamily::Chromium, |scene| {
        scene.capabilities.retain(|name| name != "opens_pages");
    });
    assert_eq!(sent(&older, &Request::OpensPages), 0);
}

#[test]
fn a_browser_that_is_set_to_tor_opens_the_page() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = enrolled(family, |_| {});
        let opened = vec![(LINK.to_owned(), false)];
        assert_eq!(offered(&mut scene, LINK), (1, opened), "{family:?}");
    }
}

#[test]
fn where_only_private_windows_are_protected_it_opens_in_a_private_window() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = enrolled(family, |_| {});
        scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
        assert!(scene.state().is_protected());
        let opened = vec![(LINK.to_owned(), true)];
        assert_eq!(offered(&mut scene, LINK), (1, opened), "{family:?}");
        scene.private = PrivateWindows::NotAllowed;
        scene.happen(Event::ProxyChanged);
        scene.happen(Event::Timer(Timer::Ping(scene.connection)));
        assert_eq!(offered(&mut scene, LINK), (0, vec![]), "{family:?}");
    }
}

#[test]
fn a_browser_whose_pages_go_past_tor_does_not_even_take_the_link() {
    let off = |scene: &mut Scene| scene.happen(Event::Intent(Intent::TurnOff));
    let stopped = |scene: &mut Scene| {
        scene.status.relay = RelayStatus::Stopped;
        scene.say_status();
    };
    let astray = |scene: &mut Scene| scene.happen(Event::Astray);
    for spoil in [off, stopped, astray] {
        let mut scene = enrolled(BrowserFamily::Gecko, |_| {});
        spoil(&mut scene);
        assert_eq!(offered(&mut scene, LINK), (0, vec![]));
    }
}

#[test]
fn no_other_page_is_opened_whatever_the_host_names() {
    for other in [
        "http://127.0.0.1:3443/login/",
        "http://127.0.0.1:3443/login/0/../../sessions",
        "http://127.0.0.1:3443/login/0?next=http://evil.test",
        "http://127.0.0.1:3443/sessions",
        "http://127.0.0.1:34433/login/0",
        "http://127.0.0.1:3443@evil.test/login/0",
        "http://evil.test/login/0",
        "https://127.0.0.1:3443/login/0",
        "javascript:alert(1)",
        "",
    ] {
        let mut scene = enrolled(BrowserFamily::Chromium, |_| {});
        assert_eq!(offered(&mut scene, other), (1, vec![]), "{other}");
    }
    let mut nowhere = enrolled(BrowserFamily::Chromium, |scene| scene.status.ledger = None);
    assert_eq!(offered(&mut nowhere, LINK), (1, vec![]), "no ledger");
}

#[test]
fn pages_that_are_offered_again_and_again_are_opened_once_between_two_pings() {
    let mut scene = enrolled(BrowserFamily::Chromium, |_| {});
    let opened = |scene: &mut Scene| {
        let all: usize = (0..10).map(|_| offered(scene, LINK).1.len()).sum();
        all
    };
    assert_eq!(opened(&mut scene), 1);
    scene.happen(Event::Timer(Timer::Ping(scene.connection)));
    assert_eq!(opened(&mut scene), 1);
}
